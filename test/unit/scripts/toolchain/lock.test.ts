import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { withLock } from "../../../../scripts/toolchain/lock";
import { processIdentity } from "../../../../scripts/machine/processes";
import { removeScratchFolders, scratchFolder } from "./scratch";

let file: string;

beforeEach(() => {
  file = path.join(scratchFolder(), "folder", "lock");
});

afterEach(removeScratchFolders);

test("actions under one lock follow one another, and the second is told whom it waits for", async () => {
  const events: string[] = [];
  const action = (name: string) => async () => {
    events.push(`${name} begins`);
    await delay(100);
    events.push(`${name} ends`);
  };
  const waitedFor: number[] = [];
  const note = (holder: number) => waitedFor.push(holder);
  await Promise.all([withLock(file, note, action("one")), withLock(file, note, action("two"))]);
  expect(events).toEqual(["one begins", "one ends", "two begins", "two ends"]);
  expect(waitedFor).toEqual([process.pid]);
  expect(existsSync(file)).toBe(false);
});

test("the lock is given back when the action fails", async () => {
  await expect(withLock(file, fail, () => Promise.reject(new Error("on purpose")))).rejects.toThrow("on purpose");
  expect(existsSync(file)).toBe(false);
});

test("the lock of a process that is gone is taken over at once", async () => {
  const child = spawn("true");
  await once(child, "exit");
  await leave({ host: hostname(), process: child.pid ?? 0, started: "" });
  expect(await withLock(file, fail, () => Promise.resolve("done"))).toBe("done");
});

test("a process that has only the same id as the holder does not hold the lock", async () => {
  await leave({ host: hostname(), process: process.pid, started: "another boot 1" });
  expect(await withLock(file, fail, () => Promise.resolve("done"))).toBe("done");
});

test("the lock of a process elsewhere is respected while it shows signs of life", async () => {
  await leave({ host: "elsewhere", process: 1, started: "unknown" });
  let isDone = false;
  const waiting = withLock(
    file,
    () => undefined,
    async () => {
      isDone = true;
    },
  );
  await delay(500);
  expect(isDone).toBe(false);
  const longAgo = new Date(Date.now() - 120_000);
  utimesSync(file, longAgo, longAgo);
  await waiting;
  expect(isDone).toBe(true);
});

test("the holder is written down with what tells it from a later process of the same id", async () => {
  await withLock(file, fail, async () => {
    const owner: unknown = JSON.parse(readFileSync(file, "utf8"));
    expect(owner).toEqual({ host: hostname(), process: process.pid, started: processIdentity(process.pid) });
  });
});

async function leave(owner: object): Promise<void> {
  await withLock(file, fail, async () => undefined);
  writeFileSync(file, JSON.stringify(owner));
}

function fail(holder: number): void {
  throw new Error(`the lock is held by ${holder}`);
}
