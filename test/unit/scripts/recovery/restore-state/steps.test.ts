import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FolderStore } from "../../../../../scripts/clients/object-store/folder-store";
import type { Facts, Step, StepContext } from "../../../../../scripts/recovery/engine/step";
import { inputsOf } from "../../../../../scripts/recovery/restore-state/make-plan";
import type { RestoreStatePlan } from "../../../../../scripts/recovery/restore-state/plan";
import { restoreStateSteps } from "../../../../../scripts/recovery/restore-state/steps";
import { findPresent } from "../../../../../scripts/recovery/steps/state/present-state";
import { sha256Of } from "../../../../../scripts/recovery/steps/state/state-access";
import { HookedStore } from "../../../../support/state/hooked-store";
import { addUpdate, checkpointText, stackKey, state } from "../../../../support/state/states";

/** Steps one by one, where somebody else is quicker, or a store loses what it was given. */
let folder: string;
let store: HookedStore;
let facts: Record<string, Facts>;

const pointKey = ".pulumi/history/shop/prod/prod-1.checkpoint.json";
const keptKey = ".lifeboat/points/shop/prod/kept.json";
const theirs = Buffer.from(checkpointText({ made: 9 }));

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-steps-"));
  store = new HookedStore(new FolderStore(join(folder, "store")));
  facts = {};
  await addUpdate(store, 1);
  await addUpdate(store, 2);
  store.writes.length = 0;
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Update 1 takes the place of what is there now, if anything is. */
async function planOf(): Promise<RestoreStatePlan> {
  const [present] = await store.list(stackKey);
  return {
    environment: "prod",
    where: store.place,
    point: {
      id: "1",
      source: "history",
      time: 1,
      key: pointKey,
      sha256: sha256Of(await store.read(pointKey)),
      halfWritten: false,
    },
    ...(present === undefined
      ? {}
      : {
          present: {
            key: stackKey,
            sha256: sha256Of(await store.read(stackKey)),
            kept: { key: keptKey, id: "kept", file: join(folder, "kept", "prod.json") },
          },
        }),
    target: stackKey,
    others: [],
    forgotten: [],
    underWay: [],
  };
}

/** A context as the engine gives it: facts stay from step to step. */
function contextOf(id: string): StepContext {
  return {
    signal: new AbortController().signal,
    get facts() {
      return facts[id] ?? {};
    },
    note: (noted) => (facts[id] = { ...facts[id], ...noted }),
    factsOf: (other) => facts[other] ?? {},
    progress: () => undefined,
  };
}

async function stepsOf(plan: RestoreStatePlan): Promise<Record<string, () => Promise<unknown>>> {
  const access = { place: state.place, store };
  const point = sha256Of(await store.read(pointKey));
  const inputs = inputsOf(access, await findPresent(access), point);
  const steps: Step[] = restoreStateSteps(
    plan,
    { access, remember: () => undefined, comparePulumi: () => Promise.resolve([]) },
    inputs,
  );
  return Object.fromEntries(steps.map((step) => [step.id, () => Promise.resolve(step.run(contextOf(step.id)))]));
}

async function stepOf(plan: RestoreStatePlan, id: string): Promise<() => Promise<unknown>> {
  const run = (await stepsOf(plan))[id];
  if (run === undefined) throw new Error(`There is no step ${id}.`);
  return run;
}

test("what a state says is quoted in the command that is to be pasted [N2, K2]", async () => {
  const forgotten = [{ name: "web$(touch x)", type: "proxmoxve:index:Vm", id: "1; rm -r /", urn: "urn:pulumi:prod" }];
  const tell = await stepOf({ ...(await planOf()), forgotten }, "tell");
  expect(await tell()).toMatchObject({
    findings: [
      { mend: `eval "$(lifeboat env prod)" && pulumi import proxmoxve:index:Vm 'web$(touch x)' '1; rm -r /' -s prod` },
    ],
  });
});

