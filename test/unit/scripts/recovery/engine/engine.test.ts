import fs, { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InterruptedInStep, StepFailure, applySteps } from "../../../../../scripts/recovery/engine/apply";
import { changedInputs, digestOf } from "../../../../../scripts/recovery/engine/digest";
import { pastRuns } from "../../../../../scripts/recovery/engine/durations";
import { LockedError, takeProcessLock } from "../../../../../scripts/machine/process-lock";
import { processPlace } from "../../../../../scripts/machine/processes";
import { type Journal, JournalError } from "../../../../../scripts/recovery/engine/journal";
import type { Observer } from "../../../../../scripts/recovery/engine/observer";
import { StateFolder } from "../../../../../scripts/recovery/engine/state-folder";
import { type StepNode, placeSteps } from "../../../../../scripts/recovery/engine/step";
import { takeBack } from "../../../../../scripts/recovery/engine/take-back";
import { settle, type Demand } from "../../../../../scripts/recovery/engine/consent";

const silent: Observer = {
  step: (_placed, work) => work(() => undefined),
  takeBack: (_placed, work) => work(() => undefined),
};

/** A node in miniature: what was asked of it, and what is so now. */
class World {
  readonly requests: string[] = [];
  running = true;
  protected = false;
  readonly tasks: string[] = [];
  restored = 0;
  fault: string | undefined;

  request(name: string): void {
    this.requests.push(name);
    if (this.fault === name) throw new Error(`${name} failed`);
  }

  get changing(): string[] {
    return this.requests.filter((name) => !name.startsWith("look"));
  }
}

/** A restore in miniature, with the same kinds of steps as the real one: repeatable, probed, nested, destructive. */
function stepsOn(world: World): StepNode[] {
  return [
    {
      id: "protect",
      title: "Protect",
      does: "protects",
      run: async () => {
        world.request("protect");
        world.protected = true;
      },
      takeBack: async () => {
        world.protected = false;
      },
    },
    {
      id: "stop",
      title: "Stop",
      does: "stops",
      probe: async () => (world.running ? undefined : {}),
      run: async () => {
        world.request("stop");
        world.running = false;
      },
      takeBack: async () => {
        world.running = true;
      },
    },
    {
      id: "save-point",
      title: "Save point",
      steps: [
        {
          id: "take",
          title: "Take",
          does: "takes",
          probe: async ({ facts }) => {
            const found = facts["upid"] ?? world.tasks.find((task) => task.startsWith("save"));
            return found === undefined ? undefined : { facts: { upid: found } };
          },
          run: async (context) => {
            world.request("save");
            world.tasks.push("save-1");
            context.note({ upid: "save-1" });
            return { facts: { archive: "save-point-1" } };
          },
        },
        { id: "note", title: "Note", does: "notes", run: async () => world.request("note") },
      ],
    },
    {
      id: "restore",
      title: "Restore",
      does: "restores",
      commits: true,
      probe: async () => (world.tasks.includes("restore-1") ? {} : undefined),
      run: async (context) => {
        context.note({ sent: true });
        world.request("restore");
        world.tasks.push("restore-1");
        world.restored += 1;
        context.note({ upid: "restore-1" });
      },
    },
    {
      id: "start",
      title: "Start",
      does: "starts",
      probe: async () => (world.running ? {} : undefined),
      run: async () => {
        world.request("start");
        world.running = true;
      },
    },
  ];
}

const allRequests = ["protect", "stop", "save", "note", "restore", "start"];

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-engine-"));
});

afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

function stateFolder(clock?: () => number): StateFolder {
  const site = { environment: "prod", endpoint: "https://192.0.2.11:8006" };
  return new StateFolder(site, { XDG_STATE_HOME: folder }, clock);
}

function begin(state = stateFolder()): Journal {
  return state.begin({
    kind: "test",
    command: "lifeboat restore guest web",
    guest: { environment: "prod", name: "web", id: 101, node: "pve-prod" },
    request: { archive: "newest" },
    inputs: {},
    plan: {},
  });
}

function run(world: World, journal: Journal, overrides: { signal?: AbortSignal; staysOpen?: boolean } = {}) {
  return applySteps(stepsOn(world), journal, {
    signal: overrides.signal ?? new AbortController().signal,
    observer: silent,
    staysOpen: () => overrides.staysOpen ?? false,
  });
}

async function failureOf(promise: Promise<unknown>): Promise<StepFailure> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof StepFailure)) throw new Error(`No StepFailure: ${String(error)}`);
  return error;
}

