import type { Authority } from "../../model/access";
import { FormatError } from "../../protocol/format-error";
import { parameterFailure } from "../../protocol/failure";
import { parseProperties } from "../../protocol/parameter-check";
import type { Parameters, ParameterSchema, ParameterTable } from "../../protocol/parameters";
import { shellQuote } from "../shell-quote";
import { checkNotesTemplate } from "./notes";

const flag: ParameterSchema = { type: "boolean", optional: true };
const text: ParameterSchema = { type: "string", optional: true };
const count: ParameterSchema = { type: "integer", optional: true, minimum: 0 };

/** Options of a backup run (PVE::VZDump::Common, $confdesc); backup jobs have the same. */
export const VZDUMP_OPTIONS: ParameterTable = {
  vmid: { ...text, format: "pve-vmid-list" },
  node: { ...text, format: "pve-node" },
  all: flag,
  exclude: { ...text, format: "pve-vmid-list" },
  pool: text,
  stdexcludes: flag,
  compress: { ...text, enum: ["0", "1", "gzip", "lzo", "zstd"] },
  pigz: { type: "integer", optional: true },
  zstd: { type: "integer", optional: true },
  quiet: flag,
  mode: { ...text, enum: ["snapshot", "suspend", "stop"] },
  "exclude-path": { type: "array", optional: true, items: { type: "string" } },
  mailto: { ...text, format: "email-or-username-list" },
  mailnotification: { ...text, enum: ["always", "failure"] },
  "notification-mode": { ...text, enum: ["auto", "legacy-sendmail", "notification-system"] },
  tmpdir: text,
  dumpdir: text,
  script: text,
  storage: { ...text, format: "pve-storage-id" },
  stop: flag,
  bwlimit: count,
  ionice: { ...count, maximum: 8 },
  performance: { ...text, format: "backup-performance" },
  fleecing: { ...text, format: "backup-fleecing" },
  lockwait: count,
  stopwait: count,
  "prune-backups": { ...text, format: "prune-backups" },
  remove: flag,
  "notes-template": { ...text, maxLength: 1024, requires: "storage" },
  protected: { ...flag, requires: "storage" },
  "pbs-change-detection-mode": { ...text, enum: ["legacy", "data", "metadata"] },
};

/** The storage that a run writes to; undefined for one into a folder (PVE::VZDump::get_storage_param). */
export function storageOf(parameters: Parameters): string | undefined {
  if (parameters.has("dumpdir")) return undefined;
  return parameters.text("storage") ?? "local";
}

/** @throws for options that only root may set, or that need rights which the caller lacks */
export function checkOptionRights(authority: Authority, parameters: Parameters): void {
  if (authority.isRoot) return;
  checkRestrictedOptions(authority, parameters);
  checkFleecingRight(authority, parameters);
  const storage = storageOf(parameters);
  if (parameters.has("prune-backups") && storage !== undefined) {
    authority.check(`/storage/${storage}`, "Datastore.Allocate");
  }
}

/** Options that only root may set (or take out of a job), and those that cost the node. */
export function checkRestrictedOptions(authority: Authority, parameters: Parameters): void {
  if (authority.isRoot) return;
  for (const name of ["tmpdir", "dumpdir", "script", "job-id"]) {
    if (parameters.has(name)) throw parameterFailure({ [name]: "Only root may set this option." });
  }
  if (["bwlimit", "ionice", "performance"].some((name) => parameters.has(name))) authority.check("/", "Sys.Modify");
}

export function checkFleecingRight(authority: Authority, parameters: Parameters): void {
  const fleecing = parameters.text("fleecing");
  const fleecingStorage = fleecing === undefined ? undefined : properties("backup-fleecing", fleecing).get("storage");
  if (fleecingStorage !== undefined) authority.check(`/storage/${fleecingStorage}`, "Datastore.AllocateSpace");
}

/**
 * @param isComplete these are all options of the run, so that a missing selection is a mistake
 * @throws for selections that contradict each other or are missing (PVE::VZDump::verify_vzdump_parameters)
 */
export function checkSelection(parameters: Parameters, isComplete = true): void {
  const given = (name: string): boolean => !["", "0", undefined].includes(parameters.text(name));
  for (const name of ["all", "exclude", "pool"]) {
    if (given(name) && given("vmid")) throw parameterFailure({ [name]: "option conflicts with option 'vmid'" });
  }
  const template = parameters.text("notes-template");
  if (template !== undefined && template !== "") checkTemplate(template);
  const selected = ["all", "stop", "pool", "vmid", "exclude"].some((name) => given(name));
  if (isComplete && !selected) throw parameterFailure({ vmid: "property is missing" });
}

function checkTemplate(template: string): void {
  try {
    checkNotesTemplate(template);
  } catch (failure) {
    throw parameterFailure({ "notes-template": `${failure instanceof Error ? failure.message : String(failure)}\n` });
  }
}

/** Whether a run takes all guests: `exclude` means all others. */
export function takesAll(parameters: Parameters): boolean {
  return parameters.flag("all") === true || (parameters.has("exclude") && !parameters.has("pool"));
}

/** Options that are property strings, with the format that says how Proxmox prints them. */
const PROPERTY_STRINGS = new Map([
  ["prune-backups", "prune-backups"],
  ["fleecing", "backup-fleecing"],
  ["performance", "backup-performance"],
]);

/** The run as a command, which the log begins with. The order of options is random in Proxmox. */
export function commandOf(parameters: Parameters): string {
  const words = ["vzdump", ...parameters.list("vmid")];
  for (const name of parameters.values.keys()) {
    if (["vmid", "id", "starttime", "dow", "stdout", "enabled", "job-id"].includes(name)) continue;
    if (name === "exclude-path") {
      for (const path of parameters.array(name) ?? []) words.push(`--${name} ${shellQuote(path)}`);
      continue;
    }
    const value = printed(name, parameters);
    if (value !== "") words.push(`--${name} ${shellQuote(value)}`);
  }
  if (!parameters.has("all") && takesAll(parameters)) words.push("--all 1");
  return words.join(" ");
}

function printed(name: string, parameters: Parameters): string {
  if (name === "mailto") return parameters.list(name).join(",");
  const format = PROPERTY_STRINGS.get(name);
  const value = parameters.text(name) ?? "";
  if (format === undefined || value === "") return value;
  return [...properties(format, value)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, part]) => (format === "backup-fleecing" && key === "enabled" ? part : `${key}=${part}`))
    .join(",");
}

function properties(format: string, value: string): ReadonlyMap<string, string> {
  try {
    return parseProperties(format, value, format);
  } catch (failure) {
    if (failure instanceof FormatError) throw parameterFailure({ [format]: `invalid format - ${failure.message}\n` });
    throw failure;
  }
}
