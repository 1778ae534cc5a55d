import { randomUUID } from "node:crypto";
import { formatDrive, isDriveKey } from "../../../../proxmox/rules/property-strings";
import { storageOf } from "../../../../proxmox/rules/volume-ids";
import type { Call } from "../../calls/endpoint";
import type { Log } from "../../drivers/driver";
import { death, failureText, parameterFailure } from "../../protocol/failure";
import {
  checkLock,
  emptyConfiguration,
  loadGuest,
  removeGuest,
  storeGuest,
  type Configuration,
} from "../configuration";
import { checkPool } from "../containers/create";
import { addToPool } from "../pool-members";
import { holds, parseVolume, requireStorage } from "../storages";
import { activateVolume, allocateVolume, diskImage, freeVolumes } from "../volumes";
import { driveKeys, imageFormat, isDiscDrive, isSeed, readDrive, SEED_SIZE } from "./drives";
import { withNewAddress, withNewUuid } from "./identity";
import { isRunning } from "./runtime";

/** What belongs to one machine, or to its snapshots, and to no clone of it. */
const OWN = /^(?:parent|lock|template|unused\d+)$/;

/** Copies a machine with all its disks (PVE::API2::Qemu, clone_vm); linked clones the sandbox has none. @returns the task's UPID */
export async function cloneMachine(call: Call): Promise<string> {
  const { node, parameters, caller } = call;
  const vmid = parameters.requiredInteger("vmid");
  const newId = parameters.requiredInteger("newid");
  checkClone(call, vmid, newId);
  const { guest, configuration } = loadGuest(node, "qemu", vmid);
  const isFull = parameters.flag("full") ?? configuration.keys.get("template") !== "1";
  if (!isFull) throw death("the sandbox makes no linked clones");
  if (parameters.text("snapname") !== undefined) throw death("the sandbox cannot clone a snapshot");
  if (await isRunning(node, guest)) throw death("the sandbox clones no machine that runs");
  return node.tasks.start("qmclone", String(vmid), caller.name, ({ log }) => copy(call, vmid, newId, log));
}

/** The space for each copied disk, and the node's own CD drive ($check_storage_access_clone). */
function checkClone(call: Call, vmid: number, newId: number): void {
  const { cluster, authority, parameters, node } = call;
  const pool = parameters.text("pool");
  if (pool !== undefined) checkPool(call, pool);
  const wanted = parameters.text("storage");
  if (wanted !== undefined && !holds(requireStorage(cluster, wanted), "images")) {
    throw parameterFailure({ storage: `storage '${wanted}' does not support vm images` });
  }
  const { configuration } = loadGuest(node, "qemu", vmid);
  checkLock("qemu", configuration);
  for (const key of driveKeys(configuration.keys)) {
    const drive = readDrive(key, configuration.keys.get(key) ?? "");
    if (drive.file === "cdrom") authority.check("/", "Sys.Console");
    if (isDiscDrive(drive) || !drive.file.includes(":")) continue;
    const storage = wanted ?? parseVolume(cluster, drive.file).storage.storage;
    authority.check(`/storage/${storage}`, "Datastore.AllocateSpace");
  }
  if (cluster.guest(newId) !== undefined) throw death(`unable to create VM ${newId}: config file already exists`);
}

async function copy(call: Call, vmid: number, newId: number, log: Log): Promise<void> {
  const { node, parameters, cluster } = call;
  checkClone(call, vmid, newId);
  log(`creating a clone of VM ${vmid} with ID ${newId}`);
  const { configuration } = loadGuest(node, "qemu", vmid);
  const clone = emptyConfiguration();
  clone.keys.set("lock", "clone");
  storeGuest(node, "qemu", newId, clone);
  const made: string[] = [];
  try {
    for (const [key, value] of configuration.keys) if (!OWN.test(key)) clone.keys.set(key, copiedValue(key, value));
    for (const key of driveKeys(configuration.keys).sort()) {
      const volume = await copyDrive(call, newId, clone, key, log);
      if (volume !== undefined) made.push(volume);
    }
    giveIdentity(clone, parameters.text("name") ?? `Copy-of-VM-${configuration.keys.get("name") ?? vmid}`);
    const description = parameters.text("description");
    if (description !== undefined) clone.keys.set("description", description);
    clone.keys.delete("lock");
    storeGuest(node, "qemu", newId, clone);
  } catch (failure) {
    await freeVolumes(node, made, log);
    removeGuest(node, newId);
    throw death(`clone failed: ${failureText(failure)}`);
  }
  addToPool(cluster, parameters.text("pool"), newId);
}

function copiedValue(key: string, value: string): string {
  return /^net\d+$/.test(key) ? withNewAddress(key, value) : value;
}

function giveIdentity({ keys }: Configuration, name: string): void {
  keys.set("name", name);
  keys.set("smbios1", withNewUuid(keys.get("smbios1") ?? ""));
  if (keys.has("vmgenid")) keys.set("vmgenid", randomUUID());
}

/** Disks are copied, what cloud-init reads is only made anew, discs stay in their drive. @returns the new volume */
async function copyDrive(
  { node, parameters }: Call,
  vmid: number,
  clone: Configuration,
  key: string,
  log: Log,
): Promise<string | undefined> {
  if (!isDriveKey(key)) return undefined;
  const drive = readDrive(key, clone.keys.get(key) ?? "");
  if ((isDiscDrive(drive) && !isSeed(drive)) || !drive.file.includes(":")) return undefined;
  log(`create full clone of drive ${key} (${drive.file})`);
  const source = await activateVolume(node, drive.file);
  const storage = parameters.text("storage") ?? storageOf(drive.file);
  const format = imageFormat(parameters.text("format") ?? source.format);
  const what = isSeed(drive) ? { size: SEED_SIZE, purpose: "cloudinit" } : { size: source.size };
  const made = await allocateVolume(node, { storage, vmid, format, isDisk: true, ...what }, log);
  log(`allocated target volume '${made.volid}'`);
  if (!isSeed(drive)) {
    await node.cluster.site.driver.machines.copyImage(diskImage(node, source), diskImage(node, made));
  }
  clone.keys.set(key, formatDrive(key, { ...drive, file: made.volid, size: made.size }));
  return made.volid;
}