describe("applying a plan", () => {
  test("runs the steps in order, nested ones in their place, and records each", async () => {
    const world = new World();
    const journal = begin();
    await run(world, journal);
    expect(world.requests).toEqual(allRequests);
    expect(journal.contents.state).toBe("done");
    expect(Object.entries(journal.contents.steps).map(([path, { state }]) => [path, state])).toEqual([
      ["protect", "done"],
      ["stop", "done"],
      ["save-point/take", "done"],
      ["save-point/note", "done"],
      ["restore", "done"],
      ["start", "done"],
    ]);
    expect(journal.factsOf("save-point/take")).toEqual({ upid: "save-1", archive: "save-point-1" });
  });

  test("the journal is on disk before each step, readable by its owner only", async () => {
    const world = new World();
    const journal = begin();
    const seen: string[] = [];
    const steps = stepsOn(world).flatMap((node): StepNode[] =>
      "run" in node
        ? [
            {
              ...node,
              run: async (context) => {
                seen.push(JSON.parse(readFileSync(journal.path, "utf8")).steps[node.id].state);
                expect(statSync(journal.path).mode & 0o777).toBe(0o600);
                return node.run(context);
              },
            },
          ]
        : [],
    );
    await applySteps(steps, journal, {
      signal: new AbortController().signal,
      observer: silent,
      staysOpen: () => false,
    });
    expect(seen).toEqual(["started", "started", "started", "started"]);
    expect(statSync(join(folder, "lifeboat", "prod@192.0.2.11_8006")).mode & 0o777).toBe(0o700);
  });

  test("two steps with one path are refused", () => {
    const step = { id: "a", title: "A", does: "a", run: async () => undefined };
    expect(() => placeSteps([step, step])).toThrow("Two steps of one plan have the path 'a'.");
  });

  test("a failure before the destructive step takes everything back, the last step first", async () => {
    const world = new World();
    world.fault = "save";
    const journal = begin();
    const failure = await failureOf(run(world, journal));
    expect([failure.position, failure.step.path, failure.message]).toEqual([
      "taken-back",
      "save-point/take",
      "save failed",
    ]);
    expect([world.running, world.protected]).toEqual([true, false]);
    expect(journal.contents.state).toBe("taken-back");
  });

  test("a failure of the destructive request leaves the operation open and nothing is taken back", async () => {
    const world = new World();
    world.fault = "restore";
    const journal = begin();
    expect((await failureOf(run(world, journal))).position).toBe("committed");
    expect([world.running, world.protected]).toEqual([false, true]);
    expect(journal.contents.state).toBe("open");
    world.fault = undefined;
    await run(world, journal);
    expect(world.requests).toEqual([...allRequests.slice(0, 5), "restore", "start"]);
    expect(journal.contents.state).toBe("done");
  });

  test("a node that does not answer leaves the operation open: taking back could not work either", async () => {
    const world = new World();
    world.fault = "save";
    const journal = begin();
    expect((await failureOf(run(world, journal, { staysOpen: true }))).position).toBe("open");
    expect([world.running, journal.contents.state]).toEqual([false, "open"]);
  });

  test("what cannot be taken back is named, and tried again by the next run", async () => {
    const world = new World();
    world.fault = "save";
    const steps = stepsOn(world);
    const [protect] = steps;
    if (protect === undefined || !("run" in protect)) throw new Error("The first step is no step.");
    let refuses = true;
    const stubborn: StepNode = {
      ...protect,
      takeBack: async () => {
        if (refuses) throw new Error("no answer");
        world.protected = false;
      },
    };
    const journal = begin();
    const options = { signal: new AbortController().signal, observer: silent, staysOpen: () => false };
    const failure = await failureOf(applySteps([stubborn, ...steps.slice(1)], journal, options));
    expect([failure.position, failure.leftovers]).toEqual(["open", ["Protect: no answer"]]);
    expect(journal.contents.state).toBe("taking-back");
    refuses = false;
    expect(await takeBack(placeSteps([stubborn, ...steps.slice(1)]), journal, options)).toEqual([]);
    expect([world.protected, journal.contents.state]).toEqual([false, "taken-back"]);
  });

  test("an interruption leaves the operation open, and the same journal goes on", async () => {
    const world = new World();
    const journal = begin();
    const controller = new AbortController();
    const steps = stepsOn(world).map((node): StepNode =>
      "run" in node && node.id === "stop"
        ? {
            ...node,
            run: async (context) => {
              controller.abort();
              context.signal.throwIfAborted();
            },
          }
        : node,
    );
    const options = { signal: controller.signal, observer: silent, staysOpen: () => false };
    await expect(applySteps(steps, journal, options)).rejects.toBeInstanceOf(InterruptedInStep);
    expect([journal.contents.state, world.protected]).toEqual(["open", true]);
    await run(world, journal);
    expect(world.requests).toEqual(allRequests);
  });

  test("a finding that is a problem makes the operation unproven", async () => {
    const journal = begin();
    const finding = { severity: "problem", text: "no answer on port 80" } as const;
    const step = { id: "check", title: "Check", does: "checks", run: async () => ({ findings: [finding] }) };
    const options = { signal: new AbortController().signal, observer: silent, staysOpen: () => false };
    expect(await applySteps([step], journal, options)).toEqual([finding]);
    expect(journal.contents.state).toBe("unproven");
  });
});

