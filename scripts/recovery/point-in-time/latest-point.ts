import { messageOf } from "../../machine/error-code";
import type { PointInTimeProgram } from "../../clients/data-program/point-in-time-program";
import { CommandError } from "../../terminal/command-error";
import type { PointInTimeFacts } from "../../../site/data/point-in-time/facts";
import { locatePoint, scanBy } from "./locate";

/** Between which moments somebody looks for the last transaction: unix seconds, by the guest's clock. */
export interface Between {
  readonly since: number;
  readonly before: number;
}

/** The last transaction that an archive of WAL has between two moments. */
export type LatestPoint =
  | {
      readonly kind: "transaction";
      readonly xid: string;
      readonly timeline: number;
      /** When it ended, unix seconds. */
      readonly time: number;
    }
  | { readonly kind: "none" }
  /** Nobody can tell, which is not "none". */
  | { readonly kind: "unclear"; readonly why: string };

/**
 * Looks how far a cluster can be brought that came back from an older backup of its guest. What it has written since it came back is
 * behind `before`, and is not meant.
 *
 * @throws GuestUnreachable
 */
export async function latestPoint(
  program: PointInTimeProgram,
  between: Between,
  signal: AbortSignal,
): Promise<LatestPoint> {
  try {
    const facts = await program.facts(signal);
    return await lookIn(facts, program, between, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof CommandError)) throw error;
    return { kind: "unclear", why: messageOf(error) };
  }
}

async function lookIn(
  facts: PointInTimeFacts,
  program: PointInTimeProgram,
  { since, before }: Between,
  signal: AbortSignal,
): Promise<LatestPoint> {
  const after = (time: number) => {
    const wish = { kind: "time", milliseconds: time * 1_000 } as const;
    return locatePoint(facts, wish, undefined, scanBy(program, facts, wish, signal));
  };
  const point = await after(before);
  if (!("kind" in point)) {
    // What the cluster has archived since it came back; WAL of before has kept it from that, where there is any.
    const first = await after(since);
    const begins = "kind" in first ? undefined : secondsOf(first.found.time);
    if (begins !== undefined && begins >= before) return { kind: "none" };
    return { kind: "unclear", why: "it has transactions of before and after the recovery began" };
  }
  const { last, lastXid, search } = point;
  const time = secondsOf(last);
  if (time === undefined || lastXid === undefined) {
    const isBackedUp = facts.backups.some(({ archive, stop }) => archive === facts.archive && stop > since);
    return isBackedUp ? { kind: "unclear", why: "no transaction follows its newest backup" } : { kind: "none" };
  }
  return time <= since ? { kind: "none" } : { kind: "transaction", xid: lastXid, timeline: search.timeline, time };
}

/** Of a time as `pg_waldump` prints it, in UTC. */
function secondsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = Date.parse(`${text.slice(0, 23).replace(" ", "T")}Z`) / 1_000;
  return Number.isNaN(time) ? undefined : time;
}
