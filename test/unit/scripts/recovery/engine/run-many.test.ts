import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { openContext } from "../../../../../scripts/commands/frame/context";
import { openSite } from "../../../../../scripts/project/site";
import type { Batch, Member } from "../../../../../scripts/recovery/engine/batch";
import type { Operation } from "../../../../../scripts/recovery/engine/operation";
import { planMembers } from "../../../../../scripts/recovery/engine/plan-members";
import { runMany } from "../../../../../scripts/recovery/engine/run-many";
import type { JournalBundle } from "../../../../../scripts/recovery/engine/journal-bundle";
import type { Journal } from "../../../../../scripts/recovery/engine/journal";
import type { OperationState } from "../../../../../scripts/recovery/engine/journal-contents";
import { type Session, stateOf } from "../../../../../scripts/recovery/engine/session";
import { journalGuest } from "../../../../../scripts/recovery/engine/subject";
import { CommandError } from "../../../../../scripts/terminal/command-error";
import { type ExitCode, exitCodes } from "../../../../../scripts/terminal/exit-codes";
import type { InputOutput } from "../../../../../scripts/terminal/input-output";

let folder: string;
let output: string;
let talk: string;
let json: boolean;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-batch-"));
  output = "";
  talk = "";
  json = true;
  writeFileSync(join(folder, "Pulumi.yaml"), "name: site\nruntime: nodejs\n");
  const settings = [
    "config:",
    "  lifeboat:profile: prod",
    "  lifeboat:proxmox: { endpoint: https://192.0.2.11:8006, node: pve-prod }",
    "  lifeboat:backup: { storage: { id: backup, adopt: true } }",
    "  lifeboat:guests: { web: { adopt: 101 } }",
    "",
  ];
  writeFileSync(join(folder, "Pulumi.prod.yaml"), settings.join("\n"));
});

afterEach(() => rmSync(folder, { recursive: true }));

function context() {
  const io: InputOutput = {
    writeOutput: (text) => void (output += text),
    writeError: (text) => void (talk += text),
    environment: { XDG_STATE_HOME: folder },
    workingDirectory: folder,
    program: "lifeboat",
    isTerminal: { input: false, output: false, error: false },
    columns: () => 80,
    onInterrupt: () => () => undefined,
  };
  return openContext(io, { json, project: undefined }).context;
}

/** What the only step of a guest's operation does. */
type Works = Readonly<Record<string, () => Promise<void>>>;

function operationOf(name: string, work: () => Promise<void>): Operation<string> {
  return {
    kind: "test",
    name: `test of prod/${name}`,
    schema: z.string(),
    request: {},
    command: `lifeboat test ${name}`,
    given: {},
    plan: () => Promise.resolve({ plan: name, demands: [], inputs: {}, view: { value: {}, print: () => undefined } }),
    steps: () => [{ id: "work", title: "Work", does: "work", run: work }],
    report: () => ({ value: {}, print: () => undefined }),
    meaning: () => ({ text: `${name} may be half done.` }),
  };
}

async function batchOf(works: Works, more: Partial<Batch<string>> = {}): Promise<Batch<string>> {
  const shared = context();
  const place = { project: undefined, environment: {}, workingDirectory: folder };
  const environment = (await openSite({ ...place, redactor: shared.redactor })).environment("prod");
  const members = Object.entries(works).map(([name, work], index): Member<string> => {
    const subject = { kind: "guest", environment: "prod", name, id: 101 + index, node: "pve-prod" } as const;
    const state = stateOf(environment, shared);
    const session: Session = { context: shared, environment, subject, state, dryRun: false, selector: `prod/${name}` };
    return { session, operation: operationOf(name, work) };
  });
  const [first] = members;
  if (first === undefined) throw new Error("A batch has members.");
  return {
    context: shared,
    dryRun: false,
    name: "test of all",
    subjects: "guests",
    participle: "tested",
    bundles: first.session.state.bundles,
    request: { test: "all" },
    command: "lifeboat test --all",
    given: {},
    skipRefused: false,
    bounds: { parallel: 1, perKey: 1, keyOf: () => "" },
    plan: (superseded) => planMembers(members, superseded),
    view: () => ({ value: {}, print: () => undefined }),
    memberOf: ({ contents }) =>
      members.find(({ session }) => session.selector === `prod/${contents.guest?.name ?? ""}`),
    title: () => "Test guests",
    report: (outcomes) => ({
      value: {
        outcomes: outcomes.map(({ kind, exitCode }) => [kind, exitCode]),
        messages: outcomes.flatMap((outcome) => ("message" in outcome ? [outcome.message] : [])),
      },
      findings: [],
      print: () => undefined,
    }),
    ...more,
  };
}

