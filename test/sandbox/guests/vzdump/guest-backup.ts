import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { formatArchiveName, type ArchiveCompression } from "../../../../proxmox/rules/archive-names";
import { removeTree } from "../../machine/files";
import type { Compression } from "../../drivers/driver";
import type { Node } from "../../model/site";
import type { GuestState, GuestType } from "../../model/state";
import { death, failureText } from "../../protocol/failure";
import { managedGuest } from "../ha-resources";
import { listContent, mostProtected, setNotes, setProtected } from "../content";
import { prune } from "../pruning";
import { notesFrom } from "./notes";
import { snapshotLog } from "../backup-server/snapshots";
import { sendSnapshot, snapshotFiles } from "./server-snapshot";
import { ContainerBackup } from "./container-backup";
import { MachineBackup } from "./machine-backup";
import type { ArchiveFiles, GuestBackup } from "./backup-in-run";
import { backupLimit } from "./run-options";

/**
 * Backs one guest up; whatever goes wrong is in the log, and other guests go on (PVE::VZDump::exec_backup_task).
 * @returns whether it succeeded
 */
export async function backupGuest(backup: GuestBackup): Promise<boolean> {
  const { node, vmid, log } = backup;
  const started = node.clock.seconds();
  const opened: { files?: ArchiveFiles; succeeded?: true } = {};
  try {
    const guest = node.cluster.guest(vmid);
    if (guest === undefined) throw death(`unable to find VM '${vmid}'`);
    checkInterference(backup);
    await checkLimits(backup, guest);
    const files = archiveFiles(backup, guest, started);
    opened.files = files;
    await mkdir(node.path(files.temporary), { recursive: true });
    if (files.log !== undefined) await rm(node.path(files.log), { force: true });
    log.openGuest();
    log.info(`Starting Backup of VM ${vmid} (${guest.type})`);
    log.infoForTask(`Backup started at ${log.now()}`);
    await packGuest(backup, files, guest.type);
    await cleanUp(node, files);
    const seconds = node.clock.seconds() - started;
    log.info(`Finished Backup of VM ${vmid} (${duration(seconds)})`);
    log.infoForTask(`Backup finished at ${log.now()}`);
    opened.succeeded = true;
    return true;
  } catch (failure) {
    if (opened.files !== undefined) await cleanUp(node, opened.files);
    log.error(`Backup of VM ${vmid} failed - ${failureText(failure)}`);
    log.infoForTask(`Failed at ${log.now()}`);
    if (backup.task.signal.aborted) throw failure;
    return false;
  } finally {
    const text = log.closeGuest();
    const { files, succeeded } = opened;
    // The server has no snapshot of a backup that failed.
    const isKept = files?.snapshot === undefined || succeeded === true;
    if (text !== undefined && files !== undefined && isKept) await writeLog(backup, files, text);
  }
}

function duration(seconds: number): string {
  return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
}

/** A guest that HA is to keep running is not stopped for its backup: HA would start it again meanwhile. */
function checkInterference({ node, vmid, options }: GuestBackup): void {
  const resource = managedGuest(node.cluster, vmid);
  const wanted = resource?.options.state ?? "started";
  if (options.mode !== "stop" || resource === undefined || !["started", "enabled"].includes(wanted)) return;
  throw death(
    "Cannot execute a backup with stop mode on a HA managed and enabled Service. Use snapshot mode or disable the Service.",
  );
}

/** Proxmox refuses a backup that a storage's limits do not allow, before it starts. */
async function checkLimits({ node, vmid, options, authority }: GuestBackup, guest: GuestState): Promise<void> {
  const limit = backupLimit(options.retention);
  if (!(limit > 0 && !options.remove) && !options.protected) return;
  if (options.storage === undefined) return;
  const id = options.storage.storage;
  const backups = (await listContent(node, id, vmid, "backup")).filter((entry) => entry.subtype === guest.type);
  const kept = backups.filter((entry) => entry.protected === 1).length;
  if (options.protected) {
    const most = mostProtected(options.storage, authority);
    if (most > -1 && kept >= most) {
      throw death(`The number of protected backups per guest is limited to ${most} on storage '${id}'`);
    }
  } else if (backups.length - kept >= limit) {
    throw death(
      `There is a max backup limit of ${limit} enforced by the target storage or the vzdump parameters. Either increase the limit or delete old backups.`,
    );
  }
}

