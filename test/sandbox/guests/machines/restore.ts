import { rm } from "node:fs/promises";
import type { Call } from "../../calls/endpoint";
import { unpackMachine } from "../../drivers/machine-archives";
import type { VmaHeader } from "../../drivers/vma/read-vma";
import type { Log } from "../../drivers/driver";
import type { Image } from "../../drivers/machines";
import type { Node } from "../../model/site";
import type { VolumeState } from "../../model/state";
import type { Task } from "../../model/tasks";
import { death, failureText } from "../../protocol/failure";
import {
  checkProtection,
  emptyConfiguration,
  loadGuest,
  storeGuest,
  withGuestLock,
  type Configuration,
} from "../configuration";
import { setResource, startMade } from "../ha-resources";
import { addToPool } from "../pool-members";
import { holds, parseVolume, requireStorage } from "../storages";
import { activateVolume, allocateVolume, diskImage, freeVolume, ownerOf } from "../volumes";
import { openSource, type ArchiveSource } from "./archive-source";
import { driveKeys, driveVolume, imageFormat, isSeed, readDrive, SEED_SIZE } from "./drives";
import { checkBridges, checkDevice, isDeviceKey } from "./permissions";
import type { MachineRestore } from "./order";
import { mapOf, restoredConfiguration } from "./restored-configuration";
import { isRunning, killMachine, startMachine, startWorker } from "./runtime";

/** A disk to make, by its key in the configuration. */
interface Wanted {
  key: string;
  storage: string;
  format: VolumeState["format"];
  size: number;
  /** Name of the archive's device; undefined for what cloud-init reads: it is only made. */
  device: string | undefined;
}

/**
 * The worker of a restore (PVE::API2::Qemu, create_vm). Of a failure once the old disks are freed nothing is cleaned up but the
 * new disks.
 */
export async function restoreMachine(restore: MachineRestore, task: Task): Promise<void> {
  const { call, vmid } = restore;
  const { node, parameters } = call;
  const isLive = parameters.flag("live-restore") === true;
  try {
    const { guest, configuration } = loadGuest(node, "qemu", vmid);
    checkProtection(configuration, restore.verb.replace(/ -$/, ""));
    if (await isRunning(node, guest)) throw death(`${restore.verb} vm is running`);
    if (isLive && !isOnServer(restore)) {
      throw death("live-restore is only compatible with backup images from a Proxmox Backup Server");
    }
    const work = async (): Promise<void> => {
      await fill(restore, configuration, task);
      if (isLive) await goLive(restore, task);
    };
    await withGuestLock(node, "qemu", vmid, work, task.log);
  } catch (failure) {
    removeCreationLock(restore);
    task.log(
      `error before or during data restore, some or all disks were not completely restored. VM ${vmid} state is NOT cleaned up.`,
    );
    throw failure;
  }
  const starts = parameters.flag("start") === true;
  if (starts && !isLive) {
    task.log("Execute autostart");
    startMade(call, "qmstart", vmid, ({ log }) => startWorker(node, vmid, log));
  }
  if (parameters.flag("ha-managed") !== true) return;
  setResource(node.cluster, { type: "vm", vmid }, starts || isLive ? "started" : "stopped", task.log);
}

function isOnServer({ call, archive }: MachineRestore): boolean {
  return parseVolume(call.cluster, archive).storage.type === "pbs";
}

/**
 * Proxmox starts the machine before its disks are filled, and copies them while it runs (PVE::QemuServer::pbs_live_restore); here they
 * are full before. Where that breaks off, the machine is ended and stays, with the archive's configuration and without what had not
 * come yet.
 */
async function goLive({ call, vmid, archive }: MachineRestore, task: Task): Promise<void> {
  const { node } = call;
  const { log } = task;
  const loaded = loadGuest(node, "qemu", vmid);
  loaded.configuration.keys.set("lock", "create");
  storeGuest(node, "qemu", vmid, loaded.configuration);
  log("starting VM for live-restore");
  log(`snapshot: '${archive}'`);
  try {
    await startMachine(node, loaded, log);
    await task.checkpoint("live");
  } catch (failure) {
    log(`An error occurred during live-restore: ${failureText(failure)}`);
    await killMachine(node, loaded);
    await emptyDisks(node, loaded.configuration);
    throw death("live-restore failed");
  }
  log(
    "restore-drive jobs finished successfully, removing all tracking block devices to disconnect from Proxmox Backup Server",
  );
  loaded.configuration.keys.delete("lock");
  storeGuest(node, "qemu", vmid, loaded.configuration);
}

