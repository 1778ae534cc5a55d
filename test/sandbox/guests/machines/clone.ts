import { randomUUID } from "node:crypto";
import { formatDrive, isDriveKey, type Drive } from "../../../../proxmox/rules/property-strings";
import { storageOf } from "../../../../proxmox/rules/volume-ids";
import type { Call } from "../../calls/endpoint";
import type { Log } from "../../drivers/driver";
import type { Node } from "../../model/site";
import { hasPath } from "../../model/storage-paths";
import { isSharedStorage } from "../../model/storage-types";
import { death, failureText, parameterFailure } from "../../protocol/failure";
import {
  checkLock,
  emptyConfiguration,
  loadGuest,
  removeGuest,
  storeGuest,
  type Configuration,
  type Section,
} from "../configuration";
import { checkPool } from "../containers/create";
import { otherNode } from "../other-node";
import { addToPool } from "../pool-members";
import { snapshotOf } from "../snapshots";
import { enabledStorage, holds, parseVolume } from "../storages";
import { activateVolume, allocateVolume, diskImage, freeVolumes } from "../volumes";
import { diskHasFeature } from "./disk-features";
import { driveKeys, imageFormat, isDiscDrive, isSeed, readDrive, SEED_SIZE } from "./drives";
import { withNewAddress, withNewUuid } from "./identity";
import { checkBridges, checkMapping } from "./permissions";
import { runsHere } from "./runtime";

/** What belongs to one machine, or to its snapshots, and to no clone of it. */
const OWN = /^(?:parent|lock|template|snaptime|snapstate|vmstate|runningmachine|runningcpu|unused\d+)$/;

/** Copies a machine with all its disks, or builds a linked one upon a template (PVE::API2::Qemu, clone_vm). @returns the task's UPID */
export async function cloneMachine(call: Call): Promise<string> {
  const { node, parameters, caller } = call;
  const vmid = parameters.requiredInteger("vmid");
  const newId = parameters.requiredInteger("newid");
  const running = await runsHere(node, vmid);
  const { source } = checkClone(call, vmid, newId);
  const isOfNow = parameters.text("snapname") === undefined;
  if (isOfNow && running) {
    if (source.keys.has("tpmstate0")) throw death("cannot clone TPM state while VM is running");
    throw death("the sandbox clones no machine that runs");
  }
  return node.tasks.start("qmclone", String(vmid), caller.name, ({ log }) => copy(call, vmid, newId, log));
}

/** The space for each copied disk, and the node's own CD drive ($check_storage_access_clone). */
function checkClone(call: Call, vmid: number, newId: number): { source: Section; isFull: boolean } {
  const { cluster, authority, parameters, node } = call;
  const pool = parameters.text("pool");
  if (pool !== undefined) checkPool(call, pool);
  const target = targetOf(call);
  const wanted = parameters.text("storage");
  if (wanted !== undefined) checkStorage(call, wanted, target);
  const { configuration } = loadGuest(node, "qemu", vmid);
  checkLock("qemu", configuration);
  const snapshot = parameters.text("snapname");
  const source = snapshot === undefined ? configuration : snapshotOf(configuration, snapshot);
  const isFull = parameters.flag("full") ?? configuration.keys.get("template") !== "1";
  if (!isFull) checkLinked(call);
  let isShared = true;
  for (const key of driveKeys(source.keys)) {
    const drive = readDrive(key, source.keys.get(key) ?? "");
    if (drive.file === "cdrom") authority.check("/", "Sys.Console");
    if (!drive.file.includes(":")) continue;
    const { storage } = parseVolume(cluster, drive.file);
    if (!isSharedStorage(storage.type, storage.options)) isShared = false;
    if (isDiscDrive(drive)) continue;
    authority.check(`/storage/${wanted ?? storage.storage}`, "Datastore.AllocateSpace");
  }
  const forMemory = source.keys.get("vmstatestorage");
  if (forMemory !== undefined) authority.check(`/storage/${forMemory}`, "Datastore.AllocateSpace");
  for (const [key, value] of source.keys) checkMapping(authority, key, value);
  checkBridges({ cluster, authority, vmid }, source.keys);
  if (target !== undefined && !isShared) {
    throw death(`can't clone VM to node '${target.name}' (VM uses local storage)`);
  }
  if (cluster.guest(newId) !== undefined) throw death(`unable to create VM ${newId}: config file already exists`);
  for (const key of driveKeys(source.keys).sort()) checkCopy(call, key, source.keys.get(key) ?? "", isFull);
  return { source, isFull };
}

function checkLinked({ parameters }: Call): void {
  for (const key of ["storage", "format"]) {
    if (parameters.text(key) !== undefined) throw death(`parameter '${key}' not allowed for linked clones`);
  }
}

