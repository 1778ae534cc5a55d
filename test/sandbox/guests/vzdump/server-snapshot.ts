/** A backup run that ends on a Proxmox Backup Server: what is sent, and what the run says of it. */
import { rename, writeFile } from "node:fs/promises";
import { readMachineHeader } from "../../drivers/machine-archives";
import { sha256Of } from "../../machine/files";
import { repositoryOf, whyServerRefuses } from "../../model/backup-servers";
import type { GuestState, StorageEntry } from "../../model/state";
import { death } from "../../protocol/failure";
import { clientCommand } from "../backup-server/client";
import {
  openSnapshot,
  printSnapshot,
  snapshotArchive,
  snapshotConfiguration,
  snapshotType,
  writeRecord,
} from "../backup-server/snapshots";
import type { ArchiveFiles, GuestBackup, PackedGuest } from "./backup-in-run";
import { readableBytes } from "./readable-bytes";

/** Names of a backup that becomes a snapshot: it is packed in a temporary folder. `compress` says nothing here. */
export function snapshotFiles({ vmid }: GuestBackup, guest: GuestState, time: number): ArchiveFiles {
  const snapshot = { type: snapshotType(guest.type), vmid, time };
  const temporary = `/var/tmp/vzdumptmp${process.pid}_${vmid}`;
  return {
    target: printSnapshot(snapshot),
    unfinished: `${temporary}.${guest.type === "qemu" ? "vma" : "tar"}.zst`,
    log: undefined,
    temporary,
    compression: "zstd",
    snapshot,
  };
}

/** The server has the snapshot from here on. */
export async function sendSnapshot(
  { node, options }: GuestBackup,
  { snapshot, unfinished }: ArchiveFiles,
  { size }: PackedGuest,
): Promise<void> {
  const { storage } = options;
  if (snapshot === undefined || storage === undefined) return;
  const refusal = whyServerRefuses(node, storage);
  if (refusal !== undefined) throw death(refusal);
  await openSnapshot(node, storage, snapshot);
  const archive = snapshotArchive(node, storage, snapshot);
  await rename(node.path(unfinished), archive);
  const text =
    snapshot.type === "vm"
      ? (await readMachineHeader(archive)).texts.get("qemu-server.conf")
      : await node.cluster.site.driver.readMember(archive, "./etc/vzdump/pct.conf");
  await writeFile(snapshotConfiguration(node, storage, snapshot), text ?? "");
  const encrypted = storage.options["encryption-key"];
  await writeRecord(node, storage, {
    ...snapshot,
    record: {
      size,
      sha256: await sha256Of(archive),
      notes: "",
      isProtected: false,
      ...(encrypted === undefined ? {} : { encrypted }),
    },
  });
}

/** The command that sends a container's tree. */
export function treeCommand(
  storage: StorageEntry,
  { target, temporary, snapshot }: ArchiveFiles,
  { words, exclude }: { readonly words: readonly string[]; readonly exclude: readonly string[] },
): string {
  const parameters = [
    `pct.conf:${temporary}/etc/vzdump/pct.conf`,
    `fw.conf:${temporary}/etc/vzdump/pct.fw`,
    "root.pxar:/mnt/vzsnap0",
    "--include-dev",
    "/mnt/vzsnap0/./",
    ...(words.length === 0 ? [] : ["--skip-lost-and-found"]),
    ...exclude.map((pattern) => `--exclude=${pattern}`),
    "--backup-type",
    "ct",
    "--backup-id",
    target.split("/")[1] ?? "",
    "--backup-time",
    String(snapshot?.time ?? 0),
    "--entries-max",
    "1048576",
  ];
  return clientCommand(storage, "backup", parameters, words);
}

/** What the client says of a container's tree. */
export function treeLines(
  storage: StorageEntry,
  { target, temporary }: ArchiveFiles,
  packed: number,
  size: number,
): string[] {
  const repository = repositoryOf(storage);
  return [
    `Starting backup: ${target}`,
    "Client name: sandbox",
    "No previous manifest available.",
    `Upload config file '${temporary}/etc/vzdump/pct.conf' to '${repository}' as pct.conf.blob`,
    `Upload config file '${temporary}/etc/vzdump/pct.fw' to '${repository}' as fw.conf.blob`,
    `Upload directory '/mnt/vzsnap0' to '${repository}' as root.pxar.didx`,
    `root.pxar: had to backup ${readableBytes(size, 3)} of ${readableBytes(size, 3)} (compressed ${readableBytes(packed, 3)}) in 0.10s`,
    "Duration: 0.15s",
  ];
}

/** What QEMU says of a machine's disks, of which it keeps no bitmap here: each backup reads all of them. */
export function bitmapLines(disks: readonly { key: string }[]): string[] {
  return disks.map(({ key }) => `${key}: dirty-bitmap status: created new`);
}