function archiveFiles(backup: GuestBackup, guest: GuestState, time: number): ArchiveFiles {
  const { node, vmid, options } = backup;
  if (options.storage?.type === "pbs") return snapshotFiles(backup, guest, time);
  const [compression, extension] = compressionOf(options.compress);
  const name = formatArchiveName({
    guestType: guest.type,
    vmid,
    time,
    timeZone: node.timeZone,
    format: guest.type === "qemu" ? "vma" : "tar",
    compression: extension,
  });
  const target = `${options.folder}/${name}`;
  const base = target.replace(/\.(tar|vma)(\.[a-z]+)?$/, "");
  return {
    target,
    unfinished: target.replace(/\.[^.]+$/, ".dat"),
    log: `${base}.log`,
    temporary: `${base}.tmp`,
    compression,
  };
}

function compressionOf(option: string): [Compression, ArchiveCompression | undefined] {
  if (option === "zstd") return ["zstd", "zst"];
  if (option === "gzip") return ["gzip", "gz"];
  return option === "1" || option === "lzo" ? ["lzo", "lzo"] : ["none", undefined];
}

async function cleanUp(node: Node, files: ArchiveFiles): Promise<void> {
  await rm(node.path(files.unfinished), { force: true });
  await removeTree(node.path(files.temporary));
}

async function writeLog({ node, options }: GuestBackup, files: ArchiveFiles, text: string): Promise<void> {
  const { storage } = options;
  if (files.snapshot !== undefined && storage !== undefined) {
    return writeFile(snapshotLog(node, storage, files.snapshot), text);
  }
  if (files.log === undefined) return;
  await mkdir(dirname(node.path(files.log)), { recursive: true });
  await writeFile(node.path(files.log), text);
}

/** Packs the guest, then notes, protection and retention, in Proxmox's order. */
async function packGuest(backup: GuestBackup, files: ArchiveFiles, type: GuestType): Promise<void> {
  const { node, options, task, log } = backup;
  const packer = type === "qemu" ? new MachineBackup(backup, files) : new ContainerBackup(backup, files);
  try {
    await packer.prepare();
    log.info(`creating ${files.snapshot === undefined ? "vzdump" : "Proxmox Backup Server"} archive '${files.target}'`);
    await task.checkpoint("archiving");
    const packed = await packer.pack();
    if (files.snapshot === undefined) {
      await rename(node.path(files.unfinished), node.path(files.target));
      const { size } = await stat(node.path(files.target));
      log.info(`archive file size: ${readableSize(size)}`);
    } else await sendSnapshot(backup, files, packed);
    await task.checkpoint("archived");
    await finishArchive(backup, files, packer.hostname);
    if (options.remove) await pruneGuest(backup);
  } finally {
    await packer.release();
  }
}

function readableSize(bytes: number): string {
  const units = ["KB", "MB", "GB", "TB"] as const;
  let size = bytes / 1024;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit < 2 ? Math.floor(size) : size.toFixed(2)}${units[unit] ?? ""}`;
}

async function finishArchive(
  { node, vmid, options, log }: GuestBackup,
  files: ArchiveFiles,
  hostname: string,
): Promise<void> {
  const id = options.storage?.storage;
  if (id === undefined) return;
  const volid = `${id}:backup/${files.snapshot === undefined ? basename(files.target) : files.target}`;
  if (options.notesTemplate !== undefined && options.notesTemplate !== "") {
    log.info("adding notes to backup");
    try {
      const cluster = node.cluster.state.name ?? "standalone node";
      await setNotes(
        node,
        volid,
        notesFrom(options.notesTemplate, { cluster, guestname: hostname, node: node.name, vmid }),
      );
    } catch (failure) {
      log.warn(`unable to add notes - ${failureText(failure)}`);
    }
  }
  if (options.protected) {
    log.info("marking backup as protected");
    await setProtected(node, volid, true);
  }
}

async function pruneGuest({ node, vmid, options, log, task }: GuestBackup): Promise<void> {
  const id = options.storage?.storage;
  if (id === undefined) return;
  await task.checkpoint("pruning");
  log.info(`prune older backups with retention: ${options.retentionText}`);
  const retention = options.retentionText.replaceAll(", ", ",");
  const type = node.cluster.guest(vmid)?.type;
  const pruned = await prune(node, { storage: id, retention, vmid, type }, (level, text) =>
    level === "info" ? log.info(text) : log.error(text),
  );
  log.info(`pruned ${pruned} backup(s)${pruned > 0 ? " not covered by keep-retention policy" : ""}`);
}
