import { dataSubject } from "../../../../../scripts/inspect/check/data-subjects";
import { absent, isBad, judged, unseen } from "../../../../../scripts/inspect/check/subject";
import { unseenPointInTime } from "../../../../../scripts/inspect/data/read-point-in-time";
import type { DataStatus } from "../../../../../scripts/inspect/status/data-status";

const good: NonNullable<DataStatus["pointInTime"]> = {
  unseen: null,
  problem: null,
  fullBackup: 1_000,
  backups: 1,
  earliest: 1_000,
  latest: 2_000,
  failures: 0,
  waitingSeconds: 0,
};
const seen: DataStatus = {
  environment: "prod",
  guest: "db",
  source: "shop",
  kind: "postgres",
  at: "03:00",
  enabled: true,
  unseen: null,
  lastRun: { result: "success", started: 1_000, seconds: 5, message: "" },
  problem: null,
  pointInTime: good,
  drill: null,
  newest: { dump: "2026-11-22/postgres/shop-030000Z", time: 1_000, ageSeconds: 3_600, bytes: 5, encrypted: false },
  dumps: 3,
};

test("a source with a good dump is green only where its archive is, too [H2, K6]", () => {
  expect(dataSubject(seen)).toMatchObject({ verdict: "ok", problems: [] });
  expect(dataSubject({ ...seen, pointInTime: null })).toMatchObject({ verdict: "ok", problems: [] });
  const broken = { ...good, problem: "finished WAL has been waiting for its archive for 3 h" };
  expect(dataSubject({ ...seen, pointInTime: broken })).toMatchObject({
    verdict: "problem",
    problems: [
      {
        text: "point-in-time recovery of shop: finished WAL has been waiting for its archive for 3 h",
        next: "lifeboat data prod/db",
      },
    ],
  });
});

test("an archive that nobody could look at is unknown; what is known to be bad stays a problem [H2, K6]", () => {
  const pointInTime = unseenPointInTime("the store does not answer");
  expect(dataSubject({ ...seen, pointInTime })).toMatchObject({
    verdict: "unknown",
    problems: [{ text: "how far shop can go back in time is not known: the store does not answer" }],
  });
  expect(dataSubject({ ...seen, pointInTime, problem: "its last run was killed" })).toMatchObject({
    verdict: "problem",
    problems: [{ text: "its last run was killed" }, { next: "lifeboat data prod/db" }],
  });
});

test("what could not be looked at is as bad as a problem, and what the settings do not have is neither [H2, K6]", () => {
  const named = { environment: "prod", kind: "data", subject: "db/shop" } as const;
  expect(isBad(unseen(named, "nobody answers", null))).toBe(true);
  expect(isBad(judged(named, "", [{ text: "it is broken", next: null }]))).toBe(true);
  expect([isBad(judged(named, "", [])), isBad(absent(named, "there is none"))]).toEqual([false, false]);
});
