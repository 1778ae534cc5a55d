import { type ListedSnapshot, missedSnapshot, nameByTime, scheduledFor, snapshotDuty } from "../../../site/snapshots";

const zone = "Europe/Amsterdam";
const settings = { schedule: "*/6:00", keep: 3 };
const at = (text: string): number => Date.parse(text) / 1_000;

/** Takes what is due at a moment, as a run of the command does. */
function run(snapshots: readonly ListedSnapshot[], now: number, how = settings): ListedSnapshot[] {
  const { take, remove } = snapshotDuty(how, snapshots, now, zone);
  const taken = take === undefined ? [] : [{ ...take, time: now, incomplete: false }];
  return [...snapshots, ...taken].filter(({ name }) => !remove.includes(name));
}

function names(snapshots: readonly ListedSnapshot[]): string[] {
  return snapshots.map(({ name }) => name);
}

const byHand: ListedSnapshot = { name: "before-update", description: "by hand", time: 1, incomplete: false };

test("one snapshot for each time of the schedule, however often it runs; the oldest go, others' stay [D13]", () => {
  let snapshots: ListedSnapshot[] = [byHand];
  for (let now = at("2026-11-20T00:03:00+01:00"); now < at("2026-11-21T07:00:00+01:00"); now += 300) {
    snapshots = run(snapshots, now);
    expect(snapshots.length).toBeLessThanOrEqual(4);
  }
  expect(names(snapshots)).toEqual(["before-update", "auto-20261120-1800", "auto-20261121-0000", "auto-20261121-0600"]);
  expect(snapshots.slice(1).map(scheduledFor)).toEqual([
    at("2026-11-20T18:00:00+01:00"),
    at("2026-11-21T00:00:00+01:00"),
    at("2026-11-21T06:00:00+01:00"),
  ]);
});

test("after days without a run one snapshot is taken, for the last time only", () => {
  const first = run([], at("2026-11-20T06:10:00+01:00"));
  expect(names(run(first, at("2026-11-23T13:00:00+01:00")))).toEqual(["auto-20261120-0600", "auto-20261123-1200"]);
});

test("a smaller number removes more at once; a run that finds the snapshot there only tidies up", () => {
  const many = [0, 1, 2, 3, 4].reduce<ListedSnapshot[]>(
    (snapshots, day) => run(snapshots, at("2026-11-16T06:10:00+01:00") + day * 86_400, { ...settings, keep: 9 }),
    [],
  );
  expect(names(run(many, at("2026-11-20T06:15:00+01:00"), { ...settings, keep: 2 }))).toEqual([
    "auto-20261119-0600",
    "auto-20261120-0600",
  ]);
});

test("only what name and description both claim is the schedule's: nothing else is removed", () => {
  const [own] = run([], at("2026-11-20T06:10:00+01:00"));
  if (own === undefined) throw new Error("nothing was taken");
  expect(scheduledFor(own)).toBe(at("2026-11-20T06:00:00+01:00"));
  expect(scheduledFor({ ...own, name: "mine" })).toBeUndefined();
  expect(scheduledFor({ ...own, description: "by hand" })).toBeUndefined();
  expect(scheduledFor({ ...own, description: `x\n${own.description}` })).toBeUndefined();
  const strangers = [1, 2, 3, 4, 5].map((day): ListedSnapshot => ({ ...byHand, name: `auto-2026110${day}-0600` }));
  expect(snapshotDuty({ ...settings, keep: 1 }, strangers, at("2026-11-20T06:10:00+01:00"), zone).remove).toEqual([]);
});

test("a snapshot that was broken off counts for nothing, and its name is not taken again", () => {
  const [own] = run([], at("2026-11-20T06:10:00+01:00"));
  const broken = [{ name: own?.name ?? "", description: own?.description ?? "", time: undefined, incomplete: true }];
  expect(snapshotDuty(settings, broken, at("2026-11-20T06:20:00+01:00"), zone)).toMatchObject({
    take: undefined,
    remove: [],
  });
  expect(missedSnapshot(settings, broken, at("2026-11-20T07:20:00+01:00"), zone)).toMatch(
    /^the snapshot of 2026-11-20 06:00 is missing/u,
  );
});

test("through both changes of summer time every name comes once, and a day has as many as its schedule", () => {
  for (const [day, count] of [
    ["2026-10-25", 24],
    ["2027-03-28", 23],
  ] as const) {
    let snapshots: ListedSnapshot[] = [];
    const start = at(`${day}T00:00:00${day.startsWith("2026") ? "+02:00" : "+01:00"}`);
    const hours = count === 24 ? 25 : 23;
    for (let now = start; now < start + hours * 3_600; now += 600) {
      snapshots = run(snapshots, now, { schedule: "*:00", keep: 100 });
    }
    expect(new Set(names(snapshots)).size).toBe(snapshots.length);
    expect([day, snapshots.length]).toEqual([day, count]);
  }
});

test("missed: an hour after its time, with the newest that there is", () => {
  const snapshots = run([], at("2026-11-20T06:10:00+01:00"));
  expect(missedSnapshot(settings, snapshots, at("2026-11-20T12:59:00+01:00"), zone)).toBeUndefined();
  expect(missedSnapshot(settings, snapshots, at("2026-11-20T13:01:00+01:00"), zone)).toBe(
    "the snapshot of 2026-11-20 12:00 is missing (the newest is of 2026-11-20 06:00): does the timer of 'lifeboat backup snapshots --due' run?",
  );
  expect(missedSnapshot(settings, [], at("2026-11-20T13:01:00+01:00"), zone)).toContain("there is none yet");
});

test("a schedule without a past has nothing due", () => {
  expect(snapshotDuty({ schedule: "2030-01-01 00:00", keep: 1 }, [], at("2026-11-20T13:01:00Z"), zone)).toEqual({
    due: undefined,
    take: undefined,
    remove: [],
    next: at("2030-01-01T00:00:00+01:00"),
  });
});

test("a name by the time is one that is free, though two are made in one second", () => {
  const moment = at("2026-11-20T06:10:09+01:00");
  expect(nameByTime("before", moment, zone, [])).toBe("before-20261120-061009");
  const taken = ["before-20261120-061009", "before-20261120-061009-2"];
  expect(nameByTime("before", moment, zone, taken)).toBe("before-20261120-061009-3");
});
