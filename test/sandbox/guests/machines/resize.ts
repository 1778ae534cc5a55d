import { formatDrive } from "../../../../proxmox/rules/property-strings";
import type { Call } from "../../calls/endpoint";
import { checkSkipLock } from "../../calls/skip-lock";
import { death } from "../../protocol/failure";
import { checkLock, loadGuest, storeGuest, withGuestLock } from "../configuration";
import { parseVolume } from "../storages";
import { activateVolume, diskImage } from "../volumes";
import { wantedSize } from "../wanted-size";
import { isDiscDrive, readDrive } from "./drives";
import { isRunning } from "./runtime";

/**
 * Grows a machine's disk (PVE::API2::Qemu, resize_vm). Everything but the privilege on the machine is looked at inside the
 * task. The present size again is no error. @returns the task's UPID
 */
export function resizeMachine(call: Call): string {
  const { node, parameters } = call;
  const vmid = parameters.requiredInteger("vmid");
  checkSkipLock(call);
  return node.tasks.start("resize", String(vmid), call.caller.name, ({ log }) =>
    withGuestLock(node, "qemu", vmid, () => grow(call, vmid), log),
  );
}

async function grow(call: Call, vmid: number): Promise<void> {
  const { node, parameters, authority, cluster } = call;
  const { guest, configuration } = loadGuest(node, "qemu", vmid);
  const digest = parameters.text("digest");
  if (digest !== undefined && digest !== configuration.digest) {
    throw death("checksum mismatch (file change by other user?)");
  }
  if (parameters.flag("skiplock") !== true) checkLock("qemu", configuration);
  const disk = parameters.required("disk");
  const text = configuration.keys.get(disk);
  if (text === undefined) throw death(`disk '${disk}' does not exist`);
  const drive = readDrive(disk, text);
  const { storage } = parseVolume(cluster, drive.file).storage;
  if (isDiscDrive(drive)) throw death("you can't resize a cdrom");
  authority.check(`/storage/${storage}`, "Datastore.AllocateSpace");
  const volume = await activateVolume(node, drive.file);
  const size = wantedSize(parameters.required("size"), volume.size);
  if (size < volume.size) throw death("shrinking disks is not supported");
  if (size === volume.size) return;
  const running = (await isRunning(node, guest)) ? { node: node.name, vmid, drive: disk } : undefined;
  await node.cluster.site.driver.machines.growImage(diskImage(node, volume), size, running);
  volume.size = size;
  configuration.keys.set(disk, formatDrive(disk, { ...drive, size }));
  storeGuest(node, "qemu", vmid, configuration);
}
