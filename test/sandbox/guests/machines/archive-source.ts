/** What a machine is restored from: a VMA file of the node, or a snapshot on a Proxmox Backup Server. */
import { basename } from "node:path";
import { parseArchiveName } from "../../../../proxmox/rules/archive-names";
import { decompressor } from "../../drivers/machine-archives";
import { BrokenArchive } from "../../drivers/vma/read-vma";
import type { Log } from "../../drivers/driver";
import { CommandFailed } from "../../machine/child-process";
import { repositoryOf } from "../../model/backup-servers";
import type { Node } from "../../model/site";
import type { StorageEntry, VolumeState } from "../../model/state";
import { death } from "../../protocol/failure";
import { openForRestore } from "../backup-server/client";
import { snapshotNamed } from "../backup-server/content";
import { printSnapshot, snapshotArchive, type SnapshotName } from "../backup-server/snapshots";
import { commandLine } from "../shell-quote";
import { activateStorage, parseVolume } from "../storages";
import { activateFile } from "../volumes";

export interface ArchiveSource {
  /** On this machine. */
  readonly file: string;
  readonly isOnServer: boolean;
  /** Tells how a disk is filled, once it is there. */
  readonly tellDisk: (device: string, volume: VolumeState, log: Log) => void;
  /** What becomes of a failure while it is read. */
  readonly failure: (failure: unknown, log: Log) => unknown;
}

/** @throws for what is no machine's, or cannot be opened */
export async function openSource(node: Node, volid: string, log: Log): Promise<ArchiveSource> {
  const parsed = parseVolume(node.cluster, volid);
  await activateStorage(node, parsed.storage.storage);
  if (parsed.storage.type !== "pbs") return openFile(node, volid, log);
  const name = snapshotNamed(parsed);
  if (name.type !== "vm") throw death(`got unexpected backup format '${parsed.format}'`);
  return openSnapshot(node, parsed.storage, name, log);
}

async function openFile(node: Node, volid: string, log: Log): Promise<ArchiveSource> {
  const path = await activateFile(node, volid);
  const name = parseArchiveName(basename(path), node.timeZone);
  if (name?.guestType !== "qemu" || name.format !== "vma") {
    throw death(`ERROR: file '${path}' does not look like a QemuServer vzdump backup`);
  }
  const commands = readingCommands(path);
  log(`restore vma archive: ${commands}`);
  return {
    file: node.path(path),
    isOnServer: false,
    tellDisk: (device, volume) => log(`map '${device}' to '${volume.path}' (write zeros = 0)`),
    failure: (failure) => unpackFailure(commands, failure, log),
  };
}

async function openSnapshot(node: Node, storage: StorageEntry, name: SnapshotName, log: Log): Promise<ArchiveSource> {
  const folder = `/var/tmp/vzdumptmp${process.pid}`;
  await openForRestore(node, storage, name, { file: ["index.json", `${folder}/index.json`], log });
  const last = { command: "" };
  return {
    file: snapshotArchive(node, storage, name),
    isOnServer: true,
    tellDisk: (device, { path, format }) => {
      last.command = restoringCommand(storage, name, { device, path, format });
      log(`restore proxmox backup image: ${last.command}`);
      log(`connecting to repository '${repositoryOf(storage)}'`);
    },
    failure: (failure) => {
      if (!(failure instanceof CommandFailed) && !(failure instanceof BrokenArchive)) return failure;
      log("Error: reading file failed - blob crc error");
      return death(`command '${last.command}' failed: exit code 255`);
    },
  };
}

function restoringCommand(
  storage: StorageEntry,
  name: SnapshotName,
  { device, path, format }: { readonly device: string; readonly path: string; readonly format: string },
): string {
  const { namespace } = storage.options;
  return commandLine([
    "/usr/bin/pbs-restore",
    "--repository",
    repositoryOf(storage),
    ...(namespace === undefined ? [] : ["--ns", namespace]),
    printSnapshot(name),
    `${device}.img.fidx`,
    path,
    "--verbose",
    "--format",
    format,
  ]);
}

/** The programs that read an archive, as Proxmox runs and prints them. */
function readingCommands(path: string): string {
  const unpacking = decompressor(path);
  const temporary = `/var/tmp/vzdumptmp${process.pid}`;
  const extract = ["vma", "extract", "-v", "-r", `${temporary}.fifo`, unpacking === undefined ? path : "-", temporary];
  const first = unpacking === undefined ? [] : [commandLine([unpacking.program, ...unpacking.arguments, path])];
  return [...first, commandLine(extract)].join(" | ");
}

/** A failure while reading, in the words of PVE::Tools::run_command; what the program said is in the log. */
function unpackFailure(commands: string, failure: unknown, log: Log): unknown {
  const isProgram = failure instanceof CommandFailed;
  if (!isProgram && !(failure instanceof BrokenArchive)) return failure;
  log(
    isProgram
      ? `${failure.program}: ${failure.message}`
      : `** (process:1): ERROR **: restore failed - ${failure.message}`,
  );
  const code = isProgram ? (failure.exitCode ?? 1) : 133;
  return death(`command 'set -o pipefail && ${commands}' failed: exit code ${code}`);
}
