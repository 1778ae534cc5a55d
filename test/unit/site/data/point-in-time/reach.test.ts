import type { ArchivedBackup, PointInTimeFacts } from "../../../../../site/data/point-in-time/facts";
import { reachOf } from "../../../../../site/data/point-in-time/reach";
import { formatSegment } from "../../../../../site/data/point-in-time/wal";

const size = 16 * 1024 * 1024;
const segment = (number: number, timeline = 1): string => formatSegment({ timeline, number }, size);

const backup = (number: number, stop: number, type: "F" | "D" = "F"): ArchivedBackup => ({
  label: `20261122-${String(stop).padStart(6, "0")}${type}`,
  archive: "15-1",
  start: stop - 10,
  stop,
  startSegment: segment(number),
  stopPosition: BigInt(number) * BigInt(size) + 4096n,
  bytes: 1_000,
});

/** Segments of the first timeline, each archived at its number times ten. */
const archive = (backups: readonly ArchivedBackup[], numbers: readonly number[]): PointInTimeFacts => {
  const archivedAt = new Map(numbers.map((number) => [segment(number), number * 10]));
  return {
    now: 1_000,
    cluster: "15/main",
    data: "/var/lib/postgresql/15/main",
    running: true,
    timeline: 1,
    tablespaces: 0,
    free: 0,
    recovery: undefined,
    beside: [],
    archive: "15-1",
    segmentSize: size,
    backups,
    segments: new Set(archivedAt.keys()),
    archivedAt,
    histories: [],
  };
};

describe("how far an archive reaches", () => {
  test("from the oldest backup to the last WAL that was archived [I7]", () => {
    const facts = archive([backup(2, 20), backup(4, 40)], [2, 3, 4, 5, 6]);
    expect(reachOf(facts)).toMatchObject({ from: { stop: 20 }, until: 60, missing: undefined });
  });

  test("without a backup there is none, and one whose WAL has not come leads nowhere [I7]", () => {
    expect(reachOf(archive([], [1, 2]))).toMatchObject({ from: undefined, until: undefined });
    expect(reachOf(archive([backup(2, 20)], [1]))).toMatchObject({ from: undefined, until: undefined });
  });

  test("over a gap nothing leads: the backup behind it is the earliest, and the segment is named [I7]", () => {
    const facts = archive([backup(2, 20), backup(5, 50)], [2, 3, 5, 6]);
    expect(reachOf(facts)).toMatchObject({ from: { stop: 50 }, until: 60, missing: segment(4) });
  });

  test("with a gap behind every backup it ends before the gap [I7]", () => {
    const facts = archive([backup(2, 20), backup(3, 30)], [2, 3, 4, 6]);
    expect(reachOf(facts)).toMatchObject({ from: { stop: 20 }, until: 40, missing: segment(5) });
  });

  test("a backup of a timeline that was left after it is none of it [I7]", () => {
    const facts = archive([backup(2, 20), backup(7, 70)], [2, 3, 7, 8]);
    const left: PointInTimeFacts = {
      ...facts,
      timeline: 2,
      segments: new Set([...facts.segments, segment(4, 2)]),
      archivedAt: new Map([...facts.archivedAt, [segment(4, 2), 90]]),
      histories: [
        { archive: "15-1", timeline: 2, ancestors: [{ timeline: 1, until: 4n * BigInt(size) + 8n }], began: 85 },
      ],
    };
    expect(reachOf(left)).toMatchObject({ backups: [{ stop: 20 }], from: { stop: 20 }, until: 90 });
  });
});
