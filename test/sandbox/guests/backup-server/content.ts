/** Snapshots of a Proxmox Backup Server as volumes of a storage (PVE::Storage::PBSPlugin). */
import { markArchives, parseRetention } from "../../../../proxmox/rules/retention";
import { serverPath } from "../../model/backup-servers";
import type { Node } from "../../model/site";
import type { StorageEntry } from "../../model/state";
import { death } from "../../protocol/failure";
import type { ListedVolume, PruneEntry, PruneRequest, VolumeDetails } from "../listed-volumes";
import type { ParsedVolume } from "../storages";
import {
  forgetSnapshot,
  listSnapshots,
  parseSnapshot,
  printSnapshot,
  readSnapshot,
  writeRecord,
  type Snapshot,
  type SnapshotName,
} from "./snapshots";

/** Bytes that Proxmox VE shows where the server tells none: of a snapshot without a readable manifest. */
const NO_SIZE = 1;

/** A verification on the server; of its tasks nothing else is known here. */
export function verificationTask(seconds: number): string {
  const start = seconds.toString(16).toUpperCase().padStart(8, "0");
  return `UPID:backup-server:00000001:00000001:00000001:${start}:verify:main:root@pam:`;
}

export async function listServer(node: Node, storage: StorageEntry, vmid: number | undefined): Promise<ListedVolume[]> {
  const snapshots = await listSnapshots(node, storage, vmid);
  return snapshots.map((snapshot) => listed(node, storage, snapshot));
}

function listed(node: Node, { storage }: StorageEntry, snapshot: Snapshot): ListedVolume {
  const { type, vmid, time, record } = snapshot;
  const { faults } = node.cluster.site;
  const volid = `${storage}:backup/${printSnapshot(snapshot)}`;
  const isUnsized = faults.hit("no-size", { node: node.name, volid }) !== undefined;
  const isFailed = faults.hit("verification-failed", { node: node.name, volid }) !== undefined;
  const verification = isFailed ? { state: "failed", upid: verificationTask(time + 3600) } : record.verification;
  const firstLine = record.notes.split("\n")[0];
  return {
    volid,
    content: "backup",
    format: `pbs-${type}`,
    size: isUnsized ? NO_SIZE : record.size,
    ctime: time,
    subtype: type === "vm" ? "qemu" : "lxc",
    vmid,
    ...(verification === undefined ? {} : { verification }),
    ...(record.encrypted === undefined ? {} : { encrypted: record.encrypted }),
    ...(firstLine === undefined || firstLine === "" ? {} : { notes: firstLine }),
    ...(record.isProtected ? { protected: 1 as const } : {}),
  };
}

/** @throws in the words of the client for one that is missing */
export async function serverDetails(node: Node, parsed: ParsedVolume): Promise<VolumeDetails> {
  const { record } = await requireSnapshot(node, parsed);
  const { size, notes, isProtected } = record;
  return { path: serverPath(parsed), size, used: size, format: parsed.format, notes, protected: isProtected ? 1 : 0 };
}

export async function changeRecord(
  node: Node,
  parsed: ParsedVolume,
  change: Partial<Pick<Snapshot["record"], "notes" | "isProtected">>,
): Promise<void> {
  const snapshot = await requireSnapshot(node, parsed);
  await writeRecord(node, parsed.storage, { ...snapshot, record: { ...snapshot.record, ...change } });
}

/** The name of a snapshot that is a guest's. */
export function snapshotNamed({ name }: Pick<ParsedVolume, "name">): SnapshotName {
  const parsed = parseSnapshot(name);
  if (parsed === undefined) throw death(`proxmox-backup-client failed: Error: ${name} is no guest's`);
  return parsed;
}

async function requireSnapshot(node: Node, parsed: ParsedVolume): Promise<Snapshot> {
  const snapshot = await readSnapshot(node, parsed.storage, snapshotNamed(parsed));
  if (snapshot !== undefined) return snapshot;
  throw death(`proxmox-backup-client failed: Error: snapshot ${parsed.name} does not exist`);
}

/** The server itself keeps a protected one. */
export async function removeSnapshot(node: Node, parsed: ParsedVolume): Promise<void> {
  const { record, ...name } = await requireSnapshot(node, parsed);
  if (record.isProtected) throw death("proxmox-backup-client failed: Error: cannot remove protected snapshot");
  await forgetSnapshot(node, parsed.storage, name);
}

/** What the server keeps of each of the groups; it decides by its own time zone, for which the node's stands here. */
export async function serverMarks(
  node: Node,
  storage: StorageEntry,
  request: Pick<PruneRequest, "vmid" | "type">,
  retention: string,
): Promise<PruneEntry[]> {
  const all = await listSnapshots(node, storage, request.vmid);
  const wanted = request.type === undefined ? undefined : request.type === "qemu" ? "vm" : "ct";
  const snapshots = all.filter(({ type }) => wanted === undefined || type === wanted);
  const marks = markArchives(
    snapshots.map(({ type, vmid, time, record }) => ({
      time,
      protected: record.isProtected,
      renamed: false,
      group: `${type}/${vmid}`,
    })),
    parseRetention(retention),
    node.timeZone,
  );
  return snapshots.map((snapshot, index) => ({
    volid: `${storage.storage}:backup/${printSnapshot(snapshot)}`,
    ctime: snapshot.time,
    type: snapshot.type === "vm" ? "qemu" : "lxc",
    // The server's groups have texts for names.
    vmid: String(snapshot.vmid),
    mark: marks[index] ?? "keep",
  }));
}

/** Removes what the server does not keep. @returns how many snapshots went */
export async function pruneServer(
  node: Node,
  storage: StorageEntry,
  marks: readonly PruneEntry[],
  log: (text: string) => void,
): Promise<number> {
  for (const group of new Set(marks.map(({ type, vmid }) => `${type === "qemu" ? "vm" : "ct"}/${vmid ?? ""}`))) {
    log(`running 'proxmox-backup-client prune' for '${group}'`);
  }
  const doomed = marks.filter(({ mark }) => mark === "remove");
  for (const { volid } of doomed) {
    const name = parseSnapshot(volid.slice(volid.indexOf("/") + 1));
    if (name !== undefined) await forgetSnapshot(node, storage, name);
  }
  return doomed.length;
}
