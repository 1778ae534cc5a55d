import type { CopiedArchive } from "../../../site/offsite/copied-archives";
import { archivesOfEnvironment, offsitePlace } from "../../../site/offsite/places";
import { ArchiveInbox } from "../../clients/archive-inbox";
import { wayOverSsh } from "../../clients/data-program/guest-way";
import { nodeAccess } from "../../clients/keys-on-node";
import { type CopiedFile, OffsiteArchives } from "../../clients/offsite-archives";
import { openOffsite, requireOffsite } from "../../project/offsite-bucket";
import { CommandError, usageError } from "../../terminal/command-error";
import { formatBytes } from "../../terminal/durations";
import { exitCodes } from "../../terminal/exit-codes";
import type { GuestSession } from "../engine/session";
import { nodeHost, nodeLogin } from "../steps/guest/log-in";
import { nodeClock } from "../steps/guest/node-facts";
import { MomentError, parseMoment } from "../../../site/restore/moments";

/** An archive elsewhere that a restore has to have on a storage first. */
export interface ArchiveToFetch {
  readonly archive: CopiedArchive;
  readonly files: readonly CopiedFile[];
  /** As the storage calls it. */
  readonly volid: string;
  readonly node: string;
  readonly bucket: string;
  /** How old it is by the node's clock, seconds. */
  readonly age: number;
  /** What bringing it there takes; undefined where it is there already. */
  readonly space?: { readonly bytes: number; readonly room: number };
  /** One of its name and size is on the storage already. */
  readonly isThere: boolean;
  /** Brings it there. Whoever is told of bytes gets how many of all have come. @throws CommandError, StoreError, GuestUnreachable */
  fetch(progress: (text: string) => void): Promise<void>;
  /** Where one is there: reads it, since another content could have its name. @throws CommandError (13), GuestUnreachable */
  compare(): Promise<void>;
}

/** An archive in the bucket elsewhere, as that bucket alone tells of it. */
export interface CopyElsewhere {
  readonly archive: CopiedArchive;
  readonly bucket: string;
  /** How old it is by the node's clock, seconds. */
  readonly age: number;
  readonly archives: OffsiteArchives;
}

/** Which archive is wanted, and for which node. */
interface CopyWish {
  /** The newest that is not later. Undefined: the newest. */
  readonly at?: string | undefined;
  /** Undefined: the node of the settings. */
  readonly node?: string | undefined;
}

/**
 * Chooses the archive elsewhere that is restored. Asks the bucket, and the node for its time alone.
 *
 * @throws CommandError (2, 10), StoreError, ProxmoxError
 */
export async function copyElsewhere(
  { environment, guest, client, context, selector }: GuestSession,
  { at, node = guest.node }: CopyWish,
): Promise<CopyElsewhere> {
  const bucket = offsitePlace(requireOffsite(environment));
  const clock = await nodeClock(client, node);
  const store = await openOffsite(environment, { signal: context.signal });
  const archives = new OffsiteArchives(store, `${archivesOfEnvironment(environment.name)}/${guest.name}`);
  const found = await archives.list(clock.timezone);
  const archive = found.find(({ time }) => time <= untilOf(at, clock.timezone));
  if (archive === undefined) {
    const [newest] = found;
    const why = newest === undefined ? "there is no whole copy" : `no copy is that old; the newest is ${newest.name}`;
    throw new CommandError(`${why} of an archive of ${selector} in ${bucket}`, {
      exitCode: exitCodes.nothing,
      hint: "which archives go there is said by 'offsite' of a guest: docs/guides/offsite.md",
    });
  }
  return { archive, bucket, age: Math.max(0, Math.round(clock.time - archive.time)), archives };
}

/**
 * Chooses the archive elsewhere that is restored, and looks whether it can be brought to the storage of the settings. Changes nothing.
 *
 * @throws CommandError (1, 2, 10, 13), StoreError, ProxmoxError, GuestUnreachable
 */
