import { assert, constantFrom, integer, property } from "fast-check";
import { nextStart, parseCalendarEvent } from "../../../../proxmox/rules/calendar-events";
import { coverageFindings } from "../../../../site/policies/coverage";
import { hazardFindings, removedByNextRun, type HazardFacts } from "../../../../site/policies/hazards";
import { neighbourOf } from "../../../../site/policies/neighbours";
import { longestGap, objectiveFindings } from "../../../../site/policies/objectives";
import { judgePolicies, factsWithoutNode } from "../../../../site/policies/policies";
import { environmentOf, exampleContainer, exampleSettings } from "../../../support/example-environment";

const hour = 3600;
const day = 24 * hour;
const now = Date.parse("2026-11-21T12:00:00Z") / 1000;
const until = "2026-12-31";

function withSettings(other: Readonly<Record<string, unknown>>) {
  return environmentOf({ ...exampleSettings(), ...other });
}

describe("objectives", () => {
  test("the longest gap of a daily job is the day that autumn makes longer [A8]", () => {
    expect(longestGap("01:00", now, "Europe/Berlin")).toEqual({
      from: Date.parse("2027-10-30T23:00:00Z") / 1000,
      to: Date.parse("2027-11-01T00:00:00Z") / 1000,
    });
  });

  test("spring only makes gaps shorter, and a zone without summer time has none of both [A8]", () => {
    const gap = longestGap("03:30", now, "UTC");
    expect(gap && gap.to - gap.from).toBe(day);
  });

  test("a schedule that never comes again has no gap, and no RPO can be met [A8]", () => {
    expect(longestGap("2020-01-01 00:00", now, "UTC")).toBeUndefined();
    const environment = withSettings({ backup: { ...exampleSettings().backup, schedule: "2020-01-01 00:00" } });
    expect(objectiveFindings(environment, { now, timeZone: "UTC", lastRun: undefined })).toMatchObject([
      { path: ["backup", "schedule"], text: expect.stringContaining("does not start twice") },
    ]);
  });

  test("no two starts within the 400 days are further apart than the longest gap [A8]", () => {
    const events = constantFrom("01:00", "mon..fri 22:30", "sun 03:00", "*/2:30", "*-*-1,15 02:30", "sat,sun 02:30");
    const zones = constantFrom("Europe/Berlin", "America/New_York", "UTC", "Australia/Lord_Howe");
    assert(
      property(events, zones, integer({ min: 0, max: 399 * day }), (event, zone, later) => {
        const gap = longestGap(event, now, zone);
        const from = nextStart(parseCalendarEvent(event), now + later, zone);
        const to = from === undefined ? undefined : nextStart(parseCalendarEvent(event), from, zone);
        if (gap === undefined || from === undefined || to === undefined || from > now + 400 * day) return;
        expect(to - from).toBeLessThanOrEqual(gap.to - gap.from);
      }),
      { numRuns: 100 },
    );
  });

  test.each(["prod", "lab", "monitoring"])("the defaults of %s meet each other [A4, A8, A13]", (profile) => {
    const environment = withSettings({ profile });
    expect(objectiveFindings(environment, { now, timeZone: "UTC", lastRun: undefined })).toEqual([]);
    const [finding] = objectiveFindings(environment, { now, timeZone: "Asia/Tokyo", lastRun: 3 * hour });
    expect(finding?.details[1]).toBe("+ the run itself: 3h (as the last one took)");
  });

  test("the run that spring swallows is told, and stops nothing where only defaults were used [A8]", () => {
    const facts = { now, timeZone: "Europe/Berlin", lastRun: undefined };
    const [finding] = objectiveFindings(withSettings({ profile: "monitoring" }), facts);
    expect(finding).toMatchObject({
      weight: "note",
      details: [
        "longest gap: 2027-03-27 02:00 to 2027-03-29 02:00 (Europe/Berlin) = 1d 23h",
        "  (the run between falls into the hour that spring leaves out: Proxmox skips it)",
        "+ the run itself: 1h (assumed, there was none yet)",
        "= 2d of work can be lost; the RPO allows 1d 2h",
      ],
    });
    const chosen = withSettings({ backup: { ...exampleSettings().backup, schedule: "02:30" } });
    expect(objectiveFindings(chosen, facts)).toMatchObject([{ weight: "broken" }]);
  });

  test("a guest with an objective of its own is named with the arithmetic [A8]", () => {
    const environment = withSettings({ guests: { web: { ...exampleContainer(), objectives: { rpo: "12h" } } } });
    expect(objectiveFindings(environment, { now, timeZone: "Europe/Berlin", lastRun: undefined })).toEqual([
      {
        policy: "objectives",
        path: ["guests", "web", "objectives", "rpo"],
        weight: "broken",
        guests: ["web"],
        text: "'01:00' cannot meet the RPO of 12h of guest web",
        details: [
          "longest gap: 2027-10-31 01:00 to 2027-11-01 01:00 (Europe/Berlin) = 1d 1h",
          "+ the run itself: 1h (assumed, there was none yet)",
          "= 1d 2h of work can be lost; the RPO allows 12h",
        ],
        hint: "run the job more often, or allow more: 1d 2h",
      },
    ]);
  });
});

