import { parseDumpName } from "../../../site/data/dump-name";
import { failureOf } from "../../clients/failure";
import { shellQuote } from "../../machine/shell-quote";
import type { CommandContext } from "../../project/context";
import type { Site } from "../../project/site";
import type { Finding } from "../../recovery/engine/step";
import { stateOf } from "../../recovery/engine/session";
import { type LatestPoint, latestPoint } from "../../recovery/point-in-time/latest-point";
import { openPointInTime } from "../../recovery/point-in-time/open-program";
import type { GuestAsOf, NewerFrom, NewerLook, NewerSource, NewerThing } from "../../recovery/recover/newer-source";
import { formatDuration, formatMoment } from "../../terminal/durations";
import { type CopiedSource, readCopies } from "./read-copies";
import { type DeclaredSource, declaredSources, type SeenSource } from "./read-source";
import { readSources } from "./read-sources";

/**
 * Sources of data of which something newer is left than the archives that their guests came back from: a dump in the guest, a copy of
 * one elsewhere, or WAL. What could not be looked at is told as well, and is not "nothing newer".
 *
 * @param before unix seconds: when the recovery began. What is of later was made by a guest that had come back, of its old data
 */
export async function newerData(
  site: Site,
  guests: readonly GuestAsOf[],
  before: number,
  context: CommandContext,
): Promise<NewerLook> {
  const found = guests.flatMap(({ guest: selector, time }) => {
    const { environment, guest } = site.findGuest(selector);
    return declaredSources(environment, [guest]).map((declared) => ({ declared, selector, time }));
  });
  const inGuests = await readSources(
    found.map(({ declared }) => declared),
    context,
  );
  const looks: NewerLook[] = [];
  for (const [index, { declared, selector, time }] of found.entries()) {
    const inGuest = inGuests[index];
    const isCopied = declared.environment.settings.offsite !== undefined;
    const copies = isCopied ? await readCopies(declared, context.signal) : undefined;
    const isArchived = (inGuest?.pointInTime?.latest ?? 0) > time;
    const point = isArchived ? await pointOf(declared, selector, { since: time, before }, context) : undefined;
    looks.push(newerOf({ source: declared.source, selector, time, before, inGuest, copies, point }));
  }
  return { sources: looks.flatMap(({ sources }) => sources), findings: looks.flatMap(({ findings }) => findings) };
}

/** How far the WAL of a source leads. @throws what is a defect of ours */
async function pointOf(
  { environment, guest, source }: DeclaredSource,
  selector: string,
  between: { readonly since: number; readonly before: number },
  context: CommandContext,
): Promise<LatestPoint> {
  try {
    const session = { environment, guest, selector, state: stateOf(environment, context) };
    return await latestPoint(await openPointInTime(session, source), between, context.signal);
  } catch (error) {
    context.signal.throwIfAborted();
    const { reason, stack } = failureOf(error, undefined);
    if (stack !== undefined) throw error;
    return { kind: "unclear", why: reason };
  }
}

/** A source, what its guest came back from, and what is left of it. */
export interface SourceLook {
  readonly source: Pick<DeclaredSource["source"], "name" | "kind">;
  readonly selector: string;
  readonly time: number;
  /** When the recovery began, unix seconds. */
  readonly before: number;
  readonly inGuest: SeenSource | undefined;
  readonly copies: CopiedSource | undefined;
  /** Undefined: it has no archive of WAL, or none that reaches behind the guest's. */
  readonly point: LatestPoint | undefined;
}

/** What is newer of one source, and what is to be told of it. */
export function newerOf(look: SourceLook): NewerLook {
  const { source, selector, time, inGuest, copies } = look;
  const what = `${selector}: data of ${source.name}`;
  const [ahead] = writeAhead(look, what);
  const [dumped] = newestDump(look, what);
  // Where WAL reaches as far as the dump, nothing came between its last transaction and the dump.
  const reach = ahead === undefined ? -Infinity : Math.max(ahead.time, inGuest?.pointInTime?.latest ?? 0);
  const newest = ahead !== undefined && reach >= (dumped?.time ?? 0) ? ahead : dumped;
  const findings = [...unseenArchive(look, what)];
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
  return { sources: newest === undefined ? [] : [newest], findings };
}