const good = (): Promise<void> => Promise.resolve();

function bad(exitCode: ExitCode): () => Promise<void> {
  return () => Promise.reject(new CommandError("it cannot be done", { exitCode }));
}

const defect = (): Promise<void> => Promise.reject(new TypeError("a defect of ours"));

test("the failure of one member leaves the others going, a defect as well: its stack is shown, and what it left", async () => {
  const code = await runMany(await batchOf({ web: bad(exitCodes.unavailable), db: defect, mail: good }));
  expect([code, JSON.parse(output)]).toMatchObject([
    3,
    {
      exitCode: 3,
      outcomes: [
        ["failed", 14],
        ["failed", 1],
        ["ended", 0],
      ],
      findings: [],
      operation: expect.any(String),
    },
  ]);
  expect(talk).toMatch(
    /Nothing is changed\.\nHINT: look at the plan again: lifeboat test db --dry-run\n[\s\S]*TypeError: a defect of ours\n +at /u,
  );
});

test.each([
  ["all are done", { web: good, db: good }, 0],
  ["all fail in one way", { web: bad(exitCodes.unavailable), db: bad(exitCodes.unavailable) }, 14],
  ["all fail, each in its own way", { web: bad(exitCodes.unavailable), db: bad(exitCodes.refused) }, 1],
  ["one fails", { web: bad(exitCodes.unavailable), db: good }, 3],
] satisfies [string, Works, ExitCode][])("one rule for the exit code where %s [K2]", async (_, works, wanted) => {
  expect(await runMany(await batchOf(works))).toBe(wanted);
});

test("a member on whose subject something is half done is refused as when it is alone; the others may go without it [K4]", async () => {
  const works = { web: good, db: good };
  const batch = await batchOf(works);
  const { members } = await batch.plan(new Set());
  const guest = { environment: "prod", name: "web", id: 101, node: "pve-prod" };
  const half = { kind: "rollback-snapshot", command: "lifeboat restore snapshot prod/web first", guest };
  members[0]?.session.state.begin({ ...half, request: {}, inputs: {}, plan: {} });
  await expect(runMany(batch)).rejects.toMatchObject({
    exitCode: 11,
    message: "prod/web cannot be tested; nothing was changed",
    details: {
      refused: [
        {
          subject: "prod/web",
          message: expect.stringMatching(/^a rollback of prod\/web, begun at [-\d]+ [\d:]+ UTC, has not ended$/u),
          hint: "resume it: lifeboat restore snapshot prod/web first; or, if it cannot be ended: lifeboat abandon prod/web",
        },
      ],
    },
  });
  const dry = await runMany(await batchOf(works, { skipRefused: true, dryRun: true }));
  expect([dry, JSON.parse(output)]).toMatchObject([
    3,
    { plan: { leftOut: [{ subject: "prod/web" }], steps: [{ subject: "prod/db", id: "work" }], flags: [] } },
  ]);
  output = "";
  expect(await runMany(await batchOf(works, { skipRefused: true }))).toBe(3);
  expect(JSON.parse(output).outcomes).toEqual([["ended", 0]]);
});

test("a question is asked before a plan and before it is resumed, and only where there is one [K1]", async () => {
  const asking = { question: () => "Test them all?" };
  await expect(runMany(await batchOf({ web: good }, asking))).rejects.toMatchObject({ exitCode: 2 });
  const batch = await batchOf({ web: good }, asking);
  const { members } = await batch.plan(new Set());
  const parts = members.map(({ session }) => ({
    site: session.state.site,
    journal: session.state.opening({
      kind: "test",
      command: "lifeboat test web",
      guest: { environment: "prod", name: "web", id: 101, node: "pve-prod" },
      request: {},
      inputs: {},
      plan: "web",
    }),
  }));
  batch.bundles.begin({ command: batch.command, request: { ...batch.request }, parts });
  await expect(runMany(batch)).rejects.toMatchObject({ exitCode: 2 });
  expect(await runMany(await batchOf({ web: good }))).toBe(0);
});

