import { pulumiLine } from "../../../../site/plain-pulumi";
import { randomUUID } from "node:crypto";
import { hostname, userInfo } from "node:os";
import { type LockOwner, lockText, parseLock } from "../../../../site/state/pulumi-lock";
import { lockPrefix } from "../../../../site/state/state-keys";
import { NoSuchObject, UnreadableObject } from "../../../clients/object-store/object-store";
import { isOurDead } from "../../../clients/pulumi-cli/started-runs";
import { isRunning } from "../../../machine/processes";
import { CommandError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";
import type { StateAccess } from "./state-access";

/** A lock of a stack, as it lies in the backend. */
export interface FoundLock {
  readonly key: string;
  /** Undefined for one that cannot be read: it locks nevertheless. */
  readonly owner: LockOwner | undefined;
}

/** Every lock of the stack. */
export async function locksOf({ store, place }: StateAccess): Promise<FoundLock[]> {
  const objects = await store.list(lockPrefix(place));
  const found = await Promise.all(objects.map(async ({ key }) => readLock(store, key)));
  return found.filter((lock) => lock !== undefined);
}

async function readLock(store: StateAccess["store"], key: string): Promise<FoundLock | undefined> {
  try {
    return { key, owner: parseLock((await store.read(key)).toString("utf8")) };
  } catch (error) {
    if (error instanceof NoSuchObject) return undefined;
    if (error instanceof UnreadableObject) return { key, owner: undefined };
    throw error;
  }
}

/**
 * Takes the locks away that are of runs of `pulumi` which Lifeboat has started on this machine and which have ended; no other.
 *
 * @param logs folder of the runs' logs
 */
export async function clearOurDeadLocks(access: StateAccess, logs: string): Promise<void> {
  for (const { key, owner } of await locksOf(access)) {
    if (owner !== undefined && isOurDead({ ...owner, since: owner.timestamp }, logs)) await access.store.remove(key);
  }
}

/** A name for a lock of this run. */
export function newLockKey({ place }: StateAccess): string {
  return `${lockPrefix(place)}${randomUUID()}.json`;
}

/**
 * Takes Pulumi's lock as Pulumi does: no other lock is there, ours is written, and still no other is there. Of two that
 * try at the same time both may fail, and never do both succeed.
 *
 * @throws CommandError (11)
 */
export async function takePulumiLock(access: StateAccess, key: string): Promise<void> {
  await requireNoLock(access, key);
  const owner = {
    pid: process.pid,
    username: userInfo().username,
    hostname: hostname(),
    timestamp: new Date().toISOString(),
  };
  await access.store.write(key, Buffer.from(lockText(owner)));
  try {
    await requireNoLock(access, key);
  } catch (error) {
    await access.store.remove(key);
    throw error;
  }
}

/**
 * @param own a lock of this operation, which is none.
 * @throws CommandError (11) that says who holds it, and how a lock is cleared whose process is gone.
 */
export async function requireNoLock(access: StateAccess, own?: string): Promise<void> {
  const locks = (await locksOf(access)).filter(({ key }) => key !== own);
  if (locks.length === 0) return;
  const { stack } = access.place;
  const isDead = locks.every(({ owner }) => owner !== undefined && hasEnded(owner));
  const cancel = pulumiLine(stack, "cancel --yes");
  throw new CommandError(`the stack ${stack} is locked: ${locks.map(lockWords).join("; ")}`, {
    exitCode: exitCodes.locked,
    hint: isDead
      ? `if it was this machine (others may have its name), nobody is at work any more: ${cancel}, then the same command again`
      : `wait until it has ended; if that process is dead: ${cancel}`,
    details: {
      locks: locks.map(({ key, owner }) => ({ key, ...owner, ended: owner !== undefined && hasEnded(owner) })),
    },
  });
}

/** Who holds a lock and since when, as one sentence part. */
export function lockWords({ key, owner }: FoundLock): string {
  if (owner === undefined) return `${key}, which does not say by whom`;
  const { username, hostname: host, pid, timestamp } = owner;
  const ended = hasEnded(owner) ? "; on this machine that process has ended" : "";
  return `by ${username}@${host} (process ${String(pid)}) since ${timestamp}${ended}`;
}

/** Whether there is no such process on this machine, if the lock is of this machine: others may have the same name. */
function hasEnded({ pid, hostname: host }: LockOwner): boolean {
  return host === hostname() && Number.isInteger(pid) && pid > 0 && !isRunning(pid);
}
