import { rmSync } from "node:fs";
import * as z from "zod";
import { createExclusively, readIfThere, takeAway } from "./exclusive-file";
import { isRunning, startOf } from "./processes";

const ownerSchema = z.object({ pid: z.number(), processStart: z.string().exactOptional(), command: z.string() });

type Owner = z.infer<typeof ownerSchema>;

/** Another run on this machine works on the guest or stack. */
export class LockedError extends Error {
  override readonly name = "LockedError";

  constructor(
    readonly pid: number,
    readonly command: string,
  ) {
    super(`process ${pid} is at work on it: ${command}`);
  }
}

/**
 * Takes the lock of a guest or stack on this machine and answers with the function that gives it back. A lock whose process has
 * ended (`kill -9`, power cut) is taken over. Other machines are kept out by what the node says: running tasks and the
 * guest's own lock.
 *
 * @throws LockedError
 */
export function takeProcessLock(path: string, command: string): () => void {
  const processStart = startOf(process.pid);
  const owner: Owner = { pid: process.pid, command, ...(processStart === undefined ? {} : { processStart }) };
  while (!createExclusively(path, JSON.stringify(owner))) {
    const holder = parseOwner(readIfThere(path));
    if (holder !== undefined && isAlive(holder)) throw new LockedError(holder.pid, holder.command);
    takeAway(path, (content) => {
      const moved = parseOwner(content);
      return moved === undefined || !isAlive(moved);
    });
  }
  return () => rmSync(path, { force: true });
}

/** The process that holds a lock; undefined for a lock that is free, or whose process has ended. */
export function lockHolder(path: string): Pick<Owner, "pid" | "command"> | undefined {
  const owner = parseOwner(readIfThere(path));
  return owner !== undefined && isAlive(owner) ? owner : undefined;
}

/** Undefined for what is not an owner: the machine may have lost its power while it was written. */
function parseOwner(text: string | undefined): Owner | undefined {
  try {
    return ownerSchema.parse(JSON.parse(text ?? ""));
  } catch {
    return undefined;
  }
}

/** Process ids are used again; the start time tells a process from its successor where `/proc` is there. */
function isAlive({ pid, processStart }: Owner): boolean {
  return isRunning(pid) && (processStart === undefined || startOf(pid) === processStart);
}
