import { choiceFor, type PointWish, searchesFor } from "../../../../../site/data/point-in-time/choose";
import type { ArchivedBackup, PointInTimeFacts } from "../../../../../site/data/point-in-time/facts";
import { rangesOf, timelineAt, TimelinePath } from "../../../../../site/data/point-in-time/timelines";
import { formatSegment, parsePosition, parseSegment, segmentNumber } from "../../../../../site/data/point-in-time/wal";

const size = 16 * 1024 * 1024;
const hour = 3600;

const segment = (timeline: number, number: number): string => formatSegment({ timeline, number }, size);
const position = (number: number, offset = 0): bigint => BigInt(number) * BigInt(size) + BigInt(offset);

const backup = (timeline: number, number: number, stop: number): ArchivedBackup => ({
  label: `backup-${String(stop)}`,
  archive: "15-1",
  start: stop - 10,
  stop,
  startSegment: segment(timeline, number),
  stopPosition: position(number, 4096),
  bytes: 1_000_000,
});

const segments = (timeline: number, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => segment(timeline, from + index));

/** Backed up at 1 h; recovered at 10 h to segment 5 of the first timeline, which had come to segment 9. */
const recovered: PointInTimeFacts = {
  now: 20 * hour,
  cluster: "15/main",
  data: "/var/lib/postgresql/15/main",
  running: true,
  timeline: 2,
  tablespaces: 0,
  free: 10_000_000_000,
  recovery: undefined,
  beside: [],
  archive: "15-1",
  segmentSize: size,
  backups: [backup(1, 2, hour), backup(1, 7, 6 * hour)],
  segments: new Set([...segments(1, 1, 9), ...segments(2, 5, 12)]),
  archivedAt: new Map(),
  histories: [
    { archive: "15-1", timeline: 2, ancestors: [{ timeline: 1, until: position(5, 100) }], began: 10 * hour },
  ],
};

const at = (seconds: number): PointWish => ({ kind: "time", milliseconds: seconds * 1000 });

const without = (name: string): PointInTimeFacts => {
  return { ...recovered, segments: new Set([...recovered.segments].filter((one) => one !== name)) };
};

const searches = (facts: PointInTimeFacts, wish: PointWish, timeline?: number) => {
  const found = searchesFor(facts, wish, timeline);
  if ("kind" in found) throw new Error(found.why);
  return found;
};

describe("names of WAL", () => {
  test.each([
    ["000000010000000000000006", { timeline: 1, number: 6 }],
    ["0000000A00000002000000FF", { timeline: 10, number: 2 * 256 + 255 }],
  ])("%s is read and written", (name, parsed) => {
    expect(parseSegment(name, size)).toEqual(parsed);
    expect(formatSegment(parsed, size)).toBe(name);
  });

  test("segments of another size are counted otherwise", () => {
    const large = 1024 * 1024 * 1024;
    expect(parseSegment("000000010000000200000003", large)).toEqual({ timeline: 1, number: 2 * 4 + 3 });
    expect(formatSegment({ timeline: 1, number: 11 }, large)).toBe("000000010000000200000003");
    expect(segmentNumber(parsePosition("2/C0000000") ?? 0n, large)).toBe(11);
  });

  test("what is no name and no position is none", () => {
    expect(parseSegment("000000010000000000000006.partial", size)).toBeUndefined();
    expect(parsePosition("0/6001EF0X")).toBeUndefined();
    expect(parsePosition("0/6001EF0")).toBe(0x6001ef0n);
  });
});

describe("the way to a timeline", () => {
  test("goes over the ancestor until the branch, whose segment is the child's", () => {
    const path = new TimelinePath(recovered, 2);
    expect(path.from(segment(1, 2)).names).toEqual([...segments(1, 2, 4), ...segments(2, 5, 12)]);
    expect(rangesOf(path.from(segment(1, 2)).names)).toEqual([
      `${segment(1, 2)}-${segment(1, 4)}:3`,
      `${segment(2, 5)}-${segment(2, 12)}:8`,
    ]);
  });

  test("has no backup that the ancestor made behind the branch", () => {
    expect(new TimelinePath(recovered, 2).backups().map(({ stop }) => stop)).toEqual([hour]);
    expect(new TimelinePath(recovered, 1).backups().map(({ stop }) => stop)).toEqual([hour, 6 * hour]);
  });

  test("ends at the first segment that is missing, and names it", () => {
    const facts = { ...recovered, segments: new Set([...recovered.segments].filter((name) => name !== segment(2, 8))) };
    expect(new TimelinePath(facts, 2).from(segment(2, 6))).toEqual({
      names: segments(2, 6, 7),
      missing: segment(2, 8),
    });
  });
});

