import { stat } from "node:fs/promises";
import { compressor, packArguments } from "../../drivers/archives";
import { usedBytes } from "../../machine/files";
import type { Mount } from "../../drivers/driver";
import { death } from "../../protocol/failure";
import { loadGuest, removeLock, setLock, type LoadedGuest } from "../configuration";
import { backupDecision, mountsOf, type ContainerMount } from "../containers/mount-points";
import { isRunning, shutDownContainer, startContainer } from "../containers/runtime";
import { snapshotPath } from "../containers/copy-volume";
import { containerSnapshots, hasFeature } from "../containers/snapshots";
import { createSnapshot, deleteSnapshot } from "../snapshots";
import { commandLine, USER_NAMESPACE } from "../shell-quote";
import { activateVolume, machineVolume } from "../volumes";
import { archivedText } from "./archived-text";
import type { StorageEntry } from "../../model/state";
import type { ArchiveFiles, GuestBackup, GuestPacker, PackedGuest } from "./backup-in-run";
import { isFull } from "./room";
import { treeCommand, treeLines } from "./server-snapshot";
import type { BackupMode } from "./run-options";

/** Space that a full storage is left with. */
const NO_SPACE = "No space left on device";

/** One container's backup: what is locked, stopped or frozen for it, and given back at the end (PVE::VZDump::LXC). */
export class ContainerBackup implements GuestPacker {
  readonly #backup: GuestBackup;
  readonly #files: ArchiveFiles;
  #mode: BackupMode = "stop";
  #included: ContainerMount[] = [];
  /** What has to be undone. */
  #locked = false;
  #stopped = false;
  #snapshot = false;
  #wasRunning = false;
  /** Unix seconds since which the guest does not answer. */
  #offline: number | undefined;

  constructor(backup: GuestBackup, files: ArchiveFiles) {
    this.#backup = backup;
    this.#files = files;
  }

  get hostname(): string {
    return this.#load().configuration.keys.get("hostname") ?? `CT${this.#backup.vmid}`;
  }

  #load(): LoadedGuest {
    return loadGuest(this.#backup.node, "lxc", this.#backup.vmid);
  }

