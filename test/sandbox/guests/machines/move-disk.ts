import { addUnused } from "../unused-volumes";
import { formatDrive } from "../../../../proxmox/rules/property-strings";
import { storageOf } from "../../../../proxmox/rules/volume-ids";
import type { Call } from "../../calls/endpoint";
import type { Log } from "../../drivers/driver";
import { death, failureText, parameterFailure } from "../../protocol/failure";
import { checkDigest, checkLock, loadGuest, storeGuest, withGuestLock, type Configuration } from "../configuration";
import { enabledStorage, holds, parseVolume } from "../storages";
import { activateVolume, allocateVolume, diskImage, freeVolume } from "../volumes";
import { imageFormat, isDiscDrive, readDrive } from "./drives";
import { reassignDisk } from "./reassign-disk";
import { isRunning } from "./runtime";

/**
 * Moves a machine's disk to another storage or format (PVE::API2::Qemu, move_vm_disk), or to another machine.
 * @returns the task's UPID
 */
export async function moveDisk(call: Call): Promise<string> {
  const { node, parameters, authority } = call;
  const storage = parameters.text("storage");
  const target = parameters.integer("target-vmid");
  if ((storage === undefined) === (target === undefined)) throw eitherFailure(storage);
  const vmid = parameters.requiredInteger("vmid");
  if (target !== undefined) {
    return reassignDisk(call, target);
  }
  const wanted = storage ?? "";
  authority.check(`/storage/${wanted}`, "Datastore.AllocateSpace");
  checkMove(call, vmid, wanted);
  return node.tasks.start("qmmove", String(vmid), call.caller.name, ({ log }) =>
    withGuestLock(node, "qemu", vmid, () => move(call, vmid, wanted, log), log),
  );
}

function eitherFailure(storage: string | undefined): Error {
  const text =
    storage === undefined
      ? "both 'storage' and 'target-vmid' missing, either needs to be set"
      : "either set 'storage' or 'target-vmid', but not both";
  return parameterFailure({ "target-vmid": text, storage: text });
}

/** What is looked at before the task, and in it again. */
function checkMove({ node, cluster, parameters }: Call, vmid: number, storage: string): Configuration {
  const { configuration } = loadGuest(node, "qemu", vmid);
  checkLock("qemu", configuration);
  checkDigest(configuration, parameters.text("digest"));
  const disk = parameters.required("disk");
  const text = configuration.keys.get(disk);
  if (text === undefined) throw death(`disk '${disk}' does not exist`);
  const drive = readDrive(disk, text);
  if (isDiscDrive(drive)) throw death("you can't move a cdrom");
  const present = parseVolume(cluster, drive.file);
  const format = parameters.text("format");
  if (present.storage.storage === storage && (format === undefined || format === present.format)) {
    throw death("you can't move to the same storage with same format");
  }
  if (!holds(enabledStorage(node, storage), "images")) {
    throw parameterFailure({ storage: `storage '${storage}' does not support vm images` });
  }
  if (parameters.flag("delete") === true && isInSnapshot(configuration, disk, drive.file)) {
    throw death("you can't move a disk with snapshots and delete the source");
  }
  return configuration;
}

function isInSnapshot({ snapshots }: Configuration, key: string, volume: string): boolean {
  return [...snapshots.values()].some(({ keys }) => {
    const text = keys.get(key);
    return text !== undefined && readDrive(key, text).file === volume;
  });
}

/** Proxmox copies an unused disk too, and then cannot write its size into the configuration, which has no room for it. */
function unwritable(disk: string): Error {
  const problem = `${disk}.size: property is not defined in schema and the schema does not allow additional properties`;
  return death(`unable to parse value of '${disk}' - format error\n${problem}`);
}

async function move(call: Call, vmid: number, storage: string, log: Log): Promise<void> {
  const { node, parameters } = call;
  const configuration = checkMove(call, vmid, storage);
  const disk = parameters.required("disk");
  const drive = readDrive(disk, configuration.keys.get(disk) ?? "");
  if (await isRunning(node, loadGuest(node, "qemu", vmid).guest)) {
    throw death("storage migration failed: the sandbox moves no disks of machines that run");
  }
  const source = await activateVolume(node, drive.file);
  const from = storageOf(drive.file);
  log(`copying volume '${drive.file}' from current storage '${from}' to target storage '${storage}'`);
  const format = imageFormat(parameters.text("format") ?? source.format);
  const made = await allocateVolume(node, { storage, vmid, size: source.size, format, isDisk: true }, log);
  try {
    await node.cluster.site.driver.machines.copyImage(diskImage(node, source), diskImage(node, made));
    if (disk.startsWith("unused")) throw unwritable(disk);
  } catch (failure) {
    await freeVolume(node, made.volid, log);
    throw death(`storage migration failed: ${failureText(failure)}`);
  }
  configuration.keys.set(disk, formatDrive(disk, { ...drive, file: made.volid, size: made.size }));
  const remove = parameters.flag("delete") === true;
  if (!remove) {
    log(`adding source volume '${drive.file}' as '${addUnused(configuration, drive.file) ?? ""}' to config`);
  }
  storeGuest(node, "qemu", vmid, configuration);
  if (!remove) return;
  log(`removing source volume '${drive.file}' after successful copy`);
  await freeVolume(node, drive.file, log);
}
