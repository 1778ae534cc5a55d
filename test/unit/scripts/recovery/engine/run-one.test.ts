import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { openContext } from "../../../../../scripts/commands/frame/context";
import { openSite } from "../../../../../scripts/project/site";
import { takeProcessLock } from "../../../../../scripts/machine/process-lock";
import type { Demand, GivenAnswers } from "../../../../../scripts/recovery/engine/consent";
import type { Operation } from "../../../../../scripts/recovery/engine/operation";
import { runOne } from "../../../../../scripts/recovery/engine/run-one";
import { type StackSession, stateOf } from "../../../../../scripts/recovery/engine/session";
import type { Finding, Step } from "../../../../../scripts/recovery/engine/step";

/** One operation on one subject: what is asked before it, and what an earlier one that is half done means for it. */
let folder: string;
let output: string;
let talk: string;
/** What was done, in order. */
let done: string[];
/** The step that fails, once. */
let fails: string | undefined;
let close: (() => Promise<void>)[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-run-one-"));
  mkdirSync(join(folder, "project"));
  writeFileSync(join(folder, "project", "Pulumi.yaml"), "name: shop\nruntime: nodejs\n");
  writeFileSync(
    join(folder, "project", "Pulumi.prod.yaml"),
    `config:
  lifeboat:profile: prod
  lifeboat:proxmox: { endpoint: "https://192.0.2.11:8006", node: pve-prod }
  lifeboat:backup: { storage: { id: backup, adopt: true } }
  lifeboat:guests: { legacy: { adopt: 140 } }
`,
  );
  output = "";
  talk = "";
  done = [];
  fails = undefined;
  close = [];
});

afterEach(async () => {
  for (const one of close) await one();
  rmSync(folder, { recursive: true });
});

/** A run of the command line of its own: its lock is given back when it has ended. */
async function asCommand<Result>(work: (session: StackSession) => Promise<Result>, dryRun = false): Promise<Result> {
  const io = {
    writeOutput: (text: string) => void (output += text),
    writeError: (text: string) => void (talk += text),
    environment: { XDG_STATE_HOME: folder, HOME: folder },
    workingDirectory: folder,
    program: "lifeboat",
    isTerminal: { input: false, output: false, error: false },
    columns: () => 80,
    onInterrupt: () => () => undefined,
  };
  const project = join(folder, "project");
  const { context, close: end } = openContext(io, { json: true, project });
  const site = await openSite({
    project,
    environment: io.environment,
    workingDirectory: folder,
    redactor: context.redactor,
  });
  const environment = site.environment("prod");
  const subject = { kind: "stack", environment: "prod" } as const;
  try {
    return await work({
      context,
      environment,
      subject,
      state: stateOf(environment, context),
      dryRun,
      selector: "prod",
    });
  } finally {
    await end();
    await site.close();
  }
}

interface Wish {
  readonly kind?: string;
  readonly point?: string;
  readonly given?: GivenAnswers;
  readonly demands?: readonly Demand[];
  readonly findings?: readonly Finding[];
  readonly outdated?: string;
}

const force = { "--force": true };
const question: Demand = { flag: "--force", reason: "the plan is not confirmed", question: "Go on?" };
const loss: Demand = { flag: "--accept-loss", reason: "cache is lost", question: "Lose it?" };
const planSchema = z.object({ point: z.string() });

/** Two steps, of which the first is taken back when the second fails. */
function operationOf(wish: Wish): Operation<z.infer<typeof planSchema>> {
  const { kind = "restore-state", point = "1", given = force, demands = [question], findings = [], outdated } = wish;
  const step = (id: string): Step => ({
    id,
    title: `Step ${id}`,
    does: `does ${id}`,
    run: async () => {
      if (fails === id) throw new Error(`${id} failed`);
      done.push(id);
      return { findings };
    },
    takeBack: async () => {
      if (fails === `take back ${id}`) throw new Error(`${id} stays`);
      done.push(`take back ${id}`);
    },
  });
  const nothing = { value: {}, print: () => undefined };
  return {
    kind,
    name: "restore of prod",
    schema: planSchema,
    request: { point },
    command: `lifeboat restore state prod --point ${point}`,
    given,
    plan: async () => {
      done.push("plan");
      return { plan: { point }, demands, inputs: {}, view: nothing };
    },
    steps: () => [step("first"), step("second")],
    report: () => nothing,
    meaning: () => undefined,
    outdated: () => outdated,
  };
}

function run(wish: Wish = {}, dryRun = false): Promise<number> {
  return asCommand((session) => runOne(session, operationOf(wish)), dryRun);
}

/** States of the journals, the newest first. */
function states(): Promise<string[]> {
  return asCommand(({ state, subject }) =>
    Promise.resolve(state.journalsOf(subject).map(({ contents }) => contents.state)),
  );
}

/** Leaves an operation behind that is half done: the process died in its second step. */
async function halfDone(wish: Wish = {}): Promise<void> {
  await asCommand(async ({ state }) => {
    const { kind, command, request } = operationOf(wish);
    const journal = state.begin({ kind, command, request, inputs: {}, plan: { point: wish.point ?? "1" } });
    journal.stepStarted("first");
    journal.stepDone("first", undefined);
    journal.stepStarted("second");
  });
}

