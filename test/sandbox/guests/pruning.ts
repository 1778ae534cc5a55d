import { markArchives, parseRetention } from "../../../proxmox/rules/retention";
import { parseArchiveName } from "../../../proxmox/rules/archive-names";
import type { Node } from "../model/site";
import { death, failureText } from "../protocol/failure";
import type { StorageEntry } from "../model/state";
import { pruneServer, serverMarks } from "./backup-server/content";
import { listContent, removeArchive } from "./content";
import type { PruneEntry, PruneRequest } from "./listed-volumes";
import { activateStorage, holds, parseVolume, volumePath } from "./storages";

/**
 * Which archives of a storage a retention keeps (PVE::Storage::prune_backups, without removing any).
 * @throws when the storage takes no backups, or has no retention of its own
 */
export async function pruneMarks(node: Node, request: PruneRequest): Promise<PruneEntry[]> {
  const { storage, text } = await retentionOf(node, request);
  if (storage.type === "pbs") return serverMarks(node, storage, request, text);
  const entries = await candidates(node, request);
  const retention = parseRetention(text);
  const marks = markArchives(
    entries.map((entry) => ({
      time: entry.ctime,
      protected: entry.protected,
      renamed: entry.renamed && !entry.protected,
      group: `${entry.type}/${entry.vmid ?? ""}`,
    })),
    retention,
    node.timeZone,
  );
  return entries.map(({ volid, ctime, type, vmid }, index) => ({
    volid,
    ctime,
    type,
    ...(vmid === undefined ? {} : { vmid }),
    mark: marks[index] ?? "keep",
  }));
}

interface Candidate {
  volid: string;
  ctime: number;
  type: string;
  vmid: number | string | undefined;
  protected: boolean;
  renamed: boolean;
}

async function retentionOf(
  node: Node,
  request: PruneRequest,
): Promise<{ readonly storage: StorageEntry; readonly text: string }> {
  const storage = await activateStorage(node, request.storage);
  if (!holds(storage, "backup")) throw death(`storage '${request.storage}' does not support backups`);
  const text = request.retention ?? storage.options["prune-backups"];
  if (text === undefined) throw death(`no prune-backups options configured for storage '${request.storage}'`);
  return { storage, text };
}

async function candidates(node: Node, request: PruneRequest): Promise<Candidate[]> {
  const listed = await listContent(node, request.storage, request.vmid, "backup");
  const entries = listed.map((volume): Candidate => {
    const name = parseArchiveName(volume.volid.slice(volume.volid.indexOf("/") + 1), node.timeZone);
    const standard = name?.standard === true ? name : undefined;
    const renamedOwner = volume.vmid === undefined ? undefined : String(volume.vmid);
    return {
      volid: volume.volid,
      ctime: standard?.time ?? volume.ctime ?? 0,
      type: name?.guestType ?? "unknown",
      vmid: standard?.vmid ?? renamedOwner,
      protected: volume.protected === 1,
      renamed: standard === undefined,
    };
  });
  const { type } = request;
  return type === undefined ? entries : entries.filter((entry) => entry.type === type);
}

/**
 * Removes what a retention no longer keeps.
 * @param log told of each archive, and of those that could not be removed
 * @returns how many were marked for removal
 * @throws `error pruning backups - check log`
 */
export async function prune(
  node: Node,
  request: PruneRequest,
  log: (level: "info" | "err", text: string) => void,
): Promise<number> {
  const marks = await pruneMarks(node, request);
  const { storage } = await retentionOf(node, request);
  if (storage.type === "pbs") return pruneServer(node, storage, marks, (text) => log("info", text));
  const doomed = marks.filter((entry) => entry.mark === "remove");
  let failed = false;
  for (const { volid } of doomed) {
    log("info", `removing backup '${volid}'`);
    try {
      await removeArchive(node, volumePath(parseVolume(node.cluster, volid)));
    } catch (failure) {
      log("err", `error when removing backup '${volid}' - ${failureText(failure)}`);
      failed = true;
    }
  }
  if (failed) throw death("error pruning backups - check log");
  return doomed.length;
}
