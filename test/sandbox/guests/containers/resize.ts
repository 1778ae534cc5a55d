import type { Call } from "../../calls/endpoint";
import type { Log } from "../../drivers/driver";
import { death } from "../../protocol/failure";
import { checkDigest, checkLock, loadGuest, storeGuest, withGuestLock, type Configuration } from "../configuration";
import { parseVolume } from "../storages";
import { wantedSize } from "../wanted-size";
import { activateVolume, findVolume, machineVolume } from "../volumes";
import { readMount, withVolume, writeMount, type ContainerMount } from "./mount-points";
import { checkOptionRights } from "./permissions";

interface Growth {
  configuration: Configuration;
  mount: ContainerMount;
  /** Bytes. */
  size: number;
}

/** Grows a mount point's volume (PVE::API2::LXC, resize_vm). @returns the task's UPID */
export async function resizeContainer(call: Call): Promise<string> {
  const { node, parameters } = call;
  const vmid = parameters.requiredInteger("vmid");
  await checkGrowth(call, vmid);
  return node.tasks.start("resize", String(vmid), call.caller.name, ({ log }) =>
    withGuestLock(node, "lxc", vmid, () => grow(call, vmid, log), log),
  );
}

async function checkGrowth(call: Call, vmid: number): Promise<Growth> {
  const { node, parameters, authority, cluster } = call;
  const { configuration } = loadGuest(node, "lxc", vmid);
  checkLock("lxc", configuration);
  const { keys } = configuration;
  const disk = parameters.required("disk");
  const unprivileged = keys.get("unprivileged") === "1";
  // Proxmox asks for the rights of an option named `disk`, which are those of any other option.
  checkOptionRights(cluster, authority, { vmid, current: keys, unprivileged }, new Map([["disk", disk]]));
  checkDigest(configuration, parameters.text("digest"));
  const mount = readMount(disk, keys.get(disk) ?? "");
  const { storage, owner } = parseVolume(cluster, mount.volume);
  if (Number(owner) !== vmid) throw death(`can't resize mount point owned by another container (${owner ?? ""})`);
  authority.check(`/storage/${storage.storage}`, "Datastore.AllocateSpace");
  const volume = await activateVolume(node, mount.volume);
  const size = wantedSize(parameters.required("size"), volume.size);
  if (size < volume.size) throw death("unable to shrink disk size");
  if (size === volume.size) throw death("disk is already at specified size");
  return { configuration, mount, size };
}

async function grow(call: Call, vmid: number, log: Log): Promise<void> {
  const { node } = call;
  const { configuration, mount, size } = await checkGrowth(call, vmid);
  const volume = findVolume(node, mount.volume);
  if (volume === undefined || !/\.(raw|qcow2)$/.test(mount.volume)) throw death("can't resize this image format");
  await node.cluster.site.driver.growVolume(machineVolume(node, volume), size, log);
  volume.size = size;
  configuration.keys.set(mount.key, writeMount(withVolume(mount, mount.volume, size)));
  storeGuest(node, "lxc", vmid, configuration);
}
