import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { FolderStore } from "../../../../../../scripts/clients/object-store/folder-store";
import { processPlace } from "../../../../../../scripts/machine/processes";
import { noteStarted } from "../../../../../../scripts/clients/pulumi-cli/started-runs";
import {
  clearOurDeadLocks,
  newLockKey,
  requireNoLock,
  takePulumiLock,
} from "../../../../../../scripts/recovery/steps/state/pulumi-lock";
import { HookedStore } from "../../../../../support/state/hooked-store";

/** Pulumi's lock of a stack, as Pulumi takes it: whoever finds another one gives way. */
let folder: string;
let store: HookedStore;

const theirs = ".pulumi/locks/organization/shop/prod/theirs.json";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-locks-"));
  store = new HookedStore(new FolderStore(folder));
});

afterEach(() => rmSync(folder, { recursive: true }));

function access() {
  return { place: { project: "shop", stack: "prod" }, store };
}

/** Somebody has the lock. */
async function othersLock(pid: number, host: string, key = theirs): Promise<void> {
  const owner = { pid, username: "ops", hostname: host, timestamp: "2026-11-20T10:00:00Z" };
  await store.write(key, Buffer.from(JSON.stringify(owner)));
}

async function locks(): Promise<string[]> {
  return (await store.list(".pulumi/locks/")).map(({ key }) => key);
}

test("a lock that is there keeps everybody out: 11, and none of ours is left [E3]", async () => {
  await othersLock(4_711, "elsewhere");
  await expect(takePulumiLock(access(), newLockKey(access()))).rejects.toMatchObject({
    exitCode: 11,
    message: expect.stringContaining("by ops@elsewhere (process 4711) since 2026-11-20T10:00:00Z"),
  });
  expect(await locks()).toEqual([theirs]);
});

test("of two that take it at the same time neither goes on over the other: ours is taken away again [E3]", async () => {
  const own = newLockKey(access());
  store.beforeWrite = async (key) => {
    if (key === own) await othersLock(4_711, "elsewhere");
  };
  await expect(takePulumiLock(access(), own)).rejects.toMatchObject({ exitCode: 11 });
  expect(await locks()).toEqual([theirs]);
});

test("our own is none that keeps us out, and another stack's is none at all [E3]", async () => {
  const own = newLockKey(access());
  await takePulumiLock(access(), own);
  await requireNoLock(access(), own);
  await othersLock(4_711, "elsewhere", ".pulumi/locks/organization/shop/lab/theirs.json");
  await requireNoLock(access(), own);
  await expect(requireNoLock(access())).rejects.toMatchObject({ exitCode: 11 });
});

test.each([
  [
    "of a process of this machine that has ended",
    4_194_304,
    hostname(),
    '(others may have its name), nobody is at work any more: eval "$(lifeboat env prod)" && pulumi cancel',
  ],
  ["of a process of this machine that lives", process.pid, hostname(), "wait until it has ended"],
  ["of another machine, where nobody here can look", 4_194_304, "elsewhere", "wait until it has ended"],
])("one %s is never taken over; what to do is said [E3]", async (_, pid, host, hint) => {
  await othersLock(pid, host);
  await expect(requireNoLock(access())).rejects.toMatchObject({ exitCode: 11, hint: expect.stringContaining(hint) });
  expect(await locks()).toEqual([theirs]);
});

test("one that nobody can read locks nevertheless [E3]", async () => {
  await store.write(theirs, Buffer.from("{"));
  await expect(requireNoLock(access())).rejects.toMatchObject({ exitCode: 11 });
});

/** A lock is of somebody else unless it is known to be of a `pulumi` of ours: a host's name shows nothing. */
describe("of an ended pulumi that Lifeboat has started here only its own lock is taken away", () => {
  const taken = Date.parse("2026-11-20T10:00:00Z");
  const ours = ".pulumi/locks/organization/shop/prod/ours.json";
  let logs: string;
  let ended: number;

  beforeEach(() => {
    logs = join(folder, "logs");
    mkdirSync(logs);
    ended = spawnSync(process.execPath, ["-e", "0"]).pid;
    noteStarted(join(logs, "run.log"), ended, taken - 1_000);
  });

  test("a colleague's beside it stays, and so does one that nobody can read [E3, A8]", async () => {
    await othersLock(ended, hostname(), ours);
    await othersLock(ended, "elsewhere");
    await store.write(`${theirs}2`, Buffer.from("{"));
    await clearOurDeadLocks(access(), logs);
    expect(await locks()).toEqual([theirs, `${theirs}2`]);
  });

  test("a machine of the same name has processes of its own [E3, A8]", async () => {
    await othersLock(ended + 1, hostname());
    await clearOurDeadLocks(access(), logs);
    expect(await locks()).toEqual([theirs]);
  });

  test("one that was taken before our run began is of an earlier process with its number [E3, A8]", async () => {
    noteStarted(join(logs, "run.log"), ended, taken + 1_000);
    await othersLock(ended, hostname());
    await clearOurDeadLocks(access(), logs);
    expect(await locks()).toEqual([theirs]);
  });

  test("the process that works now is not the one that has ended; one that works keeps its lock [E3, A8]", async () => {
    noteStarted(join(logs, "run.log"), process.pid, taken - 1_000);
    await othersLock(process.pid, hostname());
    await clearOurDeadLocks(access(), logs);
    expect(await locks()).toEqual([theirs]);
    writeFileSync(
      join(logs, "run.log.process"),
      JSON.stringify({ pid: process.pid, identity: "another-boot 1", place: processPlace(), since: taken - 1_000 }),
    );
    await clearOurDeadLocks(access(), logs);
    expect(await locks()).toEqual([]);
  });

  test.each([
    ["in another container of this name", { ...processPlace(), namespace: "pid:[4026532999]" }],
    ["before anybody noted where", undefined],
  ])("whether one that was started %s has ended is not known here: its lock stays [E3, A8, K6]", async (_, place) => {
    const note = { pid: ended, identity: "x 1", since: taken - 1_000, ...(place && { place }) };
    writeFileSync(join(logs, "run.log.process"), JSON.stringify(note));
    await othersLock(ended, hostname());
    await clearOurDeadLocks(access(), logs);
    expect(await locks()).toEqual([theirs]);
  });
});