  /** Locks the container and brings it into the state in which it can be packed. */
  async prepare(): Promise<void> {
    const { node, vmid, options, log, task } = this.#backup;
    this.#wasRunning = await isRunning(node, this.#load().guest);
    log.info(`status = ${this.#wasRunning ? "running" : "stopped"}`);
    await setLock(node, "lxc", vmid, "backup");
    this.#locked = true;
    await task.checkpoint("locked");
    this.#mode = this.#wasRunning ? options.mode : "stop";
    if (this.#mode === "snapshot" && !this.#describe(true)) {
      log.info("mode failure - some volumes do not support snapshots");
      log.info("trying 'suspend' mode instead");
      this.#mode = "suspend";
    }
    log.info(`backup mode: ${this.#mode}`);
    if (options.bandwidth > 0) log.info(`bandwidth limit: ${options.bandwidth} KiB/s`);
    log.info(`ionice priority: ${options.ionice}`);
    if (this.#mode !== "snapshot") this.#describe(false);
    if (this.#mode === "stop" && this.#wasRunning) await this.#stop();
    if (this.#mode === "suspend") await this.#suspend();
    if (this.#mode === "snapshot") await this.#takeSnapshot();
  }

  /** Says what is packed and what is not. @returns whether all of it supports snapshots, if asked for */
  #describe(snapshots: boolean): boolean {
    const { node, log } = this.#backup;
    const { configuration } = this.#load();
    const hostname = configuration.keys.get("hostname");
    if (hostname !== undefined) log.info(`CT Name: ${hostname}`);
    this.#included = [];
    for (const mount of mountsOf(configuration.keys)) {
      const { included, reason } = backupDecision(mount);
      const place = `mount point ${mount.key} ('${mount.target ?? ""}')`;
      if (included) {
        log.info(`including ${place} in backup`);
        this.#included.push(mount);
      } else log.info(`excluding ${mount.kind} ${place} from backup (${reason})`);
    }
    return !snapshots || hasFeature(node, "snapshot", configuration, true);
  }

  async #stop(): Promise<void> {
    const { node, options, log } = this.#backup;
    log.info("stopping virtual guest");
    this.#offline = node.clock.seconds();
    await shutDownContainer(node, this.#load(), options.stopWait * 60, false);
    this.#stopped = true;
  }

  /**
   * Proxmox copies the running tree twice, the second time frozen, and packs the copy. Here it is packed in place; the
   * lines are Proxmox's.
   */
  async #suspend(): Promise<void> {
    const { node, log } = this.#backup;
    const from = `/proc/${(await node.cluster.site.driver.processId(node.name, this.#backup.vmid)) ?? this.#backup.vmid}/root/`;
    const bytes = await this.#bytes();
    log.info(`starting first sync ${from} to ${this.#files.temporary}`);
    log.info(`first sync finished - transferred ${humanBytes(bytes)} in 0s`);
    log.info("suspending guest");
    log.info(`starting final sync ${from} to ${this.#files.temporary}`);
    log.info("final sync finished - transferred 0 bytes in 0s");
    log.info("resuming guest");
    log.info("guest is online again after <1 seconds");
  }

  async #bytes(): Promise<number> {
    const sizes = await Promise.all((await this.#mounts()).map((mount) => usedBytes(mount.volume.path)));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  async #takeSnapshot(): Promise<void> {
    const { node, vmid, log } = this.#backup;
    const several = this.#included.length > 1;
    if (several) log.info("suspend vm to make snapshot");
    log.info("create storage snapshot 'vzdump'");
    await removeLock(node, "lxc", vmid, "backup");
    this.#locked = false;
    const wanted = { name: "vzdump", description: "vzdump backup snapshot" };
    await createSnapshot(containerSnapshots, node, vmid, wanted, () => {});
    this.#snapshot = true;
    await setLock(node, "lxc", vmid, "backup");
    this.#locked = true;
    if (!several) return;
    log.info("resume vm");
    log.info("guest is online again after <1 seconds");
  }

  /** The volumes that are packed; of a snapshot, their frozen copies. */
  async #mounts(): Promise<Mount[]> {
    const { node } = this.#backup;
    const mounts: Mount[] = [];
    for (const { volume, target } of this.#included) {
      const found = await activateVolume(node, volume);
      const machine = machineVolume(node, found);
      const path = this.#snapshot ? snapshotPath(node, found.path, "vzdump") : machine.path;
      mounts.push({ volume: { ...machine, path }, target: target ?? "/", readOnly: true });
    }
    return mounts;
  }

  /** Writes the archive. @throws in the words of PVE::Tools::run_command when tar or the compressor fails */
  async pack(): Promise<PackedGuest> {
    const { node, vmid, options, log, task } = this.#backup;
    const { guest, configuration } = this.#load();
    const unprivileged = configuration.keys.get("unprivileged") === "1";
    const { storage } = options;
    const onServer = this.#files.snapshot === undefined ? undefined : storage;
    if (onServer !== undefined) {
      log.info("set max number of entries in memory for file-based backups to 1048576");
      log.info(`run: ${this.#treeCommand(onServer, unprivileged)}`);
    }
    const packed = { size: 0 };
    try {
      const { tarBytes } = await node.cluster.site.driver.pack(
        {
          mounts: await this.#mounts(),
          running: this.#mode === "suspend" ? { node: node.name, vmid } : undefined,
          configuration: archivedText(configuration),
          firewall: guest.firewall ?? "",
          exclude: [...(unprivileged ? ["lost+found"] : []), ...options.exclude],
          compression: this.#files.compression,
          threads: Math.max(1, options.zstdThreads),
          destination: node.path(this.#files.unfinished),
          temporary: node.path(this.#files.temporary),
          signal: task.signal,
          ...(options.bandwidth > 0 ? { bytesPerSecond: options.bandwidth * 1024 } : {}),
        },
        (line) => (onServer === undefined ? log.info(line) : undefined),
      );
      packed.size = tarBytes;
    } catch (failure) {
      if (task.signal.aborted) throw death("interrupted by signal");
      throw this.#packFailure(unprivileged, failure);
    }
    await this.#checkRoom(unprivileged);
    if (onServer === undefined) return packed;
    const { size } = await stat(node.path(this.#files.unfinished));
    for (const line of treeLines(onServer, this.#files, size, packed.size)) log.info(line);
    return packed;
  }

  #treeCommand(storage: StorageEntry, unprivileged: boolean): string {
    const words = unprivileged ? USER_NAMESPACE : [];
    return treeCommand(storage, this.#files, { words, exclude: this.#backup.options.exclude });
  }

  /** A storage without room breaks the compressor off. */
  async #checkRoom(unprivileged: boolean): Promise<void> {
    const { node, options, log } = this.#backup;
    const { storage } = options;
    if (storage === undefined || !(await isFull(node, storage))) return;
    if (this.#files.snapshot !== undefined) {
      log.info(`Error: upload failed: ${NO_SPACE} (os error 28)`);
      throw death(`command '${this.#treeCommand(storage, unprivileged)}' failed: exit code 255`);
    }
    const [text, exitCode] = outOfSpace(this.#files.compression);
    for (const line of text) log.info(line);
    const { size } = await stat(node.path(this.#files.unfinished));
    throw this.#packFailure(unprivileged, Object.assign(new Error(`${NO_SPACE} after ${size} bytes`), { exitCode }));
  }

  /** A failure of tar or the compressor, with the command that Proxmox would have run. */
  #packFailure(unprivileged: boolean, failure: unknown): unknown {
    if (!(failure instanceof Error) || !("exitCode" in failure) || typeof failure.exitCode !== "number") return failure;
    const { temporary, compression, unfinished } = this.#files;
    const sources = this.#included.map((mount) => `.${mount.target ?? "/"}`);
    const exclude = [...(unprivileged ? ["lost+found"] : []), ...this.#backup.options.exclude];
    const mapped = unprivileged ? [...USER_NAMESPACE] : [];
    const tar = ["tar", ...packArguments({ temporary, tree: "/mnt/vzsnap0", exclude, sources })];
    const stages = [
      commandLine([...mapped, ...tar]),
      ...compressor(compression).map((stage) => commandLine([stage.program, ...stage.arguments])),
    ];
    return death(
      `command 'set -o pipefail && ${stages.join(" | ")} >${unfinished}' failed: exit code ${failure.exitCode}`,
    );
  }

  /** Gives everything back, whatever happened. */
  async release(): Promise<void> {
    const { node, vmid, log } = this.#backup;
    if (this.#locked) await removeLock(node, "lxc", vmid, "backup");
    this.#locked = false;
    if (this.#snapshot) {
      log.info("cleanup temporary 'vzdump' snapshot");
      await deleteSnapshot(containerSnapshots, node, vmid, "vzdump", () => {});
    }
    if (!this.#stopped) return;
    log.info("restarting vm");
    await startContainer(node, this.#load(), (line) => log.info(line));
    const seconds = node.clock.seconds() - (this.#offline ?? node.clock.seconds());
    log.info(`guest is online again after ${seconds < 1 ? "<1" : seconds} seconds`);
  }
}

function outOfSpace(compression: ArchiveFiles["compression"]): [string[], number] {
  if (compression === "zstd") return [[`zstd: error 70 : Write error : cannot write block : ${NO_SPACE}`], 70];
  if (compression === "gzip") return [[`gzip: stdout: ${NO_SPACE}`], 1];
  if (compression === "lzo") return [[`lzop: ${NO_SPACE}: <stdout>`], 1];
  return [["tar: -: Wrote only 4096 of 10240 bytes", "tar: Error is not recoverable: exiting now"], 2];
}

/** As rsync prints sizes: `1.07G bytes`. */
function humanBytes(bytes: number): string {
  const units = ["", "K", "M", "G", "T"] as const;
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? size : size.toFixed(2)}${units[unit] ?? ""} bytes`;
}