export async function archiveToFetch(session: GuestSession, wish: CopyWish): Promise<ArchiveToFetch> {
  const { environment, guest, client, context } = session;
  const { signal } = context;
  const { node = guest.node } = wish;
  const { archive, bucket, age, archives } = await copyElsewhere(session, wish);
  const files = await archives.files(archive);
  const storage = environment.settings.backup.storage.id;
  const volid = `${storage}:backup/${archive.name}`;
  const listed = await client.backups.archives(node, storage, archive.vmid);
  const there = listed.find((one) => one.volid === volid);
  const own = files.at(-1);
  if (own === undefined) throw new Error(`${archive.name} has no files`);
  if (there?.size !== undefined && there.size !== own.bytes) throw otherContent(volid, node, bucket);
  const target = { archive, files, volid, node, bucket, age, isThere: there !== undefined };
  if (there !== undefined) {
    const compare = async (): Promise<void> => {
      const sum = await (await inboxOf(session, node)).sumOf(own.file, signal);
      if (sum !== own.sha256) throw otherContent(volid, node, bucket);
    };
    return { ...target, fetch: () => Promise.resolve(), compare };
  }
  const inbox = await inboxOf(session, node);
  const needed = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const room = await inbox.room(signal);
  if (room < needed) {
    throw new CommandError(
      `${storage} on ${node} has ${formatBytes(room)} of room, and ${archive.name} takes ${formatBytes(needed)}`,
      { exitCode: exitCodes.refused, hint: "make room there, then the same command again" },
    );
  }
  const fetch = async (progress: (text: string) => void): Promise<void> => {
    for (const file of files) {
      const told = (count: number): void => progress(`${formatBytes(count)} of ${formatBytes(file.bytes)}`);
      await inbox.take(file, await archives.open(archive, file.file), signal, told);
    }
  };
  return { ...target, space: { bytes: needed, room }, fetch, compare: () => Promise.resolve() };
}

function otherContent(volid: string, node: string, bucket: string): CommandError {
  return new CommandError(`${volid} is on ${node} already, and is not what lies in ${bucket} under its name`, {
    exitCode: exitCodes.refused,
    hint: `look at both; to restore the one elsewhere, move that of ${node} out of its folder first, with its .log and .notes`,
  });
}

function untilOf(at: string | undefined, timeZone: string): number {
  if (at === undefined) return Number.POSITIVE_INFINITY;
  try {
    return parseMoment(at, timeZone);
  } catch (error) {
    if (error instanceof MomentError) throw usageError(`--at: ${error.message}`);
    throw error;
  }
}

/** The node's folder of archives, and root on the node. */
async function inboxOf(session: GuestSession, node: string): Promise<ArchiveInbox> {
  const { environment, client } = session;
  const { proxmox, backup } = environment.settings;
  const { ssh } = proxmox;
  if (ssh === undefined) {
    throw new CommandError("it is brought to the node over SSH, and the settings say nothing of that", {
      exitCode: exitCodes.refused,
      hint: `say how to log in to ${node}: ssh in lifeboat:proxmox of ${environment.file}`,
    });
  }
  const folder = await folderOf(backup.storage.id, client);
  const access = nodeAccess(nodeLogin(session));
  return new ArchiveInbox(
    wayOverSsh(access, await nodeHost(session, node)),
    ssh.user === "root" ? "" : "sudo -n ",
    folder,
  );
}

/** @throws CommandError (13) for a storage that keeps no files */
async function folderOf(storage: string, client: GuestSession["client"]): Promise<string> {
  const { path, type } = await client.backups.storageDefinition(storage);
  if (path !== undefined) return `${path}/dump`;
  throw new CommandError(`the storage ${storage} (${type}) keeps no archives that are files`, {
    exitCode: exitCodes.refused,
    hint: "name a folder or NFS as storage of lifeboat:backup, then the same command again",
  });
}
