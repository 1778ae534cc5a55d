import { type CopyStatus, stateProblems, type StateStatus } from "../../../../../scripts/inspect/status/state-status";

const noon = Date.parse("2026-11-20T12:00:00Z");
const hour = 3_600_000;

const copy: CopyStatus = {
  kind: "folder",
  place: "/copies",
  time: noon - hour,
  by: "command",
  duringUpdate: false,
  isOlder: false,
  trouble: undefined,
};
const offsite: CopyStatus = { ...copy, kind: "offsite", by: "timer" };
const none: CopyStatus = { ...copy, time: undefined, by: undefined, isOlder: undefined };
const state: StateStatus = {
  lives: "store",
  place: "s3://lifeboat-state-prod",
  modified: noon - 2 * hour,
  trouble: undefined,
  damage: undefined,
  objectLock: true,
  copies: [copy, offsite],
};

test.each<[string, Partial<StateStatus>, RegExp | undefined]>([
  ["all is well", {}, undefined],
  [
    "the store is newer than a copy: told with the copy, and nobody has to hurry",
    { copies: [{ ...copy, isOlder: true }] },
    undefined,
  ],
  [
    "the store does not answer",
    { trouble: "it does not answer", modified: undefined },
    /cannot be reached.*state fallback prod/u,
  ],
  ["its bucket has no object lock", { objectLock: false }, /its key can force away every version.*An older bucket/u],
  ["the state is here in a fallback", { lives: "fallback" }, /on this machine.*state return prod/u],
  ["there is no copy at all", { copies: [none] }, /no copy of its state: lifeboat backup state prod/u],
  ["there is no state yet either", { copies: [none], modified: undefined }, undefined],
  ["one copy of two is there", { copies: [none, offsite] }, undefined],
  [
    "nobody could look at a copy",
    { copies: [copy, { ...offsite, time: undefined, trouble: "no answer" }] },
    /the offsite copy of its state cannot be looked at: no answer/u,
  ],
  [
    "the timer has missed its time",
    { copies: [{ ...offsite, time: noon - 30 * hour }] },
    /offsite copy.*systemctl status/u,
  ],
  [
    "a copy is dated later than the clock: nobody knows how old it is",
    { copies: [{ ...offsite, time: noon + 2 * hour }] },
    /the offsite copy of its state is dated 2026-11-20T14:00:00.000Z, later than the clock.*lifeboat backup state prod --to offsite/u,
  ],
  [
    "the folder's copy is dated so",
    { copies: [{ ...copy, time: noon + 2 * hour }, offsite] },
    /the copy of its state in \/copies is dated .*; make another: lifeboat backup state prod$/u,
  ],
  ["clocks are never quite the same", { copies: [copy, { ...offsite, time: noon + 30_000 }] }, undefined],
  ["it is not due yet", { copies: [{ ...offsite, time: noon - 7 * hour }] }, undefined],
])("%s [E6]", (_, change, wanted) => {
  const problems = stateProblems("prod", { ...state, ...change }, "04:15", noon / 1_000);
  expect(problems).toEqual(wanted === undefined ? [] : [expect.stringMatching(wanted)]);
});
