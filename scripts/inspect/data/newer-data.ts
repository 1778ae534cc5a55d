import { parseDumpName } from "../../../site/data/dump-name";
import { shellQuote } from "../../machine/shell-quote";
import type { CommandContext } from "../../project/context";
import type { Site } from "../../project/site";
import type { Finding } from "../../recovery/engine/step";
import { formatDuration, formatMoment } from "../../terminal/durations";
import { type CopiedSource, readCopies } from "./read-copies";
import { type DeclaredSource, declaredSources, type SeenSource } from "./read-source";
import { readSources } from "./read-sources";

/** A guest as an archive has brought it back. */
export interface GuestAsOf {
  /** `prod/web`. */
  readonly guest: string;
  /** When the archive was begun, unix seconds. */
  readonly time: number;
}

/**
 * Sources of data of which something newer is left than the archives that their guests came back from, each with the command that brings
 * it back: a dump in the guest, a copy of one elsewhere, or WAL. What could not be looked at is told as well, and is not "nothing newer".
 */
export async function newerData(site: Site, guests: readonly GuestAsOf[], context: CommandContext): Promise<Finding[]> {
  const found = guests.flatMap(({ guest: selector, time }) => {
    const { environment, guest } = site.findGuest(selector);
    return declaredSources(environment, [guest]).map((declared) => ({ declared, selector, time }));
  });
  const inGuests = await readSources(
    found.map(({ declared }) => declared),
    context,
  );
  const findings: Finding[] = [];
  for (const [index, { declared, selector, time }] of found.entries()) {
    const isCopied = declared.environment.settings.offsite !== undefined;
    const copies = isCopied ? await readCopies(declared, context.signal) : undefined;
    findings.push(...newerOf({ source: declared.source, selector, time, inGuest: inGuests[index], copies }));
  }
  return findings;
}

/** A source, what its guest came back from, and what is left of it. */
export interface SourceLook {
  readonly source: Pick<DeclaredSource["source"], "name" | "kind">;
  readonly selector: string;
  readonly time: number;
  readonly inGuest: SeenSource | undefined;
  readonly copies: CopiedSource | undefined;
}

/** What is to be told of one source. */
export function newerOf(look: SourceLook): Finding[] {
  const { source, selector, time, inGuest, copies } = look;
  const what = `${selector}: data of ${source.name}`;
  const findings: Finding[] = [...newestDump(look, what), ...writeAhead(look, what)];
  if (inGuest?.unseen !== null && inGuest !== undefined) {
    const text = `${what}: whether the guest has something newer than its archive could not be seen: ${inGuest.unseen}`;
    findings.push({ severity: "problem", text, mend: `lifeboat data ${selector}` });
  }
  if (copies?.unseen !== null && copies !== undefined) {
    const text = `${what}: whether a newer copy lies elsewhere could not be seen: ${copies.unseen}`;
    findings.push({ severity: "problem", text, mend: `lifeboat data ${selector} --from offsite` });
  }
  // A copy whose name tells no time may be newer, too.
  const [broken] = (copies?.damaged ?? []).filter(({ dump }) => (parseDumpName(dump)?.time ?? Infinity) > time);
  if (broken !== undefined) {
    const text = `${what}: nothing can be restored from its copy ${broken.dump}: ${broken.why}`;
    findings.push({ severity: "problem", text, mend: `lifeboat data ${selector} --from offsite` });
  }
  return findings;
}

/** The newest dump that is left, where it is newer than the archive. */
function newestDump({ source, selector, time, inGuest, copies }: SourceLook, what: string): Finding[] {
  const places = [
    ...(inGuest?.dumps ?? []).map((dump) => ({ dump, isElsewhere: false })),
    ...(copies?.dumps ?? []).map((dump) => ({ dump, isElsewhere: true })),
  ];
  const [newest] = places.filter(({ dump }) => dump.time > time).toSorted((a, b) => b.dump.time - a.dump.time);
  if (newest === undefined) return [];
  const { dump, isElsewhere } = newest;
  const where = isElsewhere ? ` (${copies?.bucket ?? "elsewhere"})` : "";
  const sealed = dump.encrypted ? "; it is encrypted, and asks for the age identity" : "";
  const text = `${what} are as old as its archive, of ${formatMoment(time * 1_000)}; the dump ${dump.dump}${where} is newer by ${formatDuration(dump.time - time)}${sealed}`;
  const from = ["--dump", dump.dump, ...(isElsewhere ? ["--from", "offsite"] : [])];
  const lines = commandsFor(source, selector, dump.items).map((words) =>
    ["lifeboat", ...words, ...from].map((word) => shellQuote(word)).join(" "),
  );
  const list = `lifeboat data ${selector}${isElsewhere ? " --from offsite" : ""}`;
  return [{ severity: "problem", text, mend: lines.length === 0 ? list : lines.join("; ") }];
}

/** Words that restore what a dump has; none for what no command loads. */
function commandsFor(
  { name, kind }: SourceLook["source"],
  selector: string,
  items: SeenSource["dumps"][number]["items"],
): string[][] {
  if (kind === "files") return [["restore", "files", selector, name]];
  if (kind === "command") return [];
  return items
    .filter(({ type }) => type === "database")
    .map((item) => ["restore", "database", selector, item.name, "--source", name]);
}

/** WAL that was archived after the guest's archive was made. Whether the cluster that is there now has written it, nobody can tell from outside. */
function writeAhead({ source, selector, time, inGuest }: SourceLook, what: string): Finding[] {
  const archive = inGuest?.pointInTime;
  if (archive === undefined || archive === null || inGuest?.unseen !== null) return [];
  if (archive.unseen !== null) {
    const text = `${what}: how far its archive of WAL reaches could not be seen: ${archive.unseen}`;
    return [{ severity: "problem", text, mend: `lifeboat data ${selector}` }];
  }
  if (archive.latest === null || archive.latest <= time) return [];
  const until = new Date(archive.latest * 1_000).toISOString().slice(0, 19).replace("T", " ");
  const text = `${what} are as old as its archive, of ${formatMoment(time * 1_000)}; what the cluster wrote after that may be in its archive of WAL, which reaches until ${until} UTC`;
  const mend = `lifeboat restore point-in-time ${selector} ${source.name} --at '${until}' --dry-run, which names the last transaction where that is earlier`;
  return [{ severity: "problem", text, mend }];
}