describe("the timeline of a time", () => {
  test.each([
    [9, 1],
    [11, 2],
  ])("at %i h is %i: what was left lies before the recovery, what runs behind it", (hours, timeline) => {
    expect(timelineAt(recovered, hours * hour)).toBe(timeline);
  });

  test("follows the present one, also where a recovery was taken back", () => {
    expect(timelineAt({ ...recovered, timeline: 1 }, 15 * hour)).toBe(1);
  });
});

describe("where a point is looked for", () => {
  test("a time behind the newest backup that was whole before it", () => {
    expect(searches(recovered, at(7 * hour))).toEqual([
      { timeline: 1, ranges: [`${segment(1, 7)}-${segment(1, 9)}:3`], missing: undefined },
    ]);
    expect(searches(recovered, at(2 * hour))[0]?.ranges).toEqual([`${segment(1, 2)}-${segment(1, 9)}:8`]);
  });

  test("a time on the new timeline, though all backups are older than the recovery", () => {
    expect(searches(recovered, at(11 * hour))[0]).toMatchObject({ timeline: 2 });
  });

  test.each([
    ["before the first backup", recovered, at(hour / 2), undefined, 10, /no backup of timeline 1 is older/u],
    ["to come", recovered, at(21 * hour), undefined, 13, /has not come yet/u],
    ["without a backup", { ...recovered, backups: [] }, at(7 * hour), undefined, 10, /has no backup of this cluster/u],
    ["on a timeline that nobody knows", recovered, at(7 * hour), 7, 10, /has no timeline 7/u],
  ])("a time %s is refused", (_, facts, wish, timeline, code, why) => {
    expect(searchesFor(facts, wish, timeline)).toMatchObject({
      kind: "refused",
      code,
      why: expect.stringMatching(why),
    });
  });

  test("a transaction in the newest WAL of the present timeline first, then in what only others have", () => {
    expect(
      searches(recovered, { kind: "xid", xid: "740" }).map(({ timeline, ranges }) => [timeline, ...ranges]),
    ).toEqual([
      [2, `${segment(1, 2)}-${segment(1, 4)}:3`, `${segment(2, 5)}-${segment(2, 12)}:8`],
      [1, `${segment(1, 7)}-${segment(1, 9)}:3`],
      [1, `${segment(1, 5)}-${segment(1, 7)}:3`],
    ]);
  });
});

describe("what leads to a point", () => {
  test("the newest backup before it, and all WAL from that one's start", () => {
    expect(choiceFor(recovered, 1, position(8, 50))).toMatchObject({
      kind: "chosen",
      backup: { stop: 6 * hour },
      ranges: [`${segment(1, 7)}-${segment(1, 8)}:2`],
      segments: 2,
    });
    expect(choiceFor(recovered, 2, position(8, 50))).toMatchObject({ backup: { stop: hour }, segments: 7 });
  });

  test("a backup does not lead to what lies before its end", () => {
    expect(choiceFor(recovered, 1, position(7, 4095))).toMatchObject({ backup: { stop: hour } });
    expect(choiceFor(recovered, 1, position(2, 4096))).toMatchObject({ kind: "refused", code: 10 });
  });

  test("a segment that is missing on the way is named; one behind the point does not matter [I7]", () => {
    expect(choiceFor(without(segment(1, 3)), 2, position(8, 50))).toMatchObject({
      kind: "refused",
      code: 10,
      why: expect.stringContaining(segment(1, 3)),
    });
    expect(choiceFor(without(segment(2, 9)), 2, position(8, 50))).toMatchObject({ kind: "chosen" });
  });
});
