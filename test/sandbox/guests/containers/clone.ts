import type { Call } from "../../calls/endpoint";
import type { Log } from "../../drivers/driver";
import { parseVolumeId } from "../../../../proxmox/rules/volume-ids";
import { death, failureText } from "../../protocol/failure";
import {
  checkLock,
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
import { enabledStorage } from "../storages";
import { freeVolumes } from "../volumes";
import { copyVolume, linkVolume, mayLink } from "./copy-volume";
import { checkPool } from "./create";
import { mountsOf, withVolume, writeMount } from "./mount-points";
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
}

/** Copies a container, or builds a linked one upon a template (PVE::API2::LXC, clone_vm). @returns the task's UPID */
export async function cloneContainer(call: Call): Promise<string> {
  const { node, parameters, caller } = call;
  const vmid = parameters.requiredInteger("vmid");
  const newId = parameters.requiredInteger("newid");
  const pool = parameters.text("pool");
  if (pool !== undefined) checkPool(call, pool);
  const storage = parameters.text("storage");
  if (storage !== undefined) enabledStorage(node, storage);
  checkUnused(node, newId);
  const { configuration } = loadGuest(node, "lxc", vmid);
  const clone = emptyConfiguration();
  clone.keys.set("lock", "create");
  storeGuest(node, "lxc", newId, clone);
  try {
    checkLock("lxc", configuration);
    const cloning = await checkClone(call, vmid, newId);
    takeOver(call, clone, cloning);
    await setLock(node, "lxc", vmid, "disk");
    storeGuest(node, "lxc", newId, clone);
    return node.tasks.start("vzclone", String(vmid), caller.name, ({ log }) => copy(call, clone, cloning, log));
  } catch (failure) {
    removeGuest(node, newId);
    throw failure;
  }
}

async function checkClone(call: Call, vmid: number, newId: number): Promise<Cloning> {
  const { node, parameters, authority } = call;
  const { guest, configuration } = loadGuest(node, "lxc", vmid);
  const snapshot = parameters.text("snapname");
  const source = snapshot === undefined ? configuration : snapshotOf(configuration, snapshot);
  const isFull = parameters.flag("full") ?? configuration.keys.get("template") !== "1";
  const storage = parameters.text("storage");
  if (storage !== undefined && !isFull) throw death("parameter 'storage' not allowed for linked clones");
  const running = await isRunning(node, guest);
  for (const { key, kind, volume } of mountsOf(source.keys)) {
    if (kind !== "volume") throw death(`unable to clone mountpoint '${key}' (type ${kind})`);
    authority.check(`/storage/${storage ?? parseVolumeId(volume)?.storage ?? ""}`, "Datastore.AllocateSpace");
    if (isFull && running && snapshot === undefined) {
      throw death("Cannot do full clones on a running container without snapshots");
    }
    if (!isFull && !mayLink(node, volume)) throw death(`Linked clone feature for '${volume}' is not available`);
  }
  for (const [key, value] of source.keys) if (/^net\d+$/.test(key)) checkBridge(authority, value);
  return { vmid, newId, isFull, snapshot, source };
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
    if (given !== undefined && given !== "") clone.keys.set(key, given);
  }
}

function withNewAddress(value: string): string {
  const network = readNetwork(value);
  network.set("hwaddr", randomHardwareAddress());
  return writeNetwork(network);
}

async function copy(call: Call, clone: Configuration, cloning: Cloning, log: Log): Promise<void> {
  const { node, parameters, cluster } = call;
  const { vmid, newId, isFull, snapshot, source } = cloning;
  const made: string[] = [];
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
  } finally {
    await removeLock(node, "lxc", vmid, "disk").catch((failure: unknown) => log(failureText(failure)));
  }
  addToPool(cluster, parameters.text("pool"), newId);
  await removeLock(node, "lxc", newId, "create");
  const firewall = cluster.guest(vmid)?.firewall;
  const guest = cluster.guest(newId);
  if (firewall !== undefined && guest !== undefined) guest.firewall = firewall;
  cluster.save();
}
