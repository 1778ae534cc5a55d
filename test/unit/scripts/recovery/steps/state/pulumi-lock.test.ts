import { mkdtempSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { FolderStore } from "../../../../../../scripts/clients/object-store/folder-store";
import { newLockKey, requireNoLock, takePulumiLock } from "../../../../../../scripts/recovery/steps/state/pulumi-lock";
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
  ["of a process of this machine that has ended", 4_194_304, hostname(), "clear the lock with pulumi cancel"],
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
