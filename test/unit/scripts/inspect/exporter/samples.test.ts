import { samplesOf } from "../../../../../scripts/inspect/exporter/samples";
import { metrics } from "../../../../../site/monitoring/metrics";
import type { EnvironmentFacts } from "../../../../../scripts/inspect/status/read-environment";
import { allSamples, facts, lookOf, noon } from "./full-look";

function valuesOf(changes: Partial<EnvironmentFacts> = {}): Map<string, number> {
  return new Map(
    samplesOf(lookOf(changes)).map(({ name, labels, value }) => [
      [
        name.replace("lifeboat_", ""),
        ...["guest", "disk", "kind", "node"].flatMap((label) => labels[label] ?? []),
      ].join(" "),
      value,
    ]),
  );
}

/** Where no proof was found: for certain, or because notes could not be read. */
function withoutProof(isCertain: boolean): Map<string, number> {
  return valuesOf({ drills: { copies: [], proofs: new Map([[101, { proof: undefined, isCertain }]]) } });
}

test("every metric of the catalogue is printed, with its labels and no others [C2]", () => {
  const samples = allSamples();
  const printed = new Set<string>(samples.map(({ name }) => name));
  expect(Object.keys(metrics).filter((name) => !printed.has(name))).toEqual([]);
  for (const { name, labels } of samples)
    expect([name, Object.keys(labels).sort()]).toEqual([name, [...metrics[name].labels].sort()]);
});

test("a guest's series say what status has seen [C2]", () => {
  const values = valuesOf();
  expect(
    Object.fromEntries([...values].filter(([key]) => key.startsWith("guest_") || key.startsWith("disk_"))),
  ).toEqual({
    "guest_info web pve-prod": 1,
    "guest_backup_expected web": 1,
    "guest_rpo_seconds web": 93_600,
    "guest_archives_seen web": 1,
    "guest_backups web": 2,
    "guest_last_backup_timestamp_seconds web": noon - 9 * 3_600,
    "guest_last_backup_size_bytes web": 2_000,
    "guest_last_backup_duration_seconds web": 42,
    "guest_previous_backup_size_bytes web": 3_000,
    "guest_verification_timestamp_seconds web": noon - 60,
    "guest_verification_failed web": 0,
    "guest_backup_failed web": 1,
    "guest_proof_timestamp_seconds web": Date.parse("2026-11-15T04:00:00Z") / 1_000,
    "guest_proof_success web": 1,
    "guest_proof_max_age_seconds web": 14 * 86_400,
    "disk_not_covered web data": 1,
    "disk_opt_out_until_timestamp_seconds web cache": Date.parse("2036-01-01T00:00:00Z") / 1_000 - 1,
    "guest_info old pve-prod": 1,
    "guest_backup_expected old": 0,
    "guest_opt_out_until_timestamp_seconds old": Date.parse("2036-01-01T00:00:00Z") / 1_000 - 1,
    "guest_not_covered stranger": 1,
  });
});

test("a newest archive that was found bad is no backup, and is said to be bad [C2]", () => {
  const [newest, ...others] = facts.archivesOf(101);
  if (newest === undefined) throw new Error("there is one");
  const damaged = { ...newest, verified: { time: noon, sha256: undefined, damage: "it is cut off" } };
  const values = valuesOf({ archivesOf: (id) => (id === 101 ? [damaged, ...others] : []) });
  expect(values.get("guest_verification_failed web")).toBe(1);
  expect(values.get("guest_last_backup_timestamp_seconds web")).toBe(noon - 10 * 3_600);
});

test("a backup that was made since takes a run back that failed [C2]", () => {
  const [run] = facts.runs;
  if (run?.last === undefined) throw new Error("there is one");
  const earlier = { ...run, last: { ...run.last, started: noon - 10 * 3_600 } };
  expect(valuesOf({ runs: [earlier] }).get("guest_backup_failed web")).toBe(0);
  expect(valuesOf({ runs: [{ ...run, last: undefined, unread: "no answer" }] }).has("guest_backup_failed web")).toBe(
    false,
  );
});

test("a drill of which nobody knows is not one that never was [C2]", () => {
  expect(withoutProof(false).has("guest_proof_max_age_seconds web")).toBe(false);
  expect(withoutProof(true).get("guest_proof_max_age_seconds web")).toBe(14 * 86_400);
  expect(withoutProof(true).has("guest_proof_timestamp_seconds web")).toBe(false);
});

describe("a restore that another machine has left half done [C2]", () => {
  const key = "unfinished_operation_timestamp_seconds web restore";
  const guest = { type: "lxc", vmid: 101, node: "pve-prod", name: "web" } as const;
  const began = noon - 8 * 3_600;

  test.each<[string, Partial<EnvironmentFacts>, number | undefined]>([
    ["a save point, and the guest is stopped", {}, began],
    ["it runs", { onNode: new Map([[101, { ...guest, status: "running" }]]) }, undefined],
    ["it runs locked", { onNode: new Map([[101, { ...guest, status: "running", lock: "create" }]]) }, began],
    ["it is gone", { onNode: new Map() }, began],
    [
      "it may be hidden",
      { onNode: new Map(), hidden: new Map([[101, { privilege: "VM.Audit", path: "/vms/101" }]]) },
      undefined,
    ],
    [
      "there is no save point",
      { archivesOf: (id) => facts.archivesOf(id).filter(({ notes }) => notes === "") },
      undefined,
    ],
  ])("%s", (_, changes, expected) => {
    expect(valuesOf(changes).get(key)).toBe(expected);
  });

  test("a copy that a drill has left", () => {
    const mark = { operation: "d1", time: noon - 86_400, by: "anna@desk" };
    const drills = { ...facts.drills, copies: [{ vmid: 901, node: "pve-prod", mark }] };
    expect(valuesOf({ drills }).get("unfinished_operation_timestamp_seconds  drill")).toBe(mark.time);
    const fresh = { ...facts.drills, copies: [{ vmid: 901, node: "pve-prod", mark: { ...mark, time: noon - 600 } }] };
    expect(valuesOf({ drills: fresh }).has("unfinished_operation_timestamp_seconds  drill")).toBe(false);
  });
});

test("a storage that the node lists no more, as one that somebody removed: what lies on it is not seen, and not gone [C2]", () => {
  const [stray] = facts.storages.storages;
  if (stray === undefined) throw new Error("there is no storage");
  for (const storages of [[], [{ ...stray, storage: "other" }], [{ ...stray, shared: false, node: "pve-lab" }]]) {
    const values = valuesOf({ storages: { ...facts.storages, storages } });
    expect(values.get("guest_archives_seen web")).toBe(0);
    expect(values.has("guest_last_backup_timestamp_seconds web")).toBe(false);
  }
});

test("runs of a node that does not list its tasks are not seen; there is no word of success or failure [C2]", () => {
  const values = valuesOf({ runs: [{ running: [], last: undefined, timed: [], unread: "not listed" }] });
  expect(values.get("job_runs_seen")).toBe(0);
  expect(values.has("guest_backup_failed web")).toBe(false);
  expect(valuesOf().get("job_runs_seen")).toBe(1);
});

test("what may not be seen has no series [C2]", () => {
  const unseen = new Map([[101, [{ privilege: "VM.Backup", path: "/vms/101" }]]]);
  const values = valuesOf({ unseen });
  expect(values.get("guest_archives_seen web")).toBe(0);
  expect([...values.keys()].filter((key) => /^guest_(?:backups|last_|previous_|verification)/u.test(key))).toEqual([]);
});
