import {
  choiceFor,
  missingText,
  type PointChoice,
  type PointRefusal,
  type PointSearch,
  type PointWish,
  searchesFor,
} from "../../../site/data/point-in-time/choose";
import type { PointInTimeFacts } from "../../../site/data/point-in-time/facts";
import { TimelinePath } from "../../../site/data/point-in-time/timelines";
import type { FoundPoint, PointInTimeProgram } from "../../clients/data-program/point-in-time-program";
import { CommandError } from "../../terminal/command-error";

/** A point that lies in the archive, with all that leads to it. */
export interface LocatedPoint {
  readonly choice: PointChoice;
  /** What ends the recovery. */
  readonly found: FoundPoint & { readonly kind: "found" };
}

/** The archive does not reach the point yet; `last`: when the last transaction in it ended, and which one that is, where a time is looked for. */
export interface NotYet {
  readonly kind: "not-yet";
  readonly search: PointSearch;
  readonly last: string | undefined;
  readonly lastXid: string | undefined;
}

/** Looks for a point in WAL, in the guest. */
export interface Scan {
  /** In the archive's. @throws CommandError */
  archived(search: PointSearch): Promise<FoundPoint>;
  /** Whether it is in what the running cluster has not archived yet. @throws CommandError */
  here(): Promise<boolean>;
}

/** Looks by the guest's own program. */
export function scanBy(
  guest: Pick<PointInTimeProgram, "scan" | "isHere">,
  { archive }: Pick<PointInTimeFacts, "archive">,
  wish: PointWish,
  signal: AbortSignal,
): Scan {
  return {
    archived: (search) => guest.scan(archive, wish, search, signal),
    here: () => guest.isHere(wish, signal),
  };
}

/**
 * Finds a point in the WAL itself, and the backup that leads to it: a recovery that would not reach its target is seen before
 * anything is touched.
 *
 * @param timeline which one is meant, where somebody says so
 * @throws CommandError (10) where nothing leads there, (13) where more than one does or the time has not come, (12), (14)
 */
export async function locatePoint(
  facts: PointInTimeFacts,
  wish: PointWish,
  timeline: number | undefined,
  scan: Scan,
): Promise<LocatedPoint | NotYet> {
  const searches = required(searchesFor(facts, wish, timeline), wish);
  return wish.kind === "time" ? locateTime(facts, wish, searches, scan) : locateEvent(facts, wish, searches, scan);
}

async function locateTime(
  facts: PointInTimeFacts,
  wish: PointWish,
  searches: readonly PointSearch[],
  scan: Scan,
): Promise<LocatedPoint | NotYet> {
  const [search] = searches;
  if (search === undefined) throw new Error("a time is looked for somewhere");
  const found = await scan.archived(search);
  if (found.kind === "found") return located(facts, wish, search.timeline, found);
  if (search.missing !== undefined)
    throw refusal({ kind: "refused", code: 10, why: missingText(search.missing) }, wish);
  return { kind: "not-yet", search, last: found.last, lastXid: found.lastXid };
}

/** Transactions and names: in the first timeline that has it, unless another one has it, too. */
async function locateEvent(
  facts: PointInTimeFacts,
  wish: PointWish,
  searches: readonly PointSearch[],
  scan: Scan,
): Promise<LocatedPoint | NotYet> {
  const matches = new Map<number, FoundPoint & { readonly kind: "found" }>();
  let missing: string | undefined;
  let passed: PointRefusal | undefined;
  for (const search of searches) {
    if (matches.has(search.timeline)) continue;
    missing ??= search.missing;
    const found = await scan.archived(search);
    if (found.kind !== "found") continue;
    // What lies before the backup's end is found again behind an older one.
    const choice = choiceFor(facts, search.timeline, found.position);
    if (choice.kind === "refused") passed = choice;
    else if (!hasIt(facts, matches, search.timeline, found.position)) matches.set(search.timeline, found);
  }
  const [match, other] = [...matches];
  if (match === undefined) {
    const [newest] = searches;
    // What is being written goes on where the newest backup of the present timeline leads.
    const isOpen = newest !== undefined && newest.timeline === facts.timeline && newest.missing === undefined;
    if (isOpen && facts.running && (await scan.here()))
      return { kind: "not-yet", search: newest, last: undefined, lastXid: undefined };
    const why = missing === undefined ? `it is not in the archive of ${facts.cluster}` : missingText(missing);
    throw refusal(passed ?? { kind: "refused", code: 10, why }, wish);
  }
  if (other !== undefined) throw ambiguous(matches, wish);
  return located(facts, wish, ...match);
}

/** The segment in which a timeline begins holds what was before, too: that is the same event. */
function hasIt(
  facts: PointInTimeFacts,
  matches: ReadonlyMap<number, unknown>,
  timeline: number,
  position: bigint,
): boolean {
  const owner = new TimelinePath(facts, timeline).ownerOf(position);
  return [...matches.keys()].some((other) => new TimelinePath(facts, other).ownerOf(position) === owner);
}

function ambiguous(
  matches: ReadonlyMap<number, FoundPoint & { readonly kind: "found" }>,
  wish: PointWish,
): CommandError {
  const each = [...matches].map(
    ([one, { time }]) => `timeline ${String(one)}${time === undefined ? "" : ` (${time} UTC)`}`,
  );
  return new CommandError(`${wishText(wish)} is in ${each.join(" and in ")}: a recovery lies between them`, {
    exitCode: 2,
    hint: `say which one is meant: ${[...matches.keys()].map((one) => `--timeline ${String(one)}`).join(" or ")}`,
  });
}

function located(
  facts: PointInTimeFacts,
  wish: PointWish,
  timeline: number,
  found: FoundPoint & { readonly kind: "found" },
): LocatedPoint {
  const choice = choiceFor(facts, timeline, found.position);
  if (choice.kind === "refused") throw refusal(choice, wish);
  // PostgreSQL reads the history of every timeline but the first before it goes that way.
  if (timeline > 1 && !facts.histories.some((one) => one.timeline === timeline)) {
    const path = new TimelinePath(facts, timeline);
    throw refusal(
      { kind: "refused", code: 10, why: `the history of timeline ${String(path.timeline)} is missing in the archive` },
      wish,
    );
  }
  return { choice, found };
}

function required(searches: readonly PointSearch[] | PointRefusal, wish: PointWish): readonly PointSearch[] {
  if ("kind" in searches) throw refusal(searches, wish);
  return searches;
}

function refusal({ code, why, hint }: PointRefusal, wish: PointWish): CommandError {
  return new CommandError(`${wishText(wish)} cannot be recovered: ${why}`, {
    exitCode: code,
    hint: hint ?? "'lifeboat data' tells how far the archive reaches, and which dumps there are",
  });
}

/** `2026-11-22T13:29:15.786Z`, `transaction 738`, `the point 'before drop'` */
export function wishText(wish: PointWish): string {
  switch (wish.kind) {
    case "time":
      return new Date(wish.milliseconds).toISOString();
    case "xid":
      return `transaction ${wish.xid}`;
    case "name":
      return `the point '${wish.name}'`;
  }
}
