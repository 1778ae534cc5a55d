/** Who makes a copy for a drill. Only what bears such a mark is destroyed again. */
export interface DrillMark {
  /** Id of the drill's journal. */
  readonly operation: string;
  /** When the copy was begun, by the clock of the node: unix seconds. A drill over many guests may last for longer than a copy. */
  readonly time: number;
  /** `anna@desk` */
  readonly by: string;
}

const pattern = /^lifeboat drill ([A-Za-z0-9][A-Za-z0-9._-]{0,63}) (\d{1,12}) (\S{1,200})$/u;

/** Notes of a copy: a line for people, and the mark at the end. */
export function formatDrillNotes(text: string, { operation, time, by }: DrillMark): string {
  return `${text}\n\nlifeboat drill ${operation} ${String(time)} ${by.replaceAll(/\s+/gu, "-")}`;
}

/** The mark at the end of a guest's notes; undefined: it is no drill's. */
export function readDrillMark(notes: string | undefined): DrillMark | undefined {
  const last = (notes ?? "").trimEnd().split("\n").at(-1) ?? "";
  const [, operation, time, by] = pattern.exec(last) ?? [];
  return operation === undefined || by === undefined ? undefined : { operation, time: Number(time), by };
}

/** What a node's clock says, by what it said when a drill was planned: unix seconds. @param begunAt ISO 8601, of this machine */
export function copyTime(plannedAt: number, begunAt: string, now: Date): number {
  return plannedAt + Math.max(0, Math.floor((now.getTime() - Date.parse(begunAt)) / 1_000));
}

/** A drill of another machine is taken for dead after this many seconds: no copy is needed for so long. */
export const longestDrill = 6 * 3600;

/** What is to be done about a copy that an earlier drill has left. */
export type LeftoverVerdict = "reap" | "alive" | "unknown";

/**
 * Whether the drill that has made a copy is over.
 *
 * @param isOwn its journal is on this machine, whose lock the asking drill holds: nobody else is at work
 * @param now by the clock of the node, which the mark's time is from
 */
export function verdictOn(mark: DrillMark, isOwn: boolean, now: number): LeftoverVerdict {
  if (isOwn) return "reap";
  if (mark.time > now + 60) return "unknown";
  return now - mark.time > longestDrill ? "reap" : "alive";
}
