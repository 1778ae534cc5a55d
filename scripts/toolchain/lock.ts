import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import * as z from "zod";
import { codeOf } from "./errors";
import { isAlive, processIdentity } from "./processes";

const ownerSchema = z.object({ host: z.string(), process: z.number(), started: z.string() });
type Owner = z.infer<typeof ownerSchema>;

/** A holder whose process cannot be looked at (another host or container) counts as gone after this long a silence. */
const silenceMilliseconds = 60_000;
const heartbeatMilliseconds = 5_000;
const retryMilliseconds = 200;

/**
 * Runs an action while no other process runs one under the same lock file. The lock of a process that was killed is
 * taken over at once.
 *
 * @param onWait told once when another process holds the lock, with its process id.
 */
export async function withLock<T>(
  file: string,
  onWait: (holder: number) => void,
  action: () => Promise<T>,
): Promise<T> {
  await acquire(file, onWait);
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimesSync(file, now, now);
  }, heartbeatMilliseconds);
  heartbeat.unref();
  try {
    return await action();
  } finally {
    clearInterval(heartbeat);
    rmSync(file, { force: true });
  }
}

async function acquire(file: string, onWait: (holder: number) => void): Promise<void> {
  mkdirSync(path.dirname(file), { recursive: true });
  const owner: Owner = { host: hostname(), process: process.pid, started: processIdentity(process.pid) ?? "" };
  let told = false;
  while (!createExclusively(file, JSON.stringify(owner))) {
    const holder = readOwner(file);
    if (holder !== undefined && !isHeld(file, holder)) {
      takeAway(file, holder);
      continue;
    }
    if (holder !== undefined && !told) {
      told = true;
      onWait(holder.process);
    }
    await delay(retryMilliseconds);
  }
}

/** A link appears with its content in one step, unlike a file that is created and then written. */
function createExclusively(file: string, content: string): boolean {
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, content);
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") {
      return false;
    }
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function isHeld(file: string, owner: Owner): boolean {
  if (owner.host === hostname()) {
    return isAlive(owner.process, owner.started);
  }
  const beat = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  return beat !== undefined && Date.now() - beat < silenceMilliseconds;
}

/** Another process may have taken the lock over since it was read: then what was moved away is put back. */
function takeAway(file: string, judged: Owner): void {
  const aside = `${file}.${randomUUID()}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (codeOf(error) === "ENOENT") {
      return;
    }
    throw error;
  }
  if (JSON.stringify(readOwner(aside)) !== JSON.stringify(judged)) {
    linkSync(aside, file);
  }
  rmSync(aside, { force: true });
}

function readOwner(file: string): Owner | undefined {
  try {
    return ownerSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    if (codeOf(error) === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}
