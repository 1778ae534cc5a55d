import type { Call } from "../../calls/endpoint";
import type { Log } from "../../drivers/driver";
import { parseVolumeId } from "../../../../proxmox/rules/volume-ids";
import type { Node } from "../../model/site";
import { isSharedStorage } from "../../model/storage-types";
import { death, failureText } from "../../protocol/failure";
import { otherNode } from "../other-node";
import {
  checkUnused,
  emptyConfiguration,
  loadGuest,
  removeGuest,
  removeLock,
  setLock,
  storeGuest,
  type Configuration,
  type Section,
} from "../configuration";
import { addToPool } from "../pool-members";
import { snapshotOf } from "../snapshots";
import { enabledStorage, requireStorage } from "../storages";
import { freeVolumes } from "../volumes";
import { copyVolume, linkVolume, mayLink } from "./copy-volume";
import { checkPool } from "./create";
import { isMountKey, mountsOf, readMount, withVolume, writeMount } from "./mount-points";
import { checkBridge, randomHardwareAddress, readNetwork, writeNetwork } from "./networks";
import { isRunning } from "./runtime";

/** What belongs to one container, or to its snapshots, and to no clone of it. */
const OWN = /^(?:parent|lock|template|snaptime|snapstate|unused\d+)$/;

interface Cloning {
  readonly vmid: number;
  readonly newId: number;
  readonly isFull: boolean;
  /** The volumes are those of this snapshot; undefined: those of now. */
  readonly snapshot: string | undefined;
  readonly source: Section;
  /** Where the clone goes; undefined: it stays here. */
  readonly target: Node | undefined;
}

/** Copies a container, or builds a linked one upon a template (PVE::API2::LXC, clone_vm). @returns the task's UPID */
export async function cloneContainer(call: Call): Promise<string> {
  const { node, parameters, caller } = call;
  const vmid = parameters.requiredInteger("vmid");
  const newId = parameters.requiredInteger("newid");
  const pool = parameters.text("pool");
  if (pool !== undefined) checkPool(call, pool);
  const target = otherNode(call, parameters.text("target"));
  const storage = parameters.text("storage");
  if (storage !== undefined) checkStorage(node, storage, target);
  await setLock(node, "lxc", vmid, "disk");
  const unlock = (log: Log) =>
    removeLock(node, "lxc", vmid, "disk").catch((failure: unknown) => log(failureText(failure)));
  try {
    const clone = reserve(node, newId);
    try {
      const cloning = await checkClone(call, { vmid, newId, target });
      takeOver(call, clone, cloning);
      storeGuest(node, "lxc", newId, clone);
      return node.tasks.start("vzclone", String(vmid), caller.name, ({ log }) =>
        copy(call, clone, cloning, log).finally(() => unlock(log)),
      );
    } catch (failure) {
      removeGuest(node, newId);
      throw failure;
    }
  } catch (failure) {
    await unlock(() => {});
    throw failure;
  }
}

/** Holds the new number (PVE::AbstractConfig::create_and_lock_config). */
function reserve(node: Node, newId: number): Configuration {
  checkUnused(node, newId);
  const clone = emptyConfiguration();
  clone.keys.set("lock", "create");
  storeGuest(node, "lxc", newId, clone);
  return clone;
}

function checkStorage(node: Node, wanted: string, target: Node | undefined): void {
  const storage = enabledStorage(node, wanted);
  if (target === undefined) return;
  enabledStorage(target, wanted);
  if (!isSharedStorage(storage.type, storage.options)) throw death(`can't clone to non-shared storage '${wanted}'`);
}

async function checkClone(call: Call, ids: Pick<Cloning, "vmid" | "newId" | "target">): Promise<Cloning> {
  const { node, parameters, authority, cluster } = call;
  const { guest, configuration } = loadGuest(node, "lxc", ids.vmid);
  const isFull = parameters.flag("full") ?? configuration.keys.get("template") !== "1";
  const storage = parameters.text("storage");
  if (storage !== undefined && !isFull) throw death("parameter 'storage' not allowed for linked clones");
  const snapshot = parameters.text("snapname");
  const source = snapshot === undefined ? configuration : snapshotOf(configuration, snapshot);
  const running = await isRunning(node, guest);
  let isShared = true;
  for (const [key, value] of [...source.keys].sort(([one], [other]) => (one < other ? -1 : 1))) {
    if (/^net\d+$/.test(key)) checkBridge(authority, value);
    if (!isMountKey(key)) continue;
    const { kind, volume } = readMount(key, value);
    if (kind !== "volume") throw death(`unable to clone mountpoint '${key}' (type ${kind})`);
    const kept = requireStorage(cluster, storage ?? parseVolumeId(volume)?.storage ?? "");
    if (!isSharedStorage(kept.type, kept.options)) isShared = false;
    authority.check(`/storage/${kept.storage}`, "Datastore.AllocateSpace");
    if (isFull && running && snapshot === undefined) {
      throw death("Full clone of a running container is only possible from a snapshot");
    }
    if (!isFull && !mayLink(node, volume)) throw death(`Linked clone feature for '${volume}' is not available`);
  }
  if (ids.target !== undefined && !isShared) {
    throw death(`can't clone CT to node '${ids.target.name}' (CT uses local storage)`);
  }
  return { ...ids, isFull, snapshot, source };
}

/** All but the volumes, which come one by one. */
function takeOver({ parameters }: Call, clone: Configuration, { source }: Cloning): void {
  clone.raw = [...source.raw];
  const volumes = new Set(mountsOf(source.keys).map(({ key }) => key));
  for (const [key, value] of source.keys) {
    if (OWN.test(key) || volumes.has(key)) continue;
    clone.keys.set(key, /^net\d+$/.test(key) ? withNewAddress(value) : value);
  }
  for (const key of ["hostname", "description"]) {
    const given = parameters.text(key);
    if (given !== undefined && given !== "" && given !== "0") clone.keys.set(key, given);
  }
}

function withNewAddress(value: string): string {
  const network = readNetwork(value);
  network.set("hwaddr", randomHardwareAddress());
  return writeNetwork(network);
}

async function copy(call: Call, clone: Configuration, cloning: Cloning, log: Log): Promise<void> {
  const { node, parameters, cluster } = call;
  const { vmid, newId, isFull, snapshot, source, target } = cloning;
  const made: string[] = [];
  log(`creating a clone of container ${vmid} with ID ${newId}`);
  try {
    for (const mount of mountsOf(source.keys)) {
      log(
        `create ${isFull ? "full clone of mountpoint" : "linked clone of mount point"} ${mount.key} (${mount.volume})`,
      );
      const storage = parameters.text("storage") ?? parseVolumeId(mount.volume)?.storage ?? "";
      const volume = isFull
        ? await copyVolume(node, { mount, vmid: newId, storage, snapshot }, log)
        : await linkVolume(node, mount.volume, newId, log);
      made.push(volume);
      clone.keys.set(mount.key, writeMount(withVolume(mount, volume, mount.size)));
      storeGuest(node, "lxc", newId, clone);
    }
  } catch (failure) {
    await freeVolumes(node, made, log);
    removeGuest(node, newId);
    throw death(`clone failed: ${failureText(failure)}`);
  }
  addToPool(cluster, parameters.text("pool"), newId);
  await removeLock(node, "lxc", newId, "create");
  const firewall = cluster.guest(vmid)?.firewall;
  const guest = cluster.guest(newId);
  if (firewall !== undefined && guest !== undefined) guest.firewall = firewall;
  // It has not run yet: only its configuration goes.
  if (target !== undefined && guest !== undefined) guest.node = target.name;
  cluster.save();
}