/** The newest dump of before the recovery, where it is newer than the archive. */
function newestDump({ source, selector, time, before, inGuest, copies }: SourceLook, what: string): NewerSource[] {
  const places = [
    ...(inGuest?.dumps ?? []).map((dump) => ({ dump, isElsewhere: false })),
    ...(copies?.dumps ?? []).map((dump) => ({ dump, isElsewhere: true })),
  ];
  const [newest] = places
    .filter(({ dump }) => dump.time > time && dump.time < before)
    .toSorted((a, b) => b.dump.time - a.dump.time);
  if (newest === undefined) return [];
  const { dump, isElsewhere } = newest;
  const where = isElsewhere ? ` (${copies?.bucket ?? "elsewhere"})` : "";
  const sealed = dump.encrypted ? "; it is encrypted, and asks for the age identity" : "";
  const text = `${what} are as old as its archive, of ${formatMoment(time * 1_000)}; the dump ${dump.dump}${where} is newer by ${formatDuration(dump.time - time)}${sealed}`;
  const things = thingsOf(source, dump, isElsewhere).map((from) => ({
    from,
    command: commandOf(selector, source, from),
  }));
  const list = `lifeboat data ${selector}${isElsewhere ? " --from offsite" : ""}`;
  return [newer(headOf(selector, source, dump.time), things, text, list)];
}

function headOf(guest: string, { name }: SourceLook["source"], time: number) {
  return { guest, source: name, time };
}

function newer(
  head: Pick<NewerSource, "guest" | "source" | "time">,
  things: readonly NewerThing[],
  text: string,
  list: string,
): NewerSource {
  const mend = things.length === 0 ? list : things.map(({ command }) => command).join("; ");
  return { ...head, things, finding: { severity: "problem", text, mend } };
}

/** What a dump has that a command restores. */
function thingsOf(
  { kind }: SourceLook["source"],
  { dump, items }: SeenSource["dumps"][number],
  isElsewhere: boolean,
): NewerFrom[] {
  const from = { kind: "dump", dump, isElsewhere } as const;
  if (kind === "files") return [{ ...from, database: undefined }];
  if (kind === "command") return [];
  return items.filter(({ type }) => type === "database").map(({ name }) => ({ ...from, database: name }));
}

function commandOf(selector: string, { name }: SourceLook["source"], from: NewerFrom): string {
  return ["lifeboat", ...wordsOf(selector, name, from)].map((word) => shellQuote(word)).join(" ");
}

function wordsOf(selector: string, source: string, from: NewerFrom): string[] {
  if (from.kind === "point") {
    const point = ["--xid", from.xid, "--timeline", String(from.timeline)];
    return ["restore", "point-in-time", selector, source, ...point];
  }
  const { database, dump, isElsewhere } = from;
  const place = ["--dump", dump, ...(isElsewhere ? ["--from", "offsite"] : [])];
  return database === undefined
    ? ["restore", "files", selector, source, ...place]
    : ["restore", "database", selector, database, "--source", source, ...place];
}

/** The last transaction in the archive of WAL that was there before the recovery. */
function writeAhead({ source, selector, time, point }: SourceLook, what: string): NewerSource[] {
  if (point?.kind !== "transaction") return [];
  const from = { kind: "point", xid: point.xid, timeline: point.timeline } as const;
  const text = `${what} are as old as its archive, of ${formatMoment(time * 1_000)}; its archive of WAL reaches to a transaction that ended at ${formatMoment(point.time * 1_000)}, ${formatDuration(point.time - time)} later`;
  const things = [{ from, command: commandOf(selector, source, from) }];
  return [newer(headOf(selector, source, point.time), things, text, `lifeboat data ${selector}`)];
}

/** How far WAL reaches is not known: that is not "no further". */
function unseenArchive({ source, selector, time, inGuest, point }: SourceLook, what: string): Finding[] {
  const archive = inGuest?.pointInTime;
  if (archive === undefined || archive === null || inGuest?.unseen !== null) return [];
  if (archive.unseen !== null) {
    const text = `${what}: how far its archive of WAL reaches could not be seen: ${archive.unseen}`;
    return [{ severity: "problem", text, mend: `lifeboat data ${selector}` }];
  }
  if (archive.latest === null || point?.kind !== "unclear") return [];
  const until = new Date(archive.latest * 1_000).toISOString().slice(0, 19).replace("T", " ");
  const text = `${what} are as old as its archive, of ${formatMoment(time * 1_000)}; what the cluster wrote after that may be in its archive of WAL, which reaches until ${until} UTC: ${point.why}`;
  const mend = `lifeboat restore point-in-time ${selector} ${source.name} --at '${until}' --dry-run, which names the last transaction where that is earlier`;
  return [{ severity: "problem", text, mend }];
}
