import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { readVerification, type VerificationRecord } from "../../../../site/restore/verification-record";
import { nodesOf } from "../../../../site/needs";
import type { Environment } from "../../../../site/settings/environment";
import { runBounded } from "../../../machine/bounded";
import type { LoadedEnvironment } from "../../../project/environment";
import { unless } from "../../../recovery/steps/guest/inspect-present";
import { type PlacedArchive, readStorages, type StorageFacts, withoutDecided } from "../../status/backup-storages";

/** An archive with what was recorded when it was last verified. */
export interface ListedArchive {
  readonly archive: PlacedArchive;
  readonly label: string;
  /** File on the node; undefined where it is none, or nobody tells. */
  readonly path: string | undefined;
  readonly record: VerificationRecord | undefined;
}

/** Every archive on every storage for backups of an environment's nodes, whoever's it is. */
export interface ListedArchives {
  readonly archives: readonly ListedArchive[];
  readonly storages: StorageFacts;
}

/** What the storages for backups of an environment's nodes hold now. */
export async function lookAtStorages(client: ProxmoxClient, settings: Environment): Promise<StorageFacts> {
  const { id } = settings.backup.storage;
  return withoutDecided(client, await readStorages(client, nodesOf(settings), id), id);
}

const atOnce = { parallel: 6, perKey: 6, keyOf: () => "" };

/** @param wanted which of them, by the number of the guest. */
export async function listArchives(
  client: ProxmoxClient,
  { settings }: LoadedEnvironment,
  wanted: (vmid: number | undefined) => boolean,
): Promise<ListedArchives> {
  const { time: now } = await client.cluster.nodeTime(settings.proxmox.node);
  const storages = await lookAtStorages(client, settings);
  const names = new Map(settings.guests.map(({ id, name }) => [id, name]));
  const listed = await runBounded(
    storages.archives.filter(({ vmid }) => wanted(vmid)),
    atOnce,
    async (archive): Promise<ListedArchive> => {
      // Proxmox tells nothing of an empty file, and of one that is gone since.
      const details = await unless(
        ["failed", "gone", "forbidden"],
        client.backups.archiveDetails(archive.node, archive.volid),
      );
      return {
        archive,
        label: names.get(archive.vmid ?? 0) ?? (archive.vmid === undefined ? "?" : String(archive.vmid)),
        path: details?.path.startsWith("/") === true ? details.path : undefined,
        record: readVerification(details?.notes ?? ""),
      };
    },
  );
  return { archives: listed.sort(longestUnverifiedFirst(now)), storages };
}

/**
 * Of those that nobody has verified the newest, which is restored first. A date that is still to come, by a wrong clock or by
 * somebody's hand, is none: else its archive would be the last one for ever.
 */
function longestUnverifiedFirst(now: number): (one: ListedArchive, other: ListedArchive) => number {
  const timeOf = ({ record }: ListedArchive): number => (record === undefined || record.time > now ? 0 : record.time);
  return (one, other) =>
    timeOf(one) - timeOf(other) ||
    other.archive.ctime - one.archive.ctime ||
    (one.archive.volid < other.archive.volid ? -1 : 1);
}
