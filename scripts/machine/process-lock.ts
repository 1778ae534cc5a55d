import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import * as z from "zod";
import { hasCode } from "./error-code";

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
  const own = `${path}.${process.pid}`;
  const processStart = startOf(process.pid);
  const owner: Owner = { pid: process.pid, command, ...(processStart === undefined ? {} : { processStart }) };
  writeFileSync(own, JSON.stringify(owner), { mode: 0o600 });
  try {
    while (!tryLink(own, path)) clearDeadLock(path);
  } finally {
    rmSync(own, { force: true });
  }
  return () => rmSync(path, { force: true });
}

/** A link appears whole or not at all, and never over an existing file. */
function tryLink(own: string, path: string): boolean {
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  }
}

/**
 * Moves a dead process's lock away. Moving and looking again, not deleting: between reading and deleting, a third
 * process may have put its own, living lock there.
 */
function clearDeadLock(path: string): void {
  const owner = readOwner(path);
  if (owner !== undefined && isAlive(owner)) throw new LockedError(owner.pid, owner.command);
  const aside = `${path}.dead.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return;
    throw error;
  }
  const moved = readOwner(aside);
  if (moved !== undefined && isAlive(moved)) tryLink(aside, path);
  rmSync(aside, { force: true });
}

function readOwner(path: string): Owner | undefined {
  try {
    return ownerSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return undefined;
  }
}

/** Process ids are used again; the start time tells a process from its successor where `/proc` is there. */
function isAlive({ pid, processStart }: Owner): boolean {
  return isRunning(pid) && (processStart === undefined || startOf(pid) === processStart);
}

/** Whether a process of this machine is there, and has not ended already (nobody may have asked yet how). */
export function isRunning(pid: number): boolean {
  if (statOf(pid)?.[0] === "Z") return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, "EPERM");
  }
}

/** Start of a process in clock ticks since boot: field 22 of `/proc/PID/stat`. */
export function startOf(pid: number): string | undefined {
  return statOf(pid)?.[19];
}

/** Fields of `/proc/PID/stat` behind the name in parentheses: the state is the first. */
function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}
