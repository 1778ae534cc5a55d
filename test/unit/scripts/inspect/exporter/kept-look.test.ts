import { KeptLook } from "../../../../../scripts/inspect/exporter/kept-look";
import { sample } from "../../../../../scripts/inspect/exporter/sample";

const labels = { environment: "prod" };

function watched(): KeptLook {
  const kept = new KeptLook("prod");
  const samples = sample("lifeboat_guest_backups", { ...labels, guest: "web", id: "101" }, 3);
  kept.saw({ samples, ended: 1_000, seconds: 2 });
  return kept;
}

/** Without the failures that there were not. */
function printed(kept: KeptLook): Record<string, number> {
  return Object.fromEntries([...others(kept), ...failures(kept)].map(({ name, value }) => [name, value]));
}

const counted = (kept: KeptLook) => kept.samples().filter(({ name }) => name === "lifeboat_look_errors_total");
const others = (kept: KeptLook) => kept.samples().filter(({ name }) => name !== "lifeboat_look_errors_total");
const failures = (kept: KeptLook) => counted(kept).filter(({ value }) => value > 0);

test("what was seen stays for two looks that fail, under its own time, and goes with the third [C2]", () => {
  const kept = watched();
  kept.failed("unreachable", false);
  kept.failed("lost", false);
  expect(printed(kept)).toMatchObject({
    lifeboat_environment_up: 0,
    lifeboat_look_timestamp_seconds: 1_000,
    lifeboat_guest_backups: 3,
  });
  kept.failed("lost", false);
  expect(printed(kept)).not.toHaveProperty("lifeboat_guest_backups");
  expect(printed(kept)).toHaveProperty("lifeboat_look_timestamp_seconds", 1_000);
  expect(failures(kept)).toEqual([
    { name: "lifeboat_look_errors_total", labels: { ...labels, kind: "lost" }, value: 2 },
    { name: "lifeboat_look_errors_total", labels: { ...labels, kind: "unreachable" }, value: 1 },
  ]);
});

test("a look that hangs counts as one that fails, and one that succeeds begins anew [C2]", () => {
  const kept = watched();
  kept.passed();
  kept.failed("lost", false);
  kept.saw({ samples: sample("lifeboat_environment_up", labels, 1), ended: 2_000, seconds: 2 });
  kept.passed();
  kept.passed();
  expect(kept.samples().filter(({ name }) => name === "lifeboat_environment_up")).toHaveLength(2);
  kept.passed();
  expect(kept.samples().filter(({ name }) => name === "lifeboat_environment_up")).toHaveLength(1);
});

test("before the first look nothing is said of an environment [C2]", () => {
  expect(others(new KeptLook("prod"))).toEqual([]);
});

test("every kind of failure is counted from 0 on, so that Prometheus sees the first one [C2]", () => {
  const kept = new KeptLook("prod");
  const before = counted(kept);
  expect(before.map(({ value }) => value)).toEqual(before.map(() => 0));
  kept.failed("unauthorized", false);
  kept.count("incomplete");
  expect(counted(kept)).toHaveLength(before.length);
  expect(failures(kept).map(({ labels: { kind } }) => kind)).toEqual(["incomplete", "unauthorized"]);
});

test("what is not allowed is no node that is down [C2]", () => {
  const kept = new KeptLook("prod");
  kept.lacks([{ path: "/", privilege: "Sys.Audit" }]);
  kept.failed("forbidden", true);
  expect(printed(kept)).toEqual({
    lifeboat_environment_up: 1,
    lifeboat_look_errors_total: 1,
    lifeboat_permission_missing: 1,
  });
});
