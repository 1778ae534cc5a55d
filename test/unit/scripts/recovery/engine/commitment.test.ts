import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { applySteps, hasCommitted, StepFailure } from "../../../../../scripts/recovery/engine/apply";
import type { Journal } from "../../../../../scripts/recovery/engine/journal";
import type { Observer } from "../../../../../scripts/recovery/engine/observer";
import { StateFolder } from "../../../../../scripts/recovery/engine/state-folder";
import { placeSteps, standing, type Step } from "../../../../../scripts/recovery/engine/step";

const silent: Observer = {
  step: (_placed, work) => work(() => undefined),
  takeBack: (_placed, work) => work(() => undefined),
};

let folder: string;
let journal: Journal;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-commitment-"));
  const state = new StateFolder(
    { environment: "prod", endpoint: "https://192.0.2.11:8006" },
    { XDG_STATE_HOME: folder },
  );
  journal = state.begin({ kind: "test", command: "lifeboat restore guest web", request: {}, inputs: {}, plan: {} });
});

afterEach(() => rmSync(folder, { recursive: true }));

function stepOf(id: string, rest: Partial<Step> = {}): Step {
  return { id, title: id, does: id, run: () => Promise.resolve(), ...rest };
}

/** Runs steps of which the last one fails. @returns what that means, and which steps were taken back */
async function failing(...steps: Step[]): Promise<[position: string, takenBack: string[]]> {
  const takenBack: string[] = [];
  const watchedSteps = steps.map((step) => ({ ...step, takeBack: async () => void takenBack.push(step.id) }));
  const last = stepOf("last", { run: () => Promise.reject(new Error("failed")) });
  const run = applySteps([...watchedSteps, last], journal, {
    signal: new AbortController().signal,
    observer: silent,
    staysOpen: () => false,
  });
  const failure: unknown = await run.catch((error: unknown) => error);
  if (!(failure instanceof StepFailure)) throw new Error(`No StepFailure: ${String(failure)}`);
  return [failure.position, takenBack];
}

test("after a committing step nothing is taken back, also where it noted nothing about its request [K4]", async () => {
  expect(await failing(stepOf("before"), stepOf("commit", { commits: true }))).toEqual(["committed", []]);
});

test("a committing step that was found done, since an earlier process had sent its request, counts as committed [K4]", async () => {
  journal.stepStarted("commit");
  const found = stepOf("commit", { commits: true, probe: () => Promise.resolve({}) });
  expect(await failing(stepOf("before"), found)).toEqual(["committed", []]);
});

test("a request that may have left counts as committed, whatever became of it [K4]", () => {
  const steps = placeSteps([stepOf("commit", { commits: true })]);
  journal.stepStarted("commit");
  expect(hasCommitted(steps, journal)).toBe(false);
  journal.stepNoted("commit", { sent: true });
  journal.stepFailed("commit", "no answer");
  expect(hasCommitted(steps, journal)).toBe(true);
  journal.stepNoted("commit", { sent: false });
  expect(hasCommitted(steps, journal)).toBe(false);
});

test("steps that commit nothing are taken back, the last one first, however many are done [K4]", async () => {
  expect(await failing(stepOf("first"), stepOf("second"))).toEqual(["taken-back", ["second", "first"]]);
});

test("a step that is never taken back has committed from its first moment [K4]", async () => {
  const dies = standing(stepOf("standing", { run: () => Promise.reject(new Error("died half-way")) }));
  expect(await failing(stepOf("before"), dies)).toEqual(["committed", []]);
});

test("a step that begins again knows what its earlier attempt had asked the node for [K4]", async () => {
  journal.stepStarted("take");
  journal.stepNoted("take", { knownTasks: "one two", asked: true });
  const seen: unknown[] = [];
  await failing(
    stepOf("take", { probe: async () => undefined, run: async ({ facts }) => void seen.push({ ...facts }) }),
  );
  expect(seen).toEqual([{ knownTasks: "one two", asked: true }]);
});
