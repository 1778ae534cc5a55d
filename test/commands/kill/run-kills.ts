import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { FileWrite } from "../support/kit";
import type { KillMoment, RunResult } from "../support/run-bundle";
import type { KillRow, Stage } from "./kill-row";

/** How often each row is killed by a real SIGKILL, which must leave the same as the kill within this process. */
const realKills = { ofOne: 3, ofBatch: 8 };

interface Ended {
  /** Exit code of the first run; null when it was killed. */
  readonly first: number | null;
  /** What the kill left: journals and locks, as far as two runs leave the same. */
  readonly left: unknown;
  readonly picture: unknown;
}

/** The tests of some rows on stages of one kind: one for each row, and one for its undo. */
export function runKills<Place extends Stage>(
  open: () => Promise<{ readonly stages: readonly Place[]; readonly close: () => Promise<void> }>,
  rows: readonly KillRow<Place>[],
): void {
  let stages: readonly Place[];
  let close: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    ({ stages, close } = await open());
  });
  afterAll(() => close?.());

  describe.each(rows.map((row) => ({ ...row, row })))("$operation, killed", ({ row, operation, ids }) => {
    test(`at every moment: '${operation}' is ended by the same command [${ids}]`, async () => {
      const { moments, picture } = await undisturbed(row, firstOf(stages));
      const again = await killAll(row, stages, moments, (stage) => row.argv(stage));
      expect(again.filter(({ first, picture: seen }) => first !== null || !same(seen, picture))).toEqual([]);
      const sample = spread(moments, row.isBatch === true ? realKills.ofBatch : realKills.ofOne);
      const real = await killAll(row, stages, sample, (stage) => row.argv(stage), true);
      expect(real.map(({ moment, first, picture: seen }) => ({ moment, first, seen }))).toEqual(
        sample.map((moment) => ({ moment, first: null, seen: picture })),
      );
      if (row.isBatch === true) return;
      const here = sample.map((moment) => again[moments.indexOf(moment)]?.left);
      expect(real.map(({ left }) => left)).toEqual(here);
    });

    const { undo } = row;
    if (undo === undefined) return;
    test(`with something done that is not recorded: '${operation}' is taken back by undo [${ids}]`, async () => {
      const { moments } = await undisturbed(row, firstOf(stages));
      // Where most can be wrong: something was changed and the journal does not say so. Before its first write nothing was begun.
      const unrecorded = moments.filter((moment) => moment.startsWith("before") && moment !== "before 1");
      const ended = await killAll(row, stages, unrecorded, undo.argv);
      for (const { moment, first, picture } of ended) {
        expect({ moment, first, picture }).toEqual({
          moment,
          first: null,
          picture: expect.objectContaining(undo.wanted),
        });
      }
    });
  });
}

/** What a run leaves that nobody kills, and the moments at which killing it makes a difference. */
async function undisturbed<Place extends Stage>(row: KillRow<Place>, stage: Place) {
  const writes: FileWrite[] = [];
  const look = await row.prepare(stage);
  const { code, stderr } = await stage.lifeboat(row.argv(stage), { onWrite: (write) => writes.push(write) });
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) });
  const picture = await look();
  await row.tidy?.(stage);
  expect(picture).toMatchObject(row.wanted);
  const moments =
    row.after === undefined ? momentsOf(writes) : row.after(writes).map((number) => `after ${number}` as const);
  const seen = { writes: writes.length / 2, changes: moments.filter((moment) => moment.startsWith("before")).length };
  expect(seen).toEqual({ writes: atLeast(row.writes), changes: atLeast(row.changes) });
  return { moments, picture };
}

/**
 * After each write but the last, which says that the operation has ended; and before those writes since whose predecessor
 * something was changed: that is done and not recorded.
 */
function momentsOf(writes: readonly FileWrite[]): KillMoment[] {
  const last = writes.findLast(({ text }) => /"state": ?"(?:done|ended)"/u.test(text))?.number ?? 0;
  let known = 0;
  return writes
    .filter(({ moment, number }) => number < last || (number === last && moment === "before"))
    .flatMap(({ moment, number, effects }): KillMoment[] => {
      const isChanged = effects > known;
      known = effects;
      return moment === "after" || isChanged ? [`${moment} ${number}`] : [];
    });
}

