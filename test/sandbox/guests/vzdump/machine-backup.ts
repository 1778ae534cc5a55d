import { randomUUID } from "node:crypto";
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { formatSize, isBackedUp } from "../../../../proxmox/rules/property-strings";
import { storageOf } from "../../../../proxmox/rules/volume-ids";
import { packMachine } from "../../drivers/machine-archives";
import type { VmaSource } from "../../drivers/vma/write-vma";
import { CommandFailed } from "../../machine/child-process";
import { death, failureText } from "../../protocol/failure";
import { loadGuest, removeLock, setLock, type Configuration, type LoadedGuest } from "../configuration";
import { freezesFileSystems } from "../machines/agent-option";
import { driveKeys, readDrive } from "../machines/drives";
import { whileHeld } from "../machines/hold";
import { askAgent, isRunning, shutDownMachine, startMachine } from "../machines/runtime";
import { activateVolume, diskImage } from "../volumes";
import { archivedText } from "./archived-text";
import type { ArchiveFiles, GuestBackup, GuestPacker, PackedGuest } from "./backup-in-run";
import { bitmapLines } from "./server-snapshot";
import { readableBytes } from "./readable-bytes";
import { isFull } from "./room";
import type { BackupMode } from "./run-options";

/** A disk that a backup holds. */
interface Included {
  key: string;
  volid: string;
  size: number | undefined;
}

/** One machine's backup (PVE::VZDump::QemuServer). */
export class MachineBackup implements GuestPacker {
  readonly #backup: GuestBackup;
  readonly #files: ArchiveFiles;
  #mode: BackupMode = "stop";
  #included: Included[] = [];
  #locked = false;
  #wasRunning = false;
  /** Proxmox has its own process read the disks of a machine that does not run. */
  #started = false;
  /** Unix seconds since which a stopped machine does not answer. */
  #offline: number | undefined;

  constructor(backup: GuestBackup, files: ArchiveFiles) {
    this.#backup = backup;
    this.#files = files;
  }

  get hostname(): string {
    return this.#load().configuration.keys.get("name") ?? `VM ${this.#backup.vmid}`;
  }

  #load(): LoadedGuest {
    return loadGuest(this.#backup.node, "qemu", this.#backup.vmid);
  }