/** The node that the clone is for, unless it is this one. */
function targetOf(call: Call): Node | undefined {
  return otherNode(call, call.parameters.text("target"));
}

function checkStorage({ node }: Call, wanted: string, target: Node | undefined): void {
  const storage = enabledStorage(node, wanted);
  if (!holds(storage, "images")) {
    throw parameterFailure({ storage: `storage '${wanted}' does not support vm images` });
  }
  if (target === undefined) return;
  enabledStorage(target, wanted);
  if (!isSharedStorage(storage.type, storage.options)) throw death(`can't clone to non-shared storage '${wanted}'`);
}

/** Whether the storage can do what is asked of a disk; the TPM's state is always copied. */
function checkCopy({ node, parameters }: Call, key: string, value: string, isFull: boolean): void {
  const drive = readDrive(key, value);
  if ((isDiscDrive(drive) && !isSeed(drive)) || !drive.file.includes(":")) return;
  const snapshot = parameters.text("snapname");
  const isCopy = isCopied(key, drive, isFull);
  if (diskHasFeature(node, isCopy ? "copy" : "clone", drive.file, snapshot)) return;
  const what = `${snapshot === undefined ? "" : "a snapshot of "}'${drive.file}' (${key})`;
  throw death(`${isCopy ? "Full" : "Linked"} clone feature is not supported for ${what}`);
}

function isCopied(key: string, drive: Drive, isFull: boolean): boolean {
  return isFull || isSeed(drive) || key === "tpmstate0";
}

async function copy(call: Call, vmid: number, newId: number, log: Log): Promise<void> {
  const { node, parameters, cluster } = call;
  const { source, isFull } = checkClone(call, vmid, newId);
  log(`creating a clone of VM ${vmid} with ID ${newId}`);
  const clone = emptyConfiguration();
  clone.keys.set("lock", "clone");
  storeGuest(node, "qemu", newId, clone);
  const copies: string[] = [];
  try {
    for (const [key, value] of source.keys) if (!OWN.test(key)) clone.keys.set(key, copiedValue(key, value));
    for (const key of driveKeys(source.keys).sort()) {
      const volume = await copyDrive(call, { vmid: newId, isFull }, clone, key, log);
      if (volume !== undefined) copies.push(volume);
    }
    giveIdentity(clone, parameters.text("name") ?? `Copy-of-VM-${source.keys.get("name") ?? vmid}`);
    const description = parameters.text("description");
    if (description !== undefined) clone.keys.set("description", description);
    clone.keys.delete("lock");
    storeGuest(node, "qemu", newId, clone);
  } catch (failure) {
    await freeVolumes(node, copies, log);
    removeGuest(node, newId);
    throw death(`clone failed: ${failureText(failure)}`);
  }
  const target = targetOf(call);
  const made = cluster.guest(newId);
  // It has not run yet: only its configuration goes.
  if (target !== undefined && made !== undefined) made.node = target.name;
  cluster.save();
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
  { vmid, isFull }: { vmid: number; isFull: boolean },
  clone: Configuration,
  key: string,
  log: Log,
): Promise<string | undefined> {
  if (!isDriveKey(key)) return undefined;
  const drive = readDrive(key, clone.keys.get(key) ?? "");
  if ((isDiscDrive(drive) && !isSeed(drive)) || !drive.file.includes(":")) return undefined;
  const isCopy = isCopied(key, drive, isFull);
  log(`create ${isCopy ? "full" : "linked"} clone of drive ${key} (${drive.file})`);
  const source = await activateVolume(node, drive.file);
  const storage = parameters.text("storage") ?? storageOf(drive.file);
  const isInFolder = hasPath(parseVolume(node.cluster, drive.file).storage);
  const copied = imageFormat(parameters.text("format") ?? source.format);
  // What builds upon another image in a folder is qcow2.
  const format = isCopy || !isInFolder ? copied : "qcow2";
  const base = isCopy ? {} : { base: drive.file.slice(drive.file.indexOf(":") + 1) };
  const what = isSeed(drive) ? { size: SEED_SIZE, purpose: "cloudinit" } : { size: source.size, ...base };
  const made = await allocateVolume(node, { storage, vmid, format, isDisk: true, ...what }, log);
  if (isCopy) log(`allocated target volume '${made.volid}'`);
  const snapshot = parameters.text("snapname");
  const now = diskImage(node, source);
  const image = snapshot === undefined ? now : { ...now, path: `${now.path}@${snapshot}` };
  if (!isSeed(drive)) await node.cluster.site.driver.machines.copyImage(image, diskImage(node, made));
  clone.keys.set(key, formatDrive(key, { ...drive, file: made.volid, size: made.size }));
  return made.volid;
}
