import { formatDrive } from "../../../../proxmox/rules/property-strings";
import type { Call } from "../../calls/endpoint";
import { death, parameterFailure } from "../../protocol/failure";
import { checkDigest, checkLock, loadGuest, storeGuest, withGuestLock, type Configuration } from "../configuration";
import { parseVolume } from "../storages";
import { activateVolume, findVolume, machineVolume } from "../volumes";
import { wantedSize } from "../wanted-size";
import { driveVolume, readDrive } from "./drives";

interface Growth {
  configuration: Configuration;
  disk: string;
  volid: string;
  /** Bytes. */
  size: number;
}

/** Grows a machine's disk (PVE::API2::Qemu, resize_vm). The present size again is no error. @returns the task's UPID */
export async function resizeMachine(call: Call): Promise<string> {
  const { node, parameters } = call;
  const vmid = parameters.requiredInteger("vmid");
  await checkGrowth(call, vmid);
  return node.tasks.start("resize", String(vmid), call.caller.name, ({ log }) =>
    withGuestLock(node, "qemu", vmid, () => grow(call, vmid), log),
  );
}

async function checkGrowth(call: Call, vmid: number): Promise<Growth> {
  const { node, parameters, authority, cluster } = call;
  const { configuration } = loadGuest(node, "qemu", vmid);
  checkDigest(configuration, parameters.text("digest"));
  if (parameters.flag("skiplock") !== true) checkLock("qemu", configuration);
  const disk = parameters.required("disk");
  const text = configuration.keys.get(disk);
  if (text === undefined) throw death(`disk '${disk}' does not exist`);
  const volid = driveVolume(readDrive(disk, text));
  if (volid === undefined) throw death("can't resize volume without a storage");
  authority.check(`/storage/${parseVolume(cluster, volid).storage.storage}`, "Datastore.AllocateSpace");
  const volume = await activateVolume(node, volid);
  const size = wantedSize(parameters.required("size"), volume.size);
  if (size < volume.size) throw parameterFailure({ size: "shrinking disks is not supported" });
  return { configuration, disk, volid, size };
}

async function grow(call: Call, vmid: number): Promise<void> {
  const { node } = call;
  const { configuration, disk, volid, size } = await checkGrowth(call, vmid);
  const volume = findVolume(node, volid);
  if (volume === undefined) throw death(`volume '${volid}' does not exist`);
  if (size > volume.size) await node.cluster.site.driver.growVolume(machineVolume(node, volume), size);
  volume.size = size;
  const drive = readDrive(disk, configuration.keys.get(disk) ?? "");
  configuration.keys.set(disk, formatDrive(disk, { ...drive, size }));
  storeGuest(node, "qemu", vmid, configuration);
}