  async prepare(): Promise<void> {
    const { node, vmid, options, log, task } = this.#backup;
    this.#wasRunning = await isRunning(node, this.#load().guest);
    log.info(`status = ${this.#wasRunning ? "running" : "stopped"}`);
    await setLock(node, "qemu", vmid, "backup");
    this.#locked = true;
    await task.checkpoint("locked");
    this.#mode = this.#wasRunning ? options.mode : "stop";
    log.info(`backup mode: ${this.#mode}`);
    if (options.bandwidth > 0) log.info(`bandwidth limit: ${options.bandwidth} KiB/s`);
    log.info(`ionice priority: ${options.ionice}`);
    this.#describe(this.#load().configuration);
    for (const { volid } of this.#included) await activateVolume(node, volid);
    if (this.#mode === "stop" && this.#wasRunning) await this.#stop();
  }

  /** Says what is packed and what is not. */
  #describe({ keys, snapshots, pending }: Configuration): void {
    const { log } = this.#backup;
    const name = keys.get("name");
    if (name !== undefined) log.info(`VM Name: ${name}`);
    for (const key of driveKeys(keys)) {
      const drive = readDrive(key, keys.get(key) ?? "");
      if (drive.media === "cdrom" || drive.file === "none" || !drive.file.includes(":")) continue;
      const isIdle = key.startsWith("efidisk") && keys.get("bios") !== "ovmf";
      if (isIdle || !isBackedUp("qemu", key, drive)) {
        log.info(`exclude disk '${key}' '${drive.file}' (${isIdle ? "efidisk but no OVMF BIOS" : "backup=no"})`);
        continue;
      }
      log.info(`include disk '${key}' '${drive.file}'${drive.size === undefined ? "" : ` ${formatSize(drive.size)}`}`);
      this.#included.push({ key, volid: drive.file, size: drive.size });
    }
    if (snapshots.size > 0) log.info("snapshots found (not included into backup)");
    if (pending.keys.size > 0) log.info("pending configuration changes found (not included into backup)");
  }

  async #stop(): Promise<void> {
    const { node, options, log } = this.#backup;
    log.info("stopping virtual guest");
    this.#offline = node.clock.seconds();
    await shutDownMachine(node, this.#load(), options.stopWait * 60, false);
  }

  /** Writes the archive. */
  async pack(): Promise<PackedGuest> {
    const { node, options, log, task } = this.#backup;
    const { guest, configuration } = this.#load();
    const started = node.clock.seconds();
    const disks = await this.#stillDisks(configuration);
    const texts = new Map([["qemu-server.conf", archivedText(configuration) + (await this.#map())]]);
    if (guest.firewall !== undefined) texts.set("qemu-server.fw", guest.firewall);
    if (this.#included.length > 0) log.info(`started backup task '${randomUUID()}'`);
    if (this.#files.snapshot !== undefined) for (const line of bitmapLines(this.#included)) log.info(line);
    await this.#goOn();
    try {
      const count = await packMachine({
        texts,
        disks,
        time: started,
        compression: this.#files.compression,
        threads: Math.max(1, options.zstdThreads),
        destination: node.path(this.#files.unfinished),
        signal: task.signal,
        ...(options.bandwidth > 0 ? { bytesPerSecond: options.bandwidth * 1024 } : {}),
      });
      await this.#checkRoom();
      this.#tell(count.bytes, count.zeroBytes, node.clock.seconds() - started);
      return { size: count.bytes };
    } catch (failure) {
      if (task.signal.aborted) throw death("interrupted by signal");
      if (!(failure instanceof CommandFailed)) throw failure;
      throw death(`${failure.program} failed - wrong exit status ${failure.exitCode ?? 1}`);
    }
  }

  /** Lines that say which disk of the archive belongs where. */
  async #map(): Promise<string> {
    const { node } = this.#backup;
    const lines: string[] = [];
    for (const { key, volid } of this.#included) {
      const { format } = await activateVolume(node, volid);
      lines.push(`#qmdump#map:${key}:${deviceName(key)}:${storageOf(volid)}:${format}:\n`);
    }
    return lines.join("");
  }

  /**
   * Images as they are at one moment. Proxmox's QEMU copies each block before the guest writes over it; here a running machine
   * is held while its images are copied.
   */
  async #stillDisks(configuration: Configuration): Promise<VmaSource[]> {
    const { node, log } = this.#backup;
    if (this.#included.length === 0) {
      log.info("backup contains no disks");
      log.info("starting diskless backup");
      return [];
    }
    const lives = this.#wasRunning && this.#mode !== "stop";
    if (!lives) {
      log.info("starting kvm to execute backup task");
      this.#started = !this.#wasRunning;
      return this.#copies(this.#wasRunning);
    }
    const frozen = await this.#freeze(configuration);
    log.info("starting backup via QMP command");
    try {
      return await whileHeld(node, this.#load().guest, () => this.#copies(true));
    } finally {
      if (frozen) await this.#thaw(configuration);
    }
  }

  async #freeze(configuration: Configuration): Promise<boolean> {
    const { node, vmid, log } = this.#backup;
    if (!freezesFileSystems(configuration.keys)) {
      log.info("skipping guest filesystem freeze - disabled in VM options");
      return false;
    }
    try {
      await askAgent(node, vmid, configuration, "guest-ping");
    } catch {
      log.info("skipping guest filesystem freeze - agent configured but not running?");
      return false;
    }
    log.info("issuing guest-agent 'fs-freeze' command");
    await askAgent(node, vmid, configuration, "guest-fsfreeze-freeze").catch((failure: unknown) =>
      log.error(failureText(failure)),
    );
    return true;
  }

  async #thaw(configuration: Configuration): Promise<void> {
    const { node, vmid, log } = this.#backup;
    log.info("issuing guest-agent 'fs-thaw' command");
    await askAgent(node, vmid, configuration, "guest-fsfreeze-thaw").catch((failure: unknown) =>
      log.error(failureText(failure)),
    );
  }

  /** @param always a copy even of an image that could be read as it is */
  async #copies(always: boolean): Promise<VmaSource[]> {
    const { node } = this.#backup;
    const { machines } = node.cluster.site.driver;
    const sources: VmaSource[] = [];
    for (const { key, volid } of this.#included) {
      const volume = await activateVolume(node, volid);
      const image = diskImage(node, volume);
      const name = deviceName(key);
      if (!always && image.format === "raw") {
        sources.push({ name, size: volume.size, file: image.path });
        continue;
      }
      await mkdir(node.path(this.#files.temporary), { recursive: true });
      const file = join(node.path(this.#files.temporary), `${key}.raw`);
      await machines.copyImage(image, { path: file, format: "raw" });
      sources.push({ name, size: volume.size, file });
    }
    return sources;
  }

  /** A machine that was stopped for the backup runs again as soon as the backup has begun. */
  async #goOn(): Promise<void> {
    const { node, log } = this.#backup;
    if (this.#offline === undefined) return;
    log.info(`resuming VM again after ${node.clock.seconds() - this.#offline} seconds`);
    this.#offline = undefined;
    await startMachine(node, this.#load(), (line) => log.info(line));
  }

  #tell(bytes: number, zeroBytes: number, seconds: number): void {
    const { log } = this.#backup;
    if (this.#included.length === 0) return;
    const speed = (moved: number): string => `${readableBytes(moved / Math.max(1, seconds), 1)}/s`;
    const total = readableBytes(bytes, 1);
    const rates = `read: ${speed(bytes)}, write: ${speed(bytes - zeroBytes)}`;
    log.info(`100% (${total} of ${total}) in ${seconds}s, ${rates}`);
    if (zeroBytes > 0) {
      const share = Math.floor((zeroBytes * 100) / bytes);
      log.info(`backup is sparse: ${readableBytes(zeroBytes, 2)} (${share}%) total zero data`);
    }
    const took = seconds === 0 ? "<1 seconds" : `${seconds} seconds (${speed(bytes)})`;
    log.info(`transferred ${readableBytes(bytes, 2)} in ${took}`);
  }

  async #checkRoom(): Promise<void> {
    const { node, options } = this.#backup;
    const { storage } = options;
    if (storage === undefined || !(await isFull(node, storage))) return;
    const { size } = await stat(node.path(this.#files.unfinished));
    if (this.#files.snapshot !== undefined) {
      throw death(
        "backup write data failed: command error: write_data upload error: No space left on device (os error 28)",
      );
    }
    throw death(`vma_queue_write: write error - No space left on device (after ${size} bytes)`);
  }

  /** Gives everything back, whatever happened. */
  async release(): Promise<void> {
    const { node, vmid, log } = this.#backup;
    await this.#goOn();
    if (this.#started) log.info("stopping kvm after backup task");
    if (this.#locked) await removeLock(node, "qemu", vmid, "backup");
    this.#locked = false;
  }
}

/** QEMU's name of a drive, which the archive's map joins to its key. */
function deviceName(key: string): string {
  return key === "tpmstate0" ? "drive-tpmstate0-backup" : `drive-${key}`;
}