/** UEFI's variables and the TPM's state were restored before the machine was started. */
async function emptyDisks(node: Node, { keys }: Configuration): Promise<void> {
  const { machines } = node.cluster.site.driver;
  for (const key of driveKeys(keys)) {
    const volume = driveVolume(readDrive(key, keys.get(key) ?? ""));
    if (volume === undefined || /^(?:efidisk|tpmstate)/u.test(key)) continue;
    const found = await activateVolume(node, volume);
    const image = diskImage(node, found);
    await rm(image.path, { force: true });
    await machines.createImage(image, found.size);
  }
}

function removeCreationLock({ call, vmid }: MachineRestore): void {
  if (call.cluster.guest(vmid)?.type !== "qemu") return;
  const { configuration } = loadGuest(call.node, "qemu", vmid);
  if (configuration.keys.get("lock") !== "create") return;
  configuration.keys.delete("lock");
  storeGuest(call.node, "qemu", vmid, configuration);
}

/** Unpacks the archive into new disks and writes the configuration (PVE::QemuServer::restore_vma_archive). */
async function fill(restore: MachineRestore, old: Configuration, task: Task): Promise<void> {
  const { call, vmid } = restore;
  const { node, parameters, cluster } = call;
  const source = await openSource(node, restore.archive, task.log);
  const made = new Map<string, VolumeState>();
  const bandwidth = parameters.integer("bwlimit") ?? 0;
  const limits = bandwidth === 0 ? {} : { bytesPerSecond: bandwidth * 1024 };
  /** By the archive's device: the disk, and the file that its blocks are written to. */
  const images = new Map<string, { image: Image; raw: Image }>();
  let header: VmaHeader | undefined;
  try {
    await unpackMachine(source.file, { signal: task.signal, ...limits }, async (found) => {
      header = found;
      const disks = wantedDisks(restore, found);
      await replaceOld(restore, old, disks, task);
      await makeDisks(restore, disks, made, { task, source });
      for (const { key, device, size } of disks) {
        const volume = made.get(key);
        if (device === undefined || volume === undefined) continue;
        const image = diskImage(node, volume);
        // The archive's blocks are a raw disk's.
        const raw: Image = image.format === "raw" ? image : { path: `${image.path}.unpacked`, format: "raw" };
        if (raw !== image) await node.cluster.site.driver.machines.createImage(raw, size);
        images.set(device, { image, raw });
      }
      return ({ name }) => {
        const found = images.get(name);
        if (found === undefined) throw new Error(`no image was made for ${name}`);
        return found.raw.path;
      };
    });
    for (const { image, raw } of images.values()) {
      if (raw !== image) await node.cluster.site.driver.machines.copyImage(raw, image);
    }
  } catch (failure) {
    await dropMade(restore, made, task.log);
    if (task.signal.aborted) throw death("interrupted by signal");
    throw source.failure(failure, task.log);
  } finally {
    for (const { image, raw } of images.values()) if (raw !== image) await rm(raw.path, { force: true });
  }
  await task.checkpoint("extracted");
  const restored = restoredConfiguration(restore, header?.texts.get("qemu-server.conf") ?? "", made, task.log);
  checkRestored(restore, restored);
  storeGuest(node, "qemu", vmid, restored);
  restoreFirewall(restore, header);
  addToPool(cluster, parameters.text("pool"), vmid);
  cluster.save();
}

/**
 * The disks that the archive holds, and what cloud-init reads; each on the storage that the archive names unless the request
 * has another. @throws when the caller may not make one there
 */