function guestOf(subject: Session["subject"]) {
  const guest = journalGuest(subject);
  if (guest === undefined) throw new Error("The members are guests.");
  return guest;
}

/** A batch of which the bundle is there, and none of its journals. */
async function killed(
  works: Works = { web: good, db: good },
): Promise<{ batch: Batch<string>; web: Session; bundle: JournalBundle }> {
  const batch = await batchOf(works);
  const { members } = await batch.plan(new Set());
  const parts = members.map(({ session: { state, subject }, operation: { kind, command, request }, planned }) => ({
    site: state.site,
    journal: state.opening({ kind, command, request, inputs: {}, plan: planned.plan, guest: guestOf(subject) }),
  }));
  const bundle = batch.bundles.begin({ command: batch.command, request: { ...batch.request }, parts });
  const [first] = members;
  if (first === undefined) throw new Error("A batch has members.");
  return { batch, web: first.session, bundle };
}

/** Another operation on web, begun after the batch was. */
async function begunSince({ state, subject }: Session): Promise<Journal> {
  await new Promise((next) => setTimeout(next, 5));
  return state.begin({
    kind: "other",
    command: "lifeboat other",
    request: {},
    inputs: {},
    plan: "",
    guest: guestOf(subject),
  });
}

describe("a batch that was killed before it began its members", () => {
  test("a dry run of it writes nothing, and the same command begins and ends all of them [K4]", async () => {
    const { batch, web } = await killed();
    expect(await runMany({ ...batch, dryRun: true })).toBe(0);
    expect(web.state.readAll().journals).toEqual([]);
    expect(await runMany(batch)).toBe(0);
    expect(web.state.readAll().journals.map(({ contents }) => contents.state)).toEqual(["done", "done"]);
  });

  test("something else is half done on one of them since: 11, and none is begun [K4]", async () => {
    const { batch, web } = await killed();
    await begunSince(web);
    await expect(runMany(batch)).rejects.toMatchObject({ exitCode: 11 });
    expect(web.state.readAll().journals.map(({ contents }) => contents.kind)).toEqual(["other"]);
  });

  test("something else was done on one of them since: that one is not begun, and the others are [K4]", async () => {
    const { batch, web } = await killed();
    (await begunSince(web)).setState("done");
    expect(await runMany(batch)).toBe(3);
    expect(JSON.parse(output)).toMatchObject({
      outcomes: [
        ["taken-back", 1],
        ["ended", 0],
      ],
      messages: ["nothing of it was begun"],
    });
    expect(talk).toContain("prod/web is not begun: something else was done on it");
  });

  test("one of them was taken back by 'lifeboat undo' since: nobody says that a run failed [D6, K4]", async () => {
    const { batch, bundle } = await killed();
    const [web] = bundle.journals().map((part) => part.begin?.());
    web?.stepStarted("work");
    web?.stepTakenBack("work");
    web?.setState("taken-back");
    expect(await runMany(batch)).toBe(3);
    expect(JSON.parse(output).messages).toEqual(["what it had begun was taken back since"]);
    expect(talk).toContain("prod/web is not tested by this run: what it had begun was taken back since.\n");
  });
});

/**
 * A killed batch of which web has ended so many hours ago and db has come so far, and how often each is done from now on.
 */
async function halfEnded(hours = 0, db: OperationState = "taken-back") {
  const done = { web: 0, db: 0 };
  const count = (name: keyof typeof done) => (): Promise<void> => Promise.resolve(void (done[name] += 1));
  const { batch, bundle } = await killed({ web: count("web"), db: count("db") });
  const [first, second] = bundle.journals().map((part) => part.begin?.());
  first?.setState("done");
  if (db !== "open") second?.setState(db);
  const { path = "" } = first ?? {};
  const updatedAt = new Date(Date.now() - hours * 3_600_000).toISOString();
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), updatedAt }));
  return { batch, done };
}

const notAgain = (guest: string) => ({
  severity: "note",
  text: expect.stringMatching(new RegExp(`^prod/${guest} ended at \\S+ already and is not tested again$`, "u")),
});

type Outcome = readonly [outcome: string, exitCode: number];

/** How often each was done, and what was told of web and db. */
const told = (done: object, outcomes: readonly [Outcome, Outcome], findings: readonly object[]) => [
  done,
  { outcomes, findings },
];