describe("the write of a state", () => {
  test("names the object that was seen as the one that it takes the place of [E3]", async () => {
    const [seen] = await store.list(stackKey);
    const write = await stepOf(await planOf(), "write");
    await write();
    expect(store.writes).toEqual([{ key: stackKey, condition: { ifMatch: seen?.etag } }]);
  });

  test("loses to who writes in the moment before it: theirs stays, and nothing counts as sent [E3]", async () => {
    const write = await stepOf(await planOf(), "write");
    let done = false;
    store.beforeWrite = async (key) => {
      if (key !== stackKey || done) return;
      done = true;
      await store.write(stackKey, theirs);
    };
    await expect(write()).rejects.toThrow("the present state changed since the plan was made");
    expect([await store.read(stackKey), facts["write"]]).toEqual([theirs, expect.objectContaining({ sent: false })]);
  });

  test("where the stack has no state, loses to one that appears in that moment [E3]", async () => {
    await store.remove(stackKey);
    const write = await stepOf(await planOf(), "write");
    let done = false;
    store.beforeWrite = async (key) => {
      if (key !== stackKey || done) return;
      done = true;
      await store.write(stackKey, theirs);
    };
    await expect(write()).rejects.toThrow("the present state changed since the plan was made");
    expect(await store.read(stackKey)).toEqual(theirs);
    expect(store.writes.find(({ key }) => key === stackKey)?.condition).toEqual({ ifNoneMatch: true });
  });

  test("refuses a state that changed after the plan, before it writes anything [E3]", async () => {
    const write = await stepOf(await planOf(), "write");
    await store.write(stackKey, theirs);
    await expect(write()).rejects.toThrow("the present state changed since the plan was made");
    expect(await store.read(stackKey)).toEqual(theirs);
  });

  test("refuses a restore point that changed after the plan [E3]", async () => {
    const write = await stepOf(await planOf(), "write");
    const before = await store.read(stackKey);
    await store.write(pointKey, theirs);
    await expect(write()).rejects.toThrow("the restore point changed since the plan was made");
    expect(await store.read(stackKey)).toEqual(before);
  });

  test("is read back: a store that loses it is not believed [E2]", async () => {
    const write = await stepOf(await planOf(), "write");
    store.arrives = (key, body) => (key === stackKey ? body.subarray(1) : body);
    await expect(write()).rejects.toThrow(`${stackKey} does not hold what was written`);
  });

  test("waits for nobody: a lock that came after the plan stops it [E3]", async () => {
    const write = await stepOf(await planOf(), "write");
    const before = await store.read(stackKey);
    await store.write(".pulumi/locks/organization/shop/prod/theirs.json", Buffer.from("{}"));
    await expect(write()).rejects.toThrow("the stack prod is locked");
    expect(await store.read(stackKey)).toEqual(before);
  });
});

describe("the present state is kept", () => {
  test("beside Pulumi's states and on this machine, byte by byte [E3]", async () => {
    const before = await store.read(stackKey);
    const plan = await planOf();
    const keep = await stepOf(plan, "keep");
    await keep();
    expect(await store.read(keptKey)).toEqual(before);
    expect(existsSync(plan.present?.kept.file ?? "")).toBe(true);
  });

  test("and read back: a store that loses it stops the restore [E3]", async () => {
    const keep = await stepOf(await planOf(), "keep");
    store.arrives = (key, body) => (key === keptKey ? body.subarray(1) : body);
    await expect(keep()).rejects.toThrow(`${keptKey} does not read back as it was written`);
  });

  test("unless it is another one than the plan has seen [E3]", async () => {
    const keep = await stepOf(await planOf(), "keep");
    await store.write(stackKey, theirs);
    await expect(keep()).rejects.toThrow("the present state changed since the plan was made");
    expect((await store.list(keptKey)).length).toBe(0);
  });
});

test.each<[string, () => Promise<void>, RegExp]>([
  ["the state", () => store.write(stackKey, theirs), /state changed since the plan was made/u],
  ["the restore point", () => store.write(pointKey, theirs), /changed since the plan was made/u],
])("as the last thing before it, %s is read again [E3]", async (_, change, why) => {
  const recheck = await stepOf(await planOf(), "recheck");
  await change();
  await expect(recheck()).rejects.toThrow(why);
});