/** From the given write of the journal on, nothing reaches the disk: the process is gone. */
function dieAtWrite(number: number): { died: () => boolean } {
  let writes = 0;
  const rename = fs.renameSync;
  jest.spyOn(fs, "renameSync").mockImplementation((from, to) => {
    writes += 1;
    if (writes >= number) throw new Error("killed");
    rename(from, to);
  });
  return { died: () => writes >= number };
}

describe("a process that dies", () => {
  test("at any write of the journal: the next run ends as if nothing had happened, and sends no task twice", async () => {
    let write = 1;
    let died = true;
    while (died) {
      const world = new World();
      const state = stateFolder();
      const journal = begin(state);
      const death = dieAtWrite(write);
      await run(world, journal).catch(() => undefined);
      died = death.died();
      jest.restoreAllMocks();
      const [found] = state.journalsOf({ kind: "guest", id: 101 });
      if (found === undefined) throw new Error("The journal is gone.");
      await run(world, found);
      expect([write, world.restored, world.running, found.contents.state]).toEqual([write, 1, true, "done"]);
      expect(world.requests.filter((name) => name === "save" || name === "restore")).toEqual(["save", "restore"]);
      rmSync(folder, { recursive: true, force: true });
      write += 1;
    }
    // Six steps, each written before and after, three facts noted on the way, and the end.
    expect(write).toBe(6 * 2 + 3 + 1 + 2);
  });
});

describe("state folder", () => {
  test("finds a guest's journals, newest first, and no other guest's", () => {
    let now = 1_800_000_000;
    const state = stateFolder(() => now);
    const first = begin(state);
    const second = begin(state);
    now += 60;
    const third = begin(state);
    expect(state.journalsOf({ kind: "guest", id: 101 }).map(({ contents }) => contents.id)[0]).toBe(third.contents.id);
    expect(new Set(state.journalsOf({ kind: "guest", id: 101 }).map(({ path }) => path))).toEqual(
      new Set([first.path, second.path, third.path]),
    );
    expect(state.journalsOf({ kind: "guest", id: 10 })).toEqual([]);
  });

  test("journals of the stack and of guests are kept apart", () => {
    const state = stateFolder();
    const ofGuest = begin(state);
    const ofStack = state.begin({ kind: "test", command: "lifeboat up prod", request: {}, inputs: {}, plan: {} });
    expect(state.journalsOf({ kind: "stack" }).map(({ path }) => path)).toEqual([ofStack.path]);
    expect(state.journalsOf({ kind: "guest", id: 101 }).map(({ path }) => path)).toEqual([ofGuest.path]);
    expect(state.lockPath({ kind: "stack" })).not.toBe(state.lockPath({ kind: "guest", id: 101 }));
  });

  test("a site without a folder has no journals", () => {
    expect(stateFolder().readAll()).toEqual({ journals: [], unreadable: [] });
  });

  test("a damaged journal, or one of another version, is an error and never taken for none", () => {
    const journal = begin();
    writeFileSync(journal.path, JSON.stringify({ ...journal.contents, version: 2 }));
    expect(() => stateFolder().journalsOf({ kind: "guest", id: 101 })).toThrow(JournalError);
    writeFileSync(journal.path, "{");
    expect(() => stateFolder().journalsOf({ kind: "guest", id: 101 })).toThrow(JournalError);
  });

  test("a path with a space is one word of the command that moves a journal away [K2]", () => {
    expect(new JournalError("/my state/1.json", "it is cut off").hint).toContain(
      "mv '/my state/1.json' '/my state/1.json.unreadable'",
    );
  });

  test("no half-written file is left beside the journal", async () => {
    await run(new World(), begin());
    expect(readdirSync(join(folder, "lifeboat", "prod@192.0.2.11_8006"))).toHaveLength(1);
  });
});

