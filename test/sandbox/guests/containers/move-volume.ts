import { storageOf } from "../../../../proxmox/rules/volume-ids";
import type { Call } from "../../calls/endpoint";
import type { Log } from "../../drivers/driver";
import { death, failureText, parameterFailure } from "../../protocol/failure";
import { canRename, giveVolume } from "../base-volumes";
import {
  checkDigest,
  checkLock,
  loadGuest,
  removeLock,
  storeGuest,
  withGuestLock,
  type Configuration,
} from "../configuration";
import { addUnused } from "../unused-volumes";
import { freeVolume } from "../volumes";
import { copyVolume } from "./copy-volume";
import { mountsOf, readMount, withVolume, writeMount, type ContainerMount } from "./mount-points";
import { isRunning } from "./runtime";

/** Moves a volume to another storage, or gives it to another container (PVE::API2::LXC, move_volume). @returns the task's UPID */
export async function moveVolume(call: Call): Promise<string> {
  const { parameters } = call;
  const storage = parameters.text("storage");
  const target = parameters.integer("target-vmid");
  if (storage !== undefined && target === undefined) return moveToStorage(call, storage);
  if (target !== undefined && storage === undefined) return moveToContainer(call, target);
  if (storage !== undefined) throw death("either set storage or target-vmid, but not both");
  const text = "both 'storage' and 'target-vmid' missing, either needs to be set";
  throw parameterFailure({ "target-vmid": text, storage: text });
}

async function moveToStorage(call: Call, storage: string): Promise<string> {
  const { node, parameters, authority, caller } = call;
  const vmid = parameters.requiredInteger("vmid");
  authority.check(`/storage/${storage}`, "Datastore.AllocateSpace");
  const mount = await withGuestLock(node, "lxc", vmid, () => lockForMove(call, vmid));
  return node.tasks.start("move_volume", String(vmid), caller.name, async ({ log }) => {
    try {
      await move(call, vmid, mount, storage, log);
    } finally {
      await removeLock(node, "lxc", vmid, "disk").catch((failure: unknown) => log(failureText(failure)));
    }
  });
}

/** What is looked at before the task, which then has the container for itself. */
async function lockForMove({ node, parameters }: Call, vmid: number): Promise<ContainerMount> {
  const { guest, configuration } = loadGuest(node, "lxc", vmid);
  checkLock("lxc", configuration);
  if (await isRunning(node, guest)) throw death("cannot move volumes of a running container");
  const key = parameters.required("volume");
  if (key.startsWith("unused")) {
    throw death(`cannot move volume '${key}', only configured volumes can be moved to another storage`);
  }
  const mount = readMount(key, configuration.keys.get(key) ?? "");
  if (parameters.flag("delete") === true && isInSnapshot(configuration, mount.volume)) {
    throw death("you can't move a volume with snapshots and delete the source");
  }
  checkDigest(configuration, parameters.text("digest"));
  configuration.keys.set("lock", "disk");
  storeGuest(node, "lxc", vmid, configuration);
  return mount;
}

function isInSnapshot({ snapshots }: Configuration, volume: string): boolean {
  return [...snapshots.values()].some(({ keys }) => mountsOf(keys).some((mount) => mount.volume === volume));
}

async function move(
  { node, parameters }: Call,
  vmid: number,
  mount: ContainerMount,
  storage: string,
  log: Log,
): Promise<void> {
  if (mount.kind !== "volume") throw death(`cannot copy volumes of type ${mount.kind}`);
  const made = await copyVolume(node, { mount, vmid, storage }, log);
  const remove = parameters.flag("delete") === true;
  await withGuestLock(node, "lxc", vmid, () => {
    const { configuration } = loadGuest(node, "lxc", vmid);
    configuration.keys.set(mount.key, writeMount(withVolume(mount, made, mount.size)));
    if (!remove) addUnused(configuration, mount.volume);
    storeGuest(node, "lxc", vmid, configuration);
  });
  if (remove) await freeVolume(node, mount.volume, log);
}

