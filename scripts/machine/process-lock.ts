import { rmSync } from "node:fs";
import * as z from "zod";
import { createExclusively, readIfThere, takeAway } from "./exclusive-file";
import { hasEnded, isRunning, processIdentity, processPlace, startOf } from "./processes";
import { shellQuote } from "./shell-quote";

const ownerSchema = z.object({
  pid: z.number(),
  command: z.string(),
  /** What tells this process from others that have had or will have its id: boot and start. Empty: not known. */
  identity: z.string().exactOptional(),
  /** Where its id means something. */
  place: z.object({ boot: z.string(), namespace: z.string(), machine: z.string() }).exactOptional(),
  /** What earlier versions wrote in place of both: its start. */
  processStart: z.string().exactOptional(),
});

type Owner = z.infer<typeof ownerSchema>;

/** Another run on this machine works on the guest or stack, or may do so. */
export class LockedError extends Error {
  override readonly name = "LockedError";
  /** What the user can do. */
  readonly hint: string;

  /** @param path of the lock */
  constructor({ pid, command, place }: Owner, path: string) {
    const isElsewhere = place !== undefined && place.namespace !== processPlace()?.namespace;
    const who = isElsewhere ? `process ${pid} of another container or machine may be` : `process ${pid} is`;
    super(`${who} at work on it: ${command}`);
    this.hint = isElsewhere
      ? `wait until it has ended; once nobody is at work there any more: rm ${shellQuote(path)}`
      : "wait until it has ended";
  }
}

/**
 * Takes the lock of a guest or stack on this machine and answers with the function that gives it back. A lock whose process has
 * ended (`kill -9`, power cut) is taken over; whether one of another container has ended is not known here, so its lock holds.
 * Other machines are kept out by what the node says: running tasks and the guest's own lock.
 *
 * @throws LockedError
 */
export function takeProcessLock(path: string, command: string): () => void {
  const place = processPlace();
  const identity = processIdentity(process.pid) ?? "";
  const owner: Owner = { pid: process.pid, command, identity, ...(place === undefined ? {} : { place }) };
  while (!createExclusively(path, JSON.stringify(owner))) {
    const holder = parseOwner(readIfThere(path));
    if (holder !== undefined && isAlive(holder)) throw new LockedError(holder, path);
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

/** Process ids are used again, and each container has its own: boot, namespace and start tell which process was meant. */
function isAlive({ pid, identity = "", place, processStart }: Owner): boolean {
  if (place !== undefined) return !hasEnded(pid, identity, place);
  return isRunning(pid) && (processStart === undefined || startOf(pid) === processStart);
}
