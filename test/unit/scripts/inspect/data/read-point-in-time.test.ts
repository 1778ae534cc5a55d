import { PointInTimeProgram } from "../../../../../scripts/clients/data-program/point-in-time-program";
import { readPointInTime } from "../../../../../scripts/inspect/data/read-point-in-time";
import type { PointInTimeSettings } from "../../../../../site/settings/point-in-time";

const settings: PointInTimeSettings = {
  store: { endpoint: "https://s3.example.com", region: "us-east-1", bucket: "recovery" },
  archiveTimeout: 300,
  full: "sun 01:30",
  differential: "mon..sat 01:30",
  keep: 2,
  restart: false,
};
const healthy = { running: true, state: "backup full", failures: 0, waitingSeconds: 0, archiveTimeout: 300 };
const now = Date.UTC(2026, 10, 22, 12) / 1000;
const day = 86_400;

const backup = (label: string, stop: number, segment: string) => ({
  label,
  error: false,
  archive: { start: segment, stop: segment },
  database: { id: 1 },
  info: { size: 1_000 },
  lsn: { stop: "0/2000100" },
  timestamp: { start: stop - 10, stop },
});
const full = backup("20261121-013000F", now - day, "000000010000000000000002");
const differential = backup("20261121-013000F_20261122-013000D", now - 3_600, "000000010000000000000003");

/** What a guest with these backups and segments tells. @param archiver of its `status` */
function program(
  archiver: object,
  backups: readonly object[],
  segments: readonly string[],
  more: readonly string[] = [],
): PointInTimeProgram {
  const sum = "0".repeat(40);
  const listing = Object.fromEntries(
    segments.map((name, index) => [
      `15-1/${name.slice(0, 16)}/${name}-${sum}.zst`,
      { type: "file", time: now - 1_000 + index },
    ]),
  );
  const info = [
    {
      archive: [{ database: { id: 1 }, id: "15-1" }],
      backup: backups,
      db: [{ id: 1, "system-id": 7, version: "15" }],
      status: { code: 0, message: "ok" },
    },
  ];
  const facts = [
    `now ${String(now)}`,
    "data /var/lib/postgresql/15/main",
    "cluster 15/main",
    "running yes",
    "timeline 1",
    "free 1000",
    `info ${JSON.stringify(info)}`,
    `archive ${JSON.stringify(listing)}`,
    ...more,
    "end",
  ].join("\n");
  const run = (command: string) => {
    const stdout = command.includes("status") ? JSON.stringify(archiver) : facts;
    return Promise.resolve({ code: 0, stdout, stderr: "" });
  };
  return new PointInTimeProgram(run, "prod/web", "shop");
}

const read = (
  archiver: object,
  backups: readonly object[],
  segments: readonly string[],
  more: readonly string[] = [],
) => readPointInTime(settings, program(archiver, backups, segments, more), new AbortController().signal);
const [two, three, four] = ["2", "3", "4"].map((digit) => `00000001000000000000000${digit}`) as [
  string,
  string,
  string,
];

describe("the archive of a cluster", () => {
  test("tells its newest full backup, and from when until when it leads [I7, D1]", async () => {
    expect(await read(healthy, [full, differential], [two, three, four])).toEqual({
      unseen: null,
      fullBackup: now - day,
      backups: 2,
      earliest: now - day,
      latest: now - 998,
      failures: 0,
      waitingSeconds: 0,
      problem: null,
    });
  });

  test.each([
    [
      "WAL that waits",
      { ...healthy, waitingSeconds: 901 },
      [full, differential],
      [two, three],
      /waiting for its archive/u,
    ],
    [
      "a backup that failed",
      { ...healthy, state: "failed no room" },
      [full, differential],
      [two, three],
      /failed: no room$/u,
    ],
    ["a cluster that is down", { ...healthy, running: false }, [full, differential], [two, three], /does not run/u],
    ["no backup", healthy, [], [two], /has no backup/u],
    ["a segment that is missing", healthy, [full], [two, four], /000000010000000000000003 is missing/u],
    ["a backup that is late", healthy, [backup("20261101-013000F", now - 20 * day, two)], [two], /is 20 d old/u],
  ])("tells %s [I7, K6]", async (_, archiver, backups, segments, problem) => {
    const seen = await read(archiver, backups, segments);
    expect(seen).toMatchObject({ unseen: null, problem: expect.stringMatching(problem) });
  });

  test("goes on beyond its cluster, which came back as it was: that is said before what follows from it [I7, K6]", async () => {
    const stray = "the archive of shop goes on to the WAL segment 000000010000000000000004";
    const waiting = { ...healthy, waitingSeconds: 10_000, state: "failed otherwise" };
    expect(await read(waiting, [full], [two, three, four], [`stray ${stray}`])).toMatchObject({ problem: stray });
  });

  test("that waits for a restart of PostgreSQL has nothing that could be looked at [I7]", async () => {
    expect(await read({ ...healthy, state: "restart-needed" }, [], [])).toMatchObject({
      unseen: null,
      earliest: null,
      latest: null,
      problem: "nothing is archived before PostgreSQL has been restarted once",
    });
  });
});