describe("before anything is done", () => {
  test("the plan's question is answered by --force, and else nothing is begun: 2 [K1]", async () => {
    await expect(run({ given: {} })).rejects.toMatchObject({ exitCode: 2 });
    expect([done, await states()]).toEqual([["plan"], []]);
    expect([await run(), done.slice(1), await states()]).toEqual([0, ["plan", "first", "second"], ["done"]]);
  });

  test("each loss has a flag of its own, which --force is not: 13, naming it [K1]", async () => {
    await expect(run({ demands: [question, loss] })).rejects.toMatchObject({
      exitCode: 13,
      message: expect.stringContaining("cache is lost"),
      hint: expect.stringContaining("--accept-loss"),
    });
    await expect(run({ given: {}, demands: [question, loss] })).rejects.toMatchObject({ exitCode: 13 });
    expect([done, await states()]).toEqual([["plan", "plan"], []]);
  });

  test("a dry run shows the plan, begins nothing and keeps nobody out [K1]", async () => {
    expect([await run({ given: {} }, true), done, await states()]).toEqual([0, ["plan"], []]);
    expect(JSON.parse(output)).toHaveProperty("plan");
    expect(readdirSync(folder)).not.toContain("lifeboat");
  });

  test("another process at work on the stack: 11, and nothing is even planned [K1]", async () => {
    const release = await asCommand(({ state, subject }) =>
      Promise.resolve(takeProcessLock(state.lockPath(subject), "lifeboat up prod")),
    );
    close.push(() => Promise.resolve(release()));
    await expect(run()).rejects.toMatchObject({ exitCode: 11, message: expect.stringContaining("lifeboat up prod") });
    expect(done).toEqual([]);
  });
});

describe("an operation that is half done", () => {
  test("is resumed by the same request, from where it stopped, and not planned again [K4]", async () => {
    await halfDone();
    expect([await run(), done, await states()]).toEqual([0, ["second"], ["done"]]);
    expect(talk).toContain("it stopped in step 'Step second'");
  });

  test("is not resumed unless that is confirmed: 2 [K1]", async () => {
    await halfDone();
    await expect(run({ given: {} })).rejects.toMatchObject({ exitCode: 2 });
    expect([done, await states()]).toEqual([[], ["open"]]);
  });

  test.each<[string, Wish]>([
    ["another request of its kind", { point: "2" }],
    ["another kind of operation", { kind: "state-prune" }],
  ])("keeps %s out: 11, with the command that resumes it [K4]", async (_, other) => {
    await halfDone();
    await expect(run(other)).rejects.toMatchObject({
      exitCode: 11,
      hint: expect.stringContaining("lifeboat restore state prod --point 1"),
    });
    expect([done, await states()]).toEqual([[], ["open"]]);
  });

  test("is planned anew where it is out of date, and resumed by nobody any more [K4]", async () => {
    await halfDone();
    expect([await run({ outdated: "the point is gone by now", point: "2" }), done]).toEqual([
      0,
      ["plan", "first", "second"],
    ]);
    expect([talk.includes("the point is gone by now"), await states()]).toEqual([true, ["done", "given-up"]]);
  });

  test("is only told of in a dry run [K1]", async () => {
    await halfDone();
    expect([await run({}, true), done, await states()]).toEqual([0, [], ["open"]]);
    expect(JSON.parse(output)).toMatchObject({ resume: { remaining: [{ id: "second" }] } });
  });

  test("that failed half-way is taken back to its end before anything else begins [K4]", async () => {
    fails = "second";
    await expect(run()).rejects.toMatchObject({ message: expect.stringContaining("second failed") });
    expect([done, await states()]).toEqual([["plan", "first", "take back second", "take back first"], ["taken-back"]]);
    await halfDone();
    await asCommand(async ({ state, subject }) => state.journalsOf(subject)[0]?.setState("taking-back"));
    done = [];
    fails = undefined;
    expect([await run(), done]).toEqual([0, ["take back second", "take back first", "plan", "first", "second"]]);
  });

  test("that cannot be taken back keeps it open: 1 [K4]", async () => {
    await halfDone();
    await asCommand(async ({ state, subject }) => state.journalsOf(subject)[0]?.setState("taking-back"));
    fails = "take back first";
    await expect(run()).rejects.toMatchObject({ exitCode: 1, message: expect.stringContaining("first stays") });
    expect([done, await states()]).toEqual([["take back second"], ["taking-back"]]);
  });

  test("of which the plan cannot be read is nobody's to overwrite: 1, with what to do [K4]", async () => {
    await asCommand(async ({ state }) => {
      const { kind, command, request } = operationOf({});
      state.begin({ kind, command, request, inputs: {}, plan: { other: true } });
    });
    await expect(run()).rejects.toMatchObject({
      exitCode: 1,
      message: expect.stringContaining("cannot be read"),
      hint: expect.stringContaining("end it with the version of lifeboat that began it"),
    });
    expect([done, await states()]).toEqual([[], ["open"]]);
  });
});

test("a problem that a step has found: 3, and the operation is unproven [K1]", async () => {
  const problem = { severity: "problem", text: "no answer on port 80" } as const;
  expect([await run({ findings: [problem] }), await states()]).toEqual([3, ["unproven"]]);
  expect(JSON.parse(output)).toMatchObject({ findings: [problem, problem] });
});
