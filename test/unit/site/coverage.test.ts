import { parseCalendarEvent } from "../../../proxmox/rules/calendar-events";
import { coverageProblems, type CoverageSchedule, type GuestBackups } from "../../../site/coverage";
import type { AdoptedGuest } from "../../../site/settings/environment";

const guest: AdoptedGuest = {
  kind: "adopted",
  name: "web",
  hostname: "web",
  id: 101,
  node: "pve",
  checks: [],
  objectives: { rpo: 93_600 },
  diskOptOuts: {},
  data: [],
};
const at = (text: string): number => Date.parse(text) / 1_000;

const schedule = (now: string, running = false): CoverageSchedule => ({
  jobId: "lifeboat-prod",
  event: parseCalendarEvent("01:00"),
  timeZone: "Europe/Amsterdam",
  now: at(now),
  running,
});

const covered: GuestBackups = {
  guest,
  exists: true,
  newest: at("2026-11-20T01:00:04+01:00"),
  blind: undefined,
  disks: [{ key: "rootfs", volume: "local:101/vm-101-disk-0.raw", included: true }],
};

test("a guest that is there, in the job, and was backed up at the last time is covered", () => {
  expect(coverageProblems(covered, schedule("2026-11-20T23:00:00+01:00"))).toEqual([]);
});

test("a backup is late an hour after its time in the node's zone, and not while one is running", () => {
  expect(coverageProblems(covered, schedule("2026-11-21T01:59:00+01:00"))).toEqual([]);
  const late = [{ kind: "backups", text: "the backup of 2026-11-21 01:00 is missing" }];
  expect(coverageProblems(covered, schedule("2026-11-21T02:01:00+01:00"))).toEqual(late);
  expect(coverageProblems(covered, schedule("2026-11-21T02:01:00+01:00", true))).toEqual([]);
});

test.each([
  [{ newest: undefined }, "backups", "it was never backed up"],
  [{ newest: undefined, blind: "its backups cannot be seen" }, "unseen", "its backups cannot be seen"],
  [{ disks: undefined }, "job", "it is not in the backup job lifeboat-prod"],
  [{ exists: false }, "missing", "guest 101 is not on pve"],
  [{ exists: false, hidden: "guest 101 cannot be seen" }, "unseen", "guest 101 cannot be seen"],
  [{ disks: [{ key: "mp0", volume: "local:x", included: false }] }, "job", "disk mp0 (local:x) is in no backup"],
] as const)("%j", (facts, kind, text) => {
  expect(coverageProblems({ ...covered, ...facts }, schedule("2026-11-20T12:00:00Z"))).toEqual([{ kind, text }]);
});

test("a guest that opted out is never asked for backups: whether it still may is policy", () => {
  const optOut = { reason: "rebuilt", owner: "web team", until: "2026-11-20" };
  const facts = { ...covered, guest: { ...guest, optOut }, newest: undefined, disks: undefined };
  expect(coverageProblems(facts, schedule("2026-11-21T00:01:00+01:00"))).toEqual([]);
});