describe("coverage", () => {
  const optOut = { exclude: "scratch", owner: "me", until: "2026-11-20" };
  const facts = { today: "2026-11-21", adoptedDisks: new Map() };

  test("an opt-out holds on its last day, and is broken on the next [A7]", () => {
    const environment = withSettings({ guests: { web: { ...exampleContainer(), backup: optOut } } });
    expect(coverageFindings(environment, { ...facts, today: "2026-11-20" })).toMatchObject([{ weight: "note" }]);
    expect(coverageFindings(environment, facts)).toMatchObject([
      {
        weight: "broken",
        path: ["guests", "web", "backup", "until"],
        text: expect.stringContaining("guest web was left out"),
      },
    ]);
  });

  test("an opt-out that ends within two weeks is told before it is broken [A7]", () => {
    const environment = withSettings({
      guests: { web: { ...exampleContainer(), backup: { ...optOut, until: "2026-12-05" } } },
    });
    expect(coverageFindings(environment, facts)).toMatchObject([
      { weight: "note", text: expect.stringContaining("until 2026-12-05") },
    ]);
    expect(coverageFindings(environment, { ...facts, today: "2026-11-20" })).toEqual([]);
  });

  test("a job that is off backs up nobody [A7]", () => {
    const environment = withSettings({ backup: { ...exampleSettings().backup, enabled: false } });
    expect(coverageFindings(environment, facts)).toMatchObject([{ path: ["backup", "enabled"] }]);
  });

  test("a mistake in a policy is no mistake in the structure: the settings are read [A6]", () => {
    expect(withSettings({ guests: { web: { ...exampleContainer(), backup: optOut } } }).guests).toHaveLength(1);
  });
});

describe("hazards", () => {
  const facts: HazardFacts = {
    today: "2026-11-21",
    now,
    timeZone: "UTC",
    storage: { shared: false, retention: undefined },
    adoptedStorages: new Map(),
    presentRetention: undefined,
    archives: [],
    neighbours: [],
  };
  const nfs = { id: "nas", type: "nfs", server: "192.0.2.9", export: "/backup" };

  function texts(other: Readonly<Record<string, unknown>>, otherFacts: Partial<HazardFacts> = {}): string[] {
    return hazardFindings(withSettings(other), { ...facts, ...otherFacts }).map(({ text }) => text);
  }

  test("backups on the guest's own node, until somebody accepts it [A12]", () => {
    expect(texts({})).toEqual([expect.stringContaining("the only backups of web lie on their own node")]);
    const entry = { hazard: "own-node", reason: "copied away", owner: "ops", until };
    expect(texts({ acknowledge: [entry] })).toEqual([]);
    expect(texts({ acknowledge: [{ ...entry, guest: "other" }] })).toHaveLength(1);
    expect(texts({ acknowledge: [{ ...entry, until: "2026-11-20" }] })).toHaveLength(1);
  });

  test("backups on the storage of the guest's disks [A12]", () => {
    const shared = { storage: { shared: true, retention: undefined } };
    const storage = { id: "local", type: "dir", path: "/var/lib/vz", shared: true };
    expect(texts({ backup: { storage } }, shared)).toEqual([
      expect.stringContaining("on the storage of their disks (local)"),
    ]);
  });

  test("two standalone nodes that write the same ids to one storage [A12]", () => {
    const raw = {
      proxmox: { endpoint: "https://192.0.2.12:8006/" },
      backup: { storage: nfs },
      guests: { other: { id: 101 }, left: { id: 102, backup: { exclude: "x" } }, old: { adopt: 101 } },
    };
    const shared = { storage: { shared: true, retention: undefined } };
    const neighbours = [neighbourOf("lab", raw)];
    expect(texts({ backup: { storage: nfs } }, { ...shared, neighbours })).toEqual([
      expect.stringContaining("environment lab has guests of the same ids (101)"),
    ]);
    const sameCluster = [neighbourOf("lab", { ...raw, proxmox: { endpoint: "https://192.0.2.11:8006" } })];
    expect(texts({ backup: { storage: nfs } }, { ...shared, neighbours: sameCluster })).toEqual([]);
    const elsewhere = [neighbourOf("lab", { ...raw, backup: { storage: { ...nfs, export: "/lab" } } })];
    expect(texts({ backup: { storage: nfs } }, { ...shared, neighbours: elsewhere })).toEqual([]);
  });

  test("a retention of the storage beside the job's [A12]", () => {
    const storage = { shared: true, retention: "keep-last=1" };
    expect(texts({ backup: { storage: nfs } }, { storage })).toEqual([expect.stringContaining("keep-last=1")]);
  });

  test("what the next run removes counts the archive that it makes, and spares what is protected [A12]", () => {
    const archives = [1, 2, 3, 4].map((age) => ({
      volid: `a${age}`,
      vmid: 101,
      time: now - age * day,
      protected: age === 4,
    }));
    expect(removedByNextRun(archives, { keepLast: 2 }, now, "UTC").map(({ volid }) => volid)).toEqual(["a2", "a3"]);
  });
});

test("without a node the settings alone are judged, in UTC [A6]", () => {
  const { broken, notes } = judgePolicies(withSettings({}), factsWithoutNode(now, []));
  expect(broken).toEqual([]);
  expect(notes).toHaveLength(1);
});