describe("lock of a guest", () => {
  test("a second run is refused and told who holds it; afterwards the lock is free", () => {
    const path = join(folder, "101.lock");
    const release = takeProcessLock(path, "lifeboat restore guest web");
    expect(() => takeProcessLock(path, "lifeboat undo web")).toThrow(LockedError);
    expect(() => takeProcessLock(path, "lifeboat undo web")).toThrow(`process ${process.pid} is at work on it`);
    release();
    takeProcessLock(path, "lifeboat undo web")();
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each([
    ["of a process that has ended", { pid: 4_194_304, command: "x" }],
    ["of another process that had the same id", { pid: process.pid, processStart: "1", command: "x" }],
    ["of an ended process of this place", { pid: 4_194_304, command: "x", identity: "x 1", place: processPlace() }],
    [
      "of the process that had this id before",
      { pid: process.pid, command: "x", identity: "x 1", place: processPlace() },
    ],
    ["that is damaged", "{"],
  ])("a lock %s is taken over", (_name, content) => {
    const path = join(folder, "101.lock");
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
    takeProcessLock(path, "lifeboat restore guest web")();
    expect(readdirSync(folder)).toEqual([]);
  });
});

test("a lock of another container holds, whatever its process id is here, and how it is taken away is said [K1, K6]", () => {
  const path = join(folder, "101.lock");
  const place = { ...processPlace(), namespace: "pid:[4026532999]" };
  const content = JSON.stringify({ pid: 4_194_304, command: "lifeboat undo web", identity: "x 1", place });
  writeFileSync(path, content);
  expect(() => takeProcessLock(path, "lifeboat restore guest web")).toThrow(
    expect.objectContaining({
      message: "process 4194304 of another container or machine may be at work on it: lifeboat undo web",
      hint: `wait until it has ended; once nobody is at work there any more: rm ${path}`,
    }),
  );
  expect(readFileSync(path, "utf8")).toBe(content);
});

describe("digest", () => {
  test("does not depend on the order of keys, and does on values and on the order of lists", () => {
    expect(digestOf({ a: 1, b: { c: [1, 2], d: undefined } })).toBe(digestOf({ b: { c: [1, 2] }, a: 1 }));
    expect(digestOf({ a: 1 })).not.toBe(digestOf({ a: "1" }));
    expect(digestOf([1, 2])).not.toBe(digestOf([2, 1]));
  });

  test("names every input that differs", () => {
    expect(changedInputs({ archive: "1", flags: "2", old: "3" }, { archive: "1", flags: "9", fresh: "4" })).toEqual([
      "flags",
      "fresh",
      "old",
    ]);
  });
});

describe("consent", () => {
  const stop: Demand = { flag: "--stop", reason: "web is running.", question: "Stop it?" };
  const without: Demand = { flag: "--without-save-point", reason: "No way back.", question: "Sure?", typed: "web" };
  const nobody = { interactive: false, confirm: async () => true, retype: async () => true };

  test("without a terminal the missing flags are named, all at once, and nobody is asked", async () => {
    expect(await settle([stop, without], { "--force": true }, nobody)).toEqual({
      kind: "missing",
      demands: [stop, without],
    });
  });

  test("a flag answers its own demand only; a typed one wants the name", async () => {
    expect(await settle([stop], { "--stop": true }, nobody)).toEqual({ kind: "given", isAsked: false });
    expect(await settle([without], { "--without-save-point": true }, nobody)).toEqual({
      kind: "missing",
      demands: [without],
    });
    expect(await settle([without], { "--without-save-point": "db" }, nobody)).toEqual({
      kind: "missing",
      demands: [without],
    });
    expect(await settle([without], { "--without-save-point": "web" }, nobody)).toEqual({
      kind: "given",
      isAsked: false,
    });
  });

  test("on a terminal each open demand is asked, until one is refused", async () => {
    const asked: string[] = [];
    const person = (typed: string) => ({
      interactive: true,
      confirm: async (question: string) => asked.push(question) > 0,
      retype: async (question: string, expected: string) => asked.push(question) > 0 && typed === expected,
    });
    expect(await settle([stop, without], {}, person("web"))).toEqual({ kind: "given", isAsked: true });
    expect(asked).toEqual(["Stop it?", "Sure?"]);
    expect(await settle([without, stop], {}, person("yes"))).toEqual({ kind: "refused", demand: without });
  });
});

describe("durations of past runs", () => {
  test("the guest's own last run counts, else the rate of any guest's, else nothing", async () => {
    let now = Date.parse("2026-11-20T10:00:00Z") / 1000;
    const state = stateFolder(() => now);
    const journal = begin(state);
    const step = {
      id: "restore",
      title: "R",
      does: "r",
      run: async () => {
        now += 40;
        return { facts: { bytes: 1000 } };
      },
    };
    await applySteps([step], journal, {
      signal: new AbortController().signal,
      observer: silent,
      staysOpen: () => false,
    });
    const journals = state.readAll().journals.map(({ contents }) => contents);
    expect(pastRuns(journals, { kind: "guest", id: 101 }).last("restore")).toEqual({
      seconds: 40,
      basis: "as on 2026-11-20",
    });
    expect(pastRuns(journals, { kind: "guest", id: 102 }).last("restore")).toBeUndefined();
    expect(pastRuns(journals, { kind: "guest", id: 102 }).byRate("restore", 500)?.seconds).toBe(20);
    expect(pastRuns(journals, { kind: "guest", id: 102 }).byRate("start", 500)).toBeUndefined();
  });
});
