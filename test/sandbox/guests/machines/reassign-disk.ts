import { formatDrive } from "../../../../proxmox/rules/property-strings";
import { storageOf } from "../../../../proxmox/rules/volume-ids";
import type { Call } from "../../calls/endpoint";
import type { Log } from "../../drivers/driver";
import { death, parameterFailure } from "../../protocol/failure";
import { canRename, giveVolume } from "../base-volumes";
import { checkDigest, checkLock, loadGuest, storeGuest, withGuestLock, type Configuration } from "../configuration";
import { bootDevices } from "./boot-order";
import { createDrive, driveKeys, driveVolume, isDiscDrive, isSeed, readDrive } from "./drives";
import { isRunning } from "./runtime";

interface Reassignment {
  readonly source: Configuration;
  readonly target: Configuration;
  readonly volume: string;
}

/** Gives a disk to another machine of the node (PVE::API2::Qemu, move_vm_disk). @returns the task's UPID */
export async function reassignDisk(call: Call, target: number): Promise<string> {
  const { node, parameters, authority, caller } = call;
  const vmid = parameters.requiredInteger("vmid");
  authority.checkGuest(target, undefined, "VM.Config.Disk");
  if (target === vmid) {
    throw parameterFailure({ "target-vmid": "must be different than source VMID to reassign disk" });
  }
  const { volume } = await check(call, vmid, target);
  authority.check(`/storage/${storageOf(volume)}`, "Datastore.AllocateSpace");
  const [disk, key] = keysOf(call);
  return node.tasks.start("qmmove", `${vmid}-${disk}>${target}-${key}`, caller.name, ({ log }) =>
    withGuestLock(node, "qemu", vmid, () =>
      withGuestLock(node, "qemu", target, () => reassign(call, vmid, target, log), log),
    ),
  );
}

/** The disk, and its key on the other machine. */
function keysOf({ parameters }: Call): readonly [disk: string, target: string] {
  const disk = parameters.required("disk");
  return [disk, parameters.text("target-disk") ?? disk];
}

async function check(call: Call, vmid: number, targetId: number): Promise<Reassignment> {
  const { node, parameters, authority, cluster } = call;
  const other = cluster.guest(targetId);
  if (other === undefined) throw death(`could not find target VM ${targetId}`);
  if (other.node !== node.name) throw death(`Both VMs need to be on the same node (${node.name} != ${other.node})`);
  const { guest, configuration: source } = loadGuest(node, "qemu", vmid);
  checkLock("qemu", source);
  const { configuration: target } = loadGuest(node, "qemu", targetId);
  checkLock("qemu", target);
  if ([source, target].some(({ keys }) => keys.get("template") === "1")) {
    throw death("Can't move disks from or to template VMs");
  }
  checkDigest(source, parameters.text("digest"), `VM ${vmid}`);
  checkDigest(target, parameters.text("target-digest"), `VM ${targetId}`);
  const [disk, key] = keysOf(call);
  const text = source.keys.get(disk);
  if (text === undefined) throw death(`Disk '${disk}' for VM '${vmid}' does not exist`);
  if (target.keys.has(key)) throw death(`Target disk key '${key}' is already in use for VM '${targetId}'`);
  const volume = volumeOf(disk, text);
  authority.check(`/storage/${storageOf(volume)}`, "Datastore.AllocateSpace");
  if ([...source.snapshots.values()].some(({ keys }) => usedIn(keys).includes(volume))) {
    throw death("Can't move disk used by a snapshot to another VM");
  }
  if (!canRename(node, volume)) throw death("Storage does not support moving of this disk to another VM");
  if (!disk.startsWith("unused") && (await isRunning(node, guest))) {
    throw death("Cannot move disk to another VM while the source VM is running - detach first");
  }
  return { source, target, volume };
}

function volumeOf(disk: string, text: string): string {
  if (disk.startsWith("unused")) return readDrive(disk, text).file;
  const drive = readDrive(disk, text);
  if (isDiscDrive(drive) && !isSeed(drive)) throw death("CD drive contents can't be moved to another VM");
  if (!drive.file.includes(":")) throw death(`Volume '${drive.file}' not managed by PVE`);
  return drive.file;
}

function usedIn(keys: ReadonlyMap<string, string>): string[] {
  return driveKeys(keys).flatMap((key) => driveVolume(readDrive(key, keys.get(key) ?? "")) ?? []);
}

async function reassign(call: Call, vmid: number, targetId: number, log: Log): Promise<void> {
  const { node } = call;
  const { source, target, volume } = await check(call, vmid, targetId);
  const [disk, key] = keysOf(call);
  const text = source.keys.get(disk) ?? "";
  const given = await giveVolume(node, volume, targetId);
  const order = bootDevices(source.keys.get("boot") ?? "");
  if (order.includes(disk)) {
    log(`removing disk '${disk}' from boot order config`);
    const rest = order.filter((device) => device !== disk);
    source.keys.set("boot", rest.length === 0 ? " " : `order=${rest.join(";")}`);
  }
  source.keys.delete(disk);
  log(`removing disk '${disk}' from VM '${vmid}' config`);
  storeGuest(node, "qemu", vmid, source);
  if (key.startsWith("unused")) target.keys.set(key, given);
  else {
    const drive = disk.startsWith("unused") ? readDrive(key, given) : { ...readDrive(disk, text), file: given };
    const words = formatDrive(key, drive);
    log(`update VM ${targetId}: -${key} ${words}`);
    await createDrive(node, targetId, target, key, words, log);
  }
  storeGuest(node, "qemu", targetId, target);
}
