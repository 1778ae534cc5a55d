import { mkdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import * as z from "zod";
import { createExclusively, readIfThere, takeAway } from "../machine/exclusive-file";
import { isSameProcess, processIdentity } from "../machine/processes";

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
      takeAway(file, (content) => content === JSON.stringify(holder));
      continue;
    }
    if (holder !== undefined && !told) {
      told = true;
      onWait(holder.process);
    }
    await delay(retryMilliseconds);
  }
}

function isHeld(file: string, owner: Owner): boolean {
  if (owner.host === hostname()) {
    return isSameProcess(owner.process, owner.started);
  }
  const beat = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  return beat !== undefined && Date.now() - beat < silenceMilliseconds;
}

function readOwner(file: string): Owner | undefined {
  const text = readIfThere(file);
  return text === undefined ? undefined : ownerSchema.parse(JSON.parse(text));
}
