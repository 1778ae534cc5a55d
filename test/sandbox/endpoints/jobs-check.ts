/** Rules over the options of a backup run that no parameter table can say (PVE::VZDump, PVE::API2::Backup). */
import type { Authority } from "../model/access";
import { parameterFailure } from "../server/failure";
import { parseProperties } from "../server/parameter-check";

/** Options of a run or a job by name, as text; lists joined by commas. */
export type RunOptions = Readonly<Record<string, string | undefined>>;

/** Options that only root@pam with a ticket may use. */
const ROOT_OPTIONS = ["tmpdir", "dumpdir", "script", "job-id"];

/** Options that cost the node, and need `Sys.Modify` on `/`. */
const COSTLY_OPTIONS = ["bwlimit", "ionice", "performance"];

/** @param isDelete the options are taken away, not set */
export function checkOptionRights(authority: Authority, options: RunOptions, isDelete: boolean): void {
  if (authority.isRoot) return;
  const forRoot = ROOT_OPTIONS.find((option) => options[option] !== undefined);
  if (forRoot !== undefined) throw parameterFailure({ [forRoot]: "Only root may set this option." });
  if (COSTLY_OPTIONS.some((option) => options[option] !== undefined)) authority.check("/", "Sys.Modify");
  if (options.fleecing === undefined || isDelete) return;
  const storage = parseProperties("backup-fleecing", options.fleecing, "fleecing").get("storage");
  if (storage !== undefined) authority.check(`/storage/${storage}`, "Datastore.AllocateSpace");
}

/**
 * Checks that the selection of guests is one, and the notes template.
 *
 * @param isComplete these are all options, so that a missing selection is a mistake
 */
export function checkRunOptions(options: RunOptions, isComplete: boolean): void {
  const others = [isOn(options.all) ? "all" : "", options.exclude ? "exclude" : "", options.pool ? "pool" : ""];
  const conflict = others.find((name) => name !== "");
  if (conflict !== undefined && options.vmid) {
    throw parameterFailure({ [conflict]: "option conflicts with option 'vmid'" });
  }
  const problem = notesTemplateProblem(options["notes-template"] ?? "");
  if (problem !== undefined) throw parameterFailure({ "notes-template": `${problem}\n` });
  const selects = isOn(options.all) || options.exclude !== undefined || isOn(options.stop) || options.pool;
  if (isComplete && !selects && !options.vmid) throw parameterFailure({ vmid: "property is missing" });
}

export function isOn(text: string | undefined): boolean {
  return text === "1";
}

function notesTemplateProblem(template: string): string | undefined {
  if (template.includes("\n")) return "contains a line feed";
  const escapes = [...template.matchAll(/\\(.)/g)]
    .filter(([, character]) => character !== "n" && character !== "\\")
    .map((match) => `escape sequence '\\${match[1] ?? ""}' at char ${String(match.index)}`);
  const variables = [...template.matchAll(/\{\{([^\s{}]+)\}\}/g)]
    .filter(([, name]) => !["cluster", "guestname", "node", "vmid"].includes(name ?? ""))
    .map((match) => `variable '${match[1] ?? ""}' at char ${String(match.index + 4)}`);
  const found = [...escapes, ...variables];
  return found.length === 0 ? undefined : `found unknown: ${found.join(", ")}`;
}