function wantedDisks({ call }: MachineRestore, header: VmaHeader): Wanted[] {
  const text = header.texts.get("qemu-server.conf") ?? "";
  const given = call.parameters.text("storage");
  const { disks, seeds } = mapOf(text);
  for (const { name } of header.devices) {
    if (disks.some(({ device }) => device === name)) continue;
    throw death(`found no device mapping information for device '${name}'`);
  }
  const wanted = disks.map(({ key, device, storage, format }): Wanted => {
    const found = header.devices.find(({ name }) => name === device);
    if (found === undefined) throw death(`archive does not contain data for drive '${key}'`);
    return { key, device, size: found.size, storage: given ?? storage, format: imageFormat(format) };
  });
  const made = seeds.map(({ key, storage, format }): Wanted => ({
    key,
    device: undefined,
    size: SEED_SIZE,
    storage: given ?? storage,
    format: imageFormat(format),
  }));
  for (const { storage } of [...wanted, ...made]) checkStorage(call, storage);
  return [...wanted, ...made];
}

function checkStorage({ cluster, authority }: Call, storage: string): void {
  if (!holds(requireStorage(cluster, storage), "images")) {
    throw death(`Content type 'images' is not available on storage '${storage}'`);
  }
  if (!authority.isRoot) authority.check(`/storage/${storage}`, "Datastore.AllocateSpace");
}

/** Frees the old machine's disks that come back; the others, and the snapshots of those, are dealt with as Proxmox does. */
async function replaceOld(
  { call, vmid }: MachineRestore,
  old: Configuration,
  disks: readonly Wanted[],
  task: Task,
): Promise<void> {
  const { node } = call;
  const isNew = [...old.keys.keys()].every((key) => key === "lock");
  if (isNew) return;
  const placeholder = emptyConfiguration();
  placeholder.keys.set("memory", "128");
  storeGuest(node, "qemu", vmid, placeholder);
  let freed = 0;
  for (const key of driveKeys(old.keys)) {
    const drive = readDrive(key, old.keys.get(key) ?? "");
    const volume = isSeed(drive) ? drive.file : driveVolume(drive);
    if (volume === undefined || ownerOf(volume) !== vmid || !disks.some((disk) => disk.key === key)) continue;
    await freeVolume(node, volume, task.log);
    freed += 1;
    await task.checkpoint(`freed-${freed}`);
  }
  for (const { keys } of old.snapshots.values()) {
    const memory = keys.get("vmstate");
    if (memory !== undefined) await freeVolume(node, memory, task.log);
  }
  await task.checkpoint("destroyed");
}

async function makeDisks(
  { call, vmid }: MachineRestore,
  disks: readonly Wanted[],
  made: Map<string, VolumeState>,
  { task, source }: { task: Task; source: ArchiveSource },
): Promise<void> {
  for (const disk of [...disks].sort((a, b) => (a.key < b.key ? -1 : 1))) {
    const { key, storage, format, size, device } = disk;
    const purpose = device === undefined ? { purpose: "cloudinit" } : {};
    const volume = await allocateVolume(call.node, { storage, vmid, size, format, isDisk: true, ...purpose }, task.log);
    made.set(key, volume);
    task.log(`new volume ID is '${volume.volid}'`);
  }
  for (const { key, device } of disks) {
    const volume = made.get(key);
    if (device !== undefined && volume !== undefined) source.tellDisk(device, volume, task.log);
  }
  await task.checkpoint("extracting");
}

async function dropMade({ call }: MachineRestore, made: ReadonlyMap<string, VolumeState>, log: Log): Promise<void> {
  for (const { volid } of made.values()) {
    await freeVolume(call.node, volid, log);
    log(`temporary volume '${volid}' successfully removed`);
  }
}

/** What the caller must be allowed of what comes back (PVE::QemuServer::check_restore_permissions). */
function checkRestored({ call, vmid }: MachineRestore, { keys }: Configuration): void {
  const change = { cluster: call.cluster, authority: call.authority, vmid };
  checkBridges(change, keys);
  for (const [key, value] of keys) {
    if (isDeviceKey(key) && !key.startsWith("serial")) checkDevice(change, key, value);
  }
}

function restoreFirewall({ call, vmid }: MachineRestore, header: VmaHeader | undefined): void {
  const rules = header?.texts.get("qemu-server.fw");
  const guest = call.cluster.guest(vmid);
  if (rules !== undefined && guest !== undefined) guest.firewall = rules;
}
