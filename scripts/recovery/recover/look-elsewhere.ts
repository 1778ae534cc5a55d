import { failureOf } from "../../clients/failure";
import { StoreError } from "../../clients/object-store/object-store";
import { CommandError } from "../../terminal/command-error";
import { formatBytes } from "../../terminal/durations";
import { exitCodes } from "../../terminal/exit-codes";
import type { GuestSession } from "../engine/session";
import { archiveToFetch, copyElsewhere, type CopyElsewhere } from "../restore-guest/fetch-archive";
import type { Way } from "./dead-node";
import type { GuestLook } from "./plan";
import type { RecoverRequest } from "./session";

/** The place whose archives of whole guests a recovery may bring back, beside the states. */
const place = "offsite";

/** Room that copies take on the storage that they are brought to. */
export interface CopyNeed {
  readonly node: string;
  readonly volid: string;
  readonly bytes: number;
  /** Free there, in bytes. */
  readonly room: number;
}

/** Whether the recovery was told to bring guests from the bucket elsewhere. */
export function isFromElsewhere({ from }: Pick<RecoverRequest, "from">): boolean {
  return from === place;
}

/** Whether storages have no archive of a guest, or some of them could not be listed: nothing else lets a copy stand in for one. */
export function hasNoneHere(error: unknown): error is CommandError {
  if (!(error instanceof CommandError)) return false;
  return error.exitCode === exitCodes.nothing || "unsearched" in error.details;
}

/** Whether there is no archive of a guest at all: one that cannot be taken as it is is somebody's to look at. */
export function hasNoArchive(error: unknown): boolean {
  return error instanceof CommandError && error.exitCode === exitCodes.nothing && !("leftOut" in error.details);
}

/**
 * How a guest comes back that has no archive on the storages that could be listed.
 *
 * @param here what is to be said of it without the bucket elsewhere
 * @param error why it has none here
 */
export async function wayFromElsewhere(
  own: GuestSession,
  { here, error, node, needs }: { here: Way; error: CommandError; node: string | undefined; needs: CopyNeed[] },
): Promise<Way> {
  if (own.environment.settings.offsite === undefined) return here;
  const unsearched = error.exitCode === exitCodes.nothing ? undefined : error.message;
  try {
    const found = await archiveToFetch(own, { node });
    if (found.space !== undefined) needs.push({ node: found.node, volid: found.volid, ...found.space });
    return {
      way: "offsite",
      archive: found.volid,
      bytes: found.archive.bytes,
      ageSeconds: found.age,
      elsewhere: shown(found),
      mayBeElsewhere: true,
      ...(unsearched === undefined ? {} : { why: `${unsearched}: a newer archive may lie there` }),
    };
  } catch (failure) {
    const { why, mend, isNone } = whyNot(own, failure);
    const told = `${error.message}; and ${why}`;
    if (isNone)
      return { ...here, why: here.way === "anew" && own.guest.optOut !== undefined ? (here.why ?? told) : told };
    return { way: "none", mayBeElsewhere: true, why: told, ...(mend === undefined ? {} : { mend }) };
  }
}

/** What the bucket elsewhere has of a guest whose storage is not defined yet, and may be empty when it is. */
export async function copyOfUnseen(
  own: GuestSession,
  node: string | undefined,
): Promise<Pick<GuestLook, "elsewhere" | "mayBeElsewhere" | "why" | "mend">> {
  if (own.environment.settings.offsite === undefined) return {};
  try {
    return { elsewhere: shown(await copyElsewhere(own, { node })), mayBeElsewhere: true };
  } catch (failure) {
    const { why, mend, isNone } = whyNot(own, failure);
    return { why, ...(mend === undefined ? {} : { mend }), ...(isNone ? {} : { mayBeElsewhere: true }) };
  }
}

/**
 * Brings the newest copy to the storage of the settings, where it is restored from like every archive.
 *
 * @returns the volume id that it has there
 * @throws CommandError (1, 10, 13), StoreError, ProxmoxError, GuestUnreachable
 */
export async function bringHere(own: GuestSession, node: string | undefined): Promise<string> {
  const { progress } = own.context;
  const found = await archiveToFetch(own, { node });
  const { name } = found.archive;
  if (found.isThere) await progress.step(`Compare ${name} with its copy`, () => found.compare());
  else await progress.step(`Fetch ${name}`, (told) => found.fetch(told));
  return found.volid;
}

/**
 * Several copies go to one storage, each of which had room there by itself.
 *
 * @throws CommandError (13)
 */
export function refuseFullOfCopies(needs: readonly CopyNeed[]): void {
  const places = new Map<string, CopyNeed[]>();
  for (const need of needs) {
    const where = `${storageOf(need)} on ${need.node}`;
    places.set(where, [...(places.get(where) ?? []), need]);
  }
  for (const [where, copies] of places) {
    const bytes = copies.reduce((sum, copy) => sum + copy.bytes, 0);
    const room = Math.min(...copies.map((copy) => copy.room));
    if (bytes <= room) continue;
    throw new CommandError(
      `${where} has ${formatBytes(room)} of room, and the copies that are brought there take ${formatBytes(bytes)}`,
      { exitCode: exitCodes.refused, hint: "make room there, or bring back some guests first: --only" },
    );
  }
}

function storageOf({ volid }: CopyNeed): string {
  return volid.split(":", 1)[0] ?? volid;
}

function shown({ archive, bucket, age }: Pick<CopyElsewhere, "archive" | "bucket" | "age">) {
  const { name, bytes, doubts } = archive;
  return { bucket, archive: name, bytes, ageSeconds: age, doubts: [...doubts] };
}

/** Only an answer of the bucket itself says that there is no copy. @throws what is a defect of ours, and where somebody has interrupted it */
function whyNot({ context }: GuestSession, error: unknown) {
  context.signal.throwIfAborted();
  const { reason, hint, exitCode, stack } = failureOf(error, undefined);
  if (stack !== undefined) throw error;
  if (exitCode === exitCodes.nothing) return { why: reason, isNone: true };
  // The hints of stores speak of the one with the states.
  const mend = error instanceof StoreError ? "when it answers: the same command again" : hint;
  return { why: `its copy elsewhere cannot be had: ${reason}`, mend, isNone: false };
}