/** Kills the operation at each moment, runs the command that follows, and looks. In the order of the moments. */
async function killAll<Place extends Stage>(
  row: KillRow<Place>,
  stages: readonly Place[],
  moments: readonly KillMoment[],
  next: (stage: Place) => readonly string[],
  asProcess = false,
): Promise<(Ended & { readonly moment: KillMoment })[]> {
  const lanes = stages.map(async (stage, lane) => {
    const ended: (Ended & { readonly moment: KillMoment })[] = [];
    for (const moment of moments.filter((_, index) => index % stages.length === lane)) {
      ended.push({ moment, ...(await kill(row, stage, moment, next(stage), asProcess)) });
    }
    return ended;
  });
  // All of them to their end, also where one has failed: what goes on after a test disturbs the next.
  await Promise.allSettled(lanes);
  const all = (await Promise.all(lanes)).flat();
  return all.sort((a, b) => moments.indexOf(a.moment) - moments.indexOf(b.moment));
}

async function kill<Place extends Stage>(
  row: KillRow<Place>,
  stage: Place,
  killAt: KillMoment,
  next: readonly string[],
  asProcess: boolean,
): Promise<Ended> {
  const look = await row.prepare(stage);
  const known = namesIn(stage.stateFolder);
  const { code: first } = await stage.lifeboat(row.argv(stage), { killAt, asProcess });
  const left = leftIn(stage.stateFolder, known);
  const { code, stderr } = await onceTheNodeIsDone(() => stage.lifeboat(next));
  // Here and not where all are compared: the stage cannot be brought into another state.
  if (code !== 0) throw new Error(`killed ${killAt}, \`${next.join(" ")}\` ends with ${String(code)}: ${stderr}`);
  const picture = await look();
  await row.tidy?.(stage);
  return { first, left, picture };
}

/** What the killed run had started goes on: a task holds the guest's lock, a `pulumi` that of its stack. As long the next is refused. */
async function onceTheNodeIsDone(run: () => Promise<RunResult>): Promise<RunResult> {
  for (let tries = 1; ; tries += 1) {
    const result = await run();
    if (tries === 50 || result.code === 0 || !/task|is locked on its node|holds Pulumi's lock/u.test(result.stderr))
      return result;
    await pause(100);
  }
}

function namesIn(folder: string): ReadonlySet<string> {
  return new Set(existsSync(folder) ? readdirSync(folder) : []);
}

/** New files of the state folder: of a journal its state, and its steps with theirs and with the names of their facts. */
function leftIn(folder: string, known: ReadonlySet<string>): unknown[] {
  const fresh = [...namesIn(folder)].filter((name) => !known.has(name)).sort();
  return fresh.map((name) => (name.endsWith(".json") ? shapeOf(join(folder, name)) : masked(name)));
}

/** A name without what differs each time. */
function masked(name: string): string {
  return name.replace(/[\da-f-]{36}(?=\.tmp$)/u, "RANDOM").replaceAll(/\d+/gu, "N");
}

interface JournalText {
  readonly state: string;
  readonly steps?: Readonly<Record<string, { readonly state: string; readonly facts: object }>>;
}

function shapeOf(path: string): unknown {
  const { state, steps = {} }: JournalText = JSON.parse(readFileSync(path, "utf8"));
  return { state, steps: Object.entries(steps).map(([step, { state: at, facts }]) => [step, at, Object.keys(facts)]) };
}

function spread(moments: readonly KillMoment[], count: number): KillMoment[] {
  const places = Array.from({ length: count }, (_, index) => Math.floor(((index + 0.5) * moments.length) / count));
  return moments.filter((_, index) => places.includes(index));
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function atLeast(least: number): unknown {
  return {
    asymmetricMatch: (value: unknown) => typeof value === "number" && value >= least,
    toString: () => `at least ${least}`,
  };
}

function firstOf<Value>(values: readonly Value[]): Value {
  const [first] = values;
  if (first === undefined) throw new Error("there is no stage");
  return first;
}