describe("a batch that was killed when members had ended", () => {
  test("all of them, today: told with their times, as nothing that was done now [K2, K4]", async () => {
    const { batch, done } = await halfEnded(1, "done");
    expect(await runMany(batch)).toBe(0);
    expect([done, JSON.parse(output)]).toMatchObject(
      told(
        { web: 0, db: 0 },
        [
          ["ended-before", 0],
          ["ended-before", 0],
        ],
        [notAgain("web"), notAgain("db")],
      ),
    );
    expect(await runMany(batch)).toBe(0);
    expect(done).toEqual({ web: 1, db: 1 });
  });

  test("one of them days ago: that is planned anew, whatever was done on the others since [K4]", async () => {
    const { batch, done } = await halfEnded(72, "done");
    expect(await runMany(batch)).toBe(0);
    expect([done, JSON.parse(output).findings]).toEqual([{ web: 1, db: 0 }, [notAgain("db")]]);
    const undone = await halfEnded(25);
    expect(await runMany(undone.batch)).toBe(0);
    expect(undone.done).toEqual({ web: 1, db: 1 });
  });

  test("one of them, and another is resumed: what had ended is told; days ago, as what is left to do [K2, K4]", async () => {
    const { batch, done } = await halfEnded(1, "open");
    expect(await runMany(batch)).toBe(0);
    expect([done, JSON.parse(output)]).toMatchObject(
      told(
        { web: 0, db: 1 },
        [
          ["ended-before", 0],
          ["ended", 0],
        ],
        [notAgain("web")],
      ),
    );
    output = "";
    const old = await halfEnded(72, "open");
    expect(await runMany(old.batch)).toBe(3);
    expect([old.done, JSON.parse(output)]).toMatchObject(
      told(
        { web: 0, db: 1 },
        [
          ["ended-before", 3],
          ["ended", 0],
        ],
        [{ severity: "problem", text: expect.stringContaining("prod/web ended at"), mend: "lifeboat test web" }],
      ),
    );
    expect(talk).toMatch(
      /prod\/web ended at \S+ already and is not tested again by this run, which resumes the others\.\n/u,
    );
  });

  test("a dry run of one that has ended says that only its report is left, not that it would be resumed [K1, K4]", async () => {
    json = false;
    const { batch } = await halfEnded(1, "done");
    expect(await runMany({ ...batch, dryRun: true })).toBe(0);
    expect(output).toMatch(/^Would report the test of all begun at [-\d]+ [\d:]+ UTC: all of it has ended\.$/mu);
  });
});

describe("a batch that was killed when one member had ended and the other was taken back", () => {
  test("the one stays ended, a dry run says so too, and the other is planned anew and done [K4]", async () => {
    const { batch, done } = await halfEnded();
    expect(await runMany({ ...batch, dryRun: true })).toBe(0);
    expect(JSON.parse(output).plan).toMatchObject({ ended: ["prod/web"], steps: [{ subject: "prod/db" }] });
    output = "";
    expect(await runMany(batch)).toBe(0);
    expect([done, JSON.parse(output)]).toMatchObject(
      told(
        { web: 0, db: 1 },
        [
          ["ended-before", 0],
          ["ended", 0],
        ],
        [notAgain("web")],
      ),
    );
    expect(batch.bundles.open()).toEqual([]);
    expect(await runMany(batch)).toBe(0);
    expect(done).toEqual({ web: 1, db: 2 });
  });

  test("the plan is not confirmed: nothing is begun, and the one is still ended the next time [K1, K4]", async () => {
    const { batch, done } = await halfEnded();
    await expect(runMany({ ...batch, question: () => "Test?" })).rejects.toMatchObject({ exitCode: 2 });
    expect(await runMany(batch)).toBe(0);
    expect(done).toEqual({ web: 0, db: 1 });
  });

  test("what it has made is gone: it is planned anew with the other [K4]", async () => {
    const { batch, done } = await halfEnded();
    const memberOf = (journal: Journal): Member<string> | undefined => {
      const member = batch.memberOf(journal);
      return member && { ...member, operation: { ...member.operation, isGone: () => Promise.resolve(true) } };
    };
    expect(await runMany({ ...batch, memberOf })).toBe(0);
    expect(done).toEqual({ web: 1, db: 1 });
  });
});