interface Reassignment {
  readonly source: Configuration;
  readonly target: Configuration;
  readonly mount: ContainerMount;
}

async function moveToContainer(call: Call, target: number): Promise<string> {
  const { node, parameters, authority, caller } = call;
  const vmid = parameters.requiredInteger("vmid");
  authority.checkGuest(target, undefined, "VM.Config.Disk");
  const { mount } = await checkReassignment(call, vmid, target);
  authority.check(`/storage/${storageOf(mount.volume)}`, "Datastore.AllocateSpace");
  const [key, targetKey] = keysOf(call);
  const work = (log: Log) => reassign(call, vmid, target, log);
  return node.tasks.start("move_volume", `${vmid}-${key}>${target}-${targetKey}`, caller.name, ({ log }) =>
    withGuestLock(node, "lxc", vmid, () =>
      target === vmid ? work(log) : withGuestLock(node, "lxc", target, () => work(log), log),
    ),
  );
}

/** The mount point, and its key on the other container. */
function keysOf({ parameters }: Call): readonly [key: string, target: string] {
  const key = parameters.required("volume");
  return [key, parameters.text("target-volume") ?? key];
}

async function checkReassignment(call: Call, vmid: number, targetId: number): Promise<Reassignment> {
  const { node, parameters, cluster } = call;
  const [key, targetKey] = keysOf(call);
  if (key === "rootfs" || targetKey === "rootfs") throw death("Cannot move to/from 'rootfs'");
  if (key.startsWith("unused") && !targetKey.startsWith("unused")) {
    throw death("Moving an unused volume to a used one is not possible");
  }
  const [own, other] = [vmid, targetId].map((id) => {
    const found = cluster.guest(id);
    if (found === undefined) throw death(`could not find CT ${id}`);
    return found.node;
  });
  if (own !== other) throw death(`Both containers need to be on the same node (${own} != ${other})`);
  const { guest, configuration: source } = loadGuest(node, "lxc", vmid);
  checkLock("lxc", source);
  const target = targetId === vmid ? source : loadGuest(node, "lxc", targetId).configuration;
  checkLock("lxc", target);
  if ([source, target].some(({ keys }) => keys.get("template") === "1")) {
    throw death("Can't move volumes from or to template CT");
  }
  checkDigest(source, parameters.text("digest"), `Container ${vmid}`);
  checkDigest(target, parameters.text("target-digest"), `Container ${targetId}`);
  const text = source.keys.get(key);
  if (text === undefined) throw death(`volume '${key}' for container '${vmid}' does not exist`);
  if (target.keys.has(targetKey)) {
    throw death(`Target volume key '${targetKey}' is already in use for container '${targetId}'`);
  }
  const mount = readMount(key, text);
  if (isInSnapshot(source, mount.volume)) throw death("Cannot move volume used by a snapshot to another container");
  // A path of the node is no volume that any storage could give away: Proxmox asks for that first.
  if (mount.kind !== "volume" || !canRename(node, mount.volume)) {
    throw death("Storage does not support moving of this disk to another container");
  }
  if (!key.startsWith("unused") && (await isRunning(node, guest))) {
    throw death("Cannot move in-use volume while the source CT is running - detach or shutdown first");
  }
  return { source, target, mount };
}

async function reassign(call: Call, vmid: number, targetId: number, log: Log): Promise<void> {
  const { node } = call;
  const { source, target, mount } = await checkReassignment(call, vmid, targetId);
  const [key, targetKey] = keysOf(call);
  log(`moving volume '${key}' from container '${vmid}' to '${targetId}'`);
  const volume = await giveVolume(node, mount.volume, targetId);
  source.keys.delete(key);
  log(`removing volume '${key}' from container '${vmid}' config`);
  storeGuest(node, "lxc", vmid, source);
  const moved = withVolume(mount, volume, mount.size);
  target.keys.set(targetKey, targetKey.startsWith("unused") ? volume : writeMount({ ...moved, key: targetKey }));
  storeGuest(node, "lxc", targetId, target);
  log(`target container '${targetId}' updated with '${targetKey}'`);
}
