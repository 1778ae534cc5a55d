/** Names and places of PostgreSQL's write-ahead log (WAL). */

/** Bytes of a WAL segment, unless a cluster was made with another size. */
export const usualSegmentSize = 16 * 1024 * 1024;

const positionPattern = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/iu;
const namePattern = /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})$/u;

/** `0/6001EF0` as a number of bytes since the cluster's beginning; undefined for what is no position. */
export function parsePosition(text: string): bigint | undefined {
  const [, high, low] = positionPattern.exec(text) ?? [];
  if (high === undefined || low === undefined) return undefined;
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}

/** The segment in which a position lies, counted from the cluster's beginning. */
export function segmentNumber(position: bigint, segmentSize: number): number {
  return Number(position / BigInt(segmentSize));
}

/** A segment as its name says: timeline, and number from the cluster's beginning. */
export interface Segment {
  readonly timeline: number;
  readonly number: number;
}

/** `000000010000000000000006`; undefined for what is no name of a segment. */
export function parseSegment(name: string, segmentSize: number): Segment | undefined {
  const [, timeline = "", high = "", low = ""] = namePattern.exec(name) ?? [];
  if (timeline === "") return undefined;
  const number = Number.parseInt(high, 16) * perHigh(segmentSize) + Number.parseInt(low, 16);
  return { timeline: Number.parseInt(timeline, 16), number };
}

export function formatSegment({ timeline, number }: Segment, segmentSize: number): string {
  const each = perHigh(segmentSize);
  return [timeline, Math.floor(number / each), number % each].map(hex).join("");
}

/** Segments whose names share their middle part: those of 4 GiB. */
function perHigh(segmentSize: number): number {
  return 2 ** 32 / segmentSize;
}

function hex(part: number): string {
  return part.toString(16).toUpperCase().padStart(8, "0");
}
