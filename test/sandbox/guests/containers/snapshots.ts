import type { Log } from "../../drivers/driver";
import { run } from "../../machine/child-process";
import { removeTree } from "../../machine/files";
import type { Node } from "../../model/site";
import type { StorageEntry } from "../../model/state";
import type { Task } from "../../model/tasks";
import { death } from "../../protocol/failure";
import type { Json } from "../../protocol/failure";
import {
  checkLock,
  emptySection,
  loadGuest,
  setLock,
  storeGuest,
  withGuestLock,
  type Configuration,
  type Section,
} from "../configuration";
import { parseVolume } from "../storages";
import { activateVolume } from "../volumes";
import { addUnused, backupDecision, mountsOf, type ContainerMount } from "./mount-points";
import { isRunning, killContainer } from "./runtime";

/** Storages whose container volumes can be frozen in time. Folders and raw images on a file system cannot. */
const WITH_SNAPSHOTS = ["zfspool", "lvmthin", "btrfs"];

/** What the list of snapshots says, `current` last. */
export async function snapshotList(node: Node, vmid: number): Promise<Json> {
  const { guest, configuration } = loadGuest(node, "lxc", vmid);
  const parent = configuration.keys.get("parent");
  const snapshots = [...configuration.snapshots].map(([name, { keys }]) => ({
    name,
    snaptime: Number(keys.get("snaptime") ?? 0),
    description: keys.get("description") ?? "",
    ...pick(keys, "parent", "snapstate"),
  }));
  const current = {
    name: "current",
    digest: configuration.digest,
    running: (await isRunning(node, guest)) ? 1 : 0,
    description: "You are here!",
    ...(parent === undefined ? {} : { parent }),
  };
  return [...snapshots, current];
}

function pick(keys: ReadonlyMap<string, string>, ...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (keys.has(name) ? [[name, keys.get(name) ?? ""]] : [])));
}

/** Whether all volumes can do something (PVE::LXC::Config::has_feature). @param backup only those that a backup holds */
export function hasFeature(node: Node, feature: string, section: Section, backup = false): boolean {
  return mountsOf(section.keys)
    .filter((mount) => !backup || backupDecision(mount).included)
    .every((mount) => mount.kind === "volume" && volumeHasFeature(node, feature, mount));
}

function volumeHasFeature(node: Node, feature: string, mount: ContainerMount): boolean {
  const { storage, format } = parseVolume(node.cluster, mount.volume);
  if (feature === "snapshot") return supportsSnapshots(storage);
  if (feature === "copy") return format === "raw" || supportsSnapshots(storage);
  return false;
}

function supportsSnapshots(storage: StorageEntry): boolean {
  return WITH_SNAPSHOTS.includes(storage.type);
}

/** @throws for a snapshot that is not there */
export function snapshotOf(configuration: Configuration, name: string): Section {
  const snapshot = configuration.snapshots.get(name);
  if (snapshot === undefined) throw death(`snapshot '${name}' does not exist`);
  return snapshot;
}

/** Takes a snapshot (PVE::AbstractConfig::snapshot_create). */
export async function createSnapshot(
  node: Node,
  vmid: number,
  name: string,
  description: string | undefined,
  log: Log,
): Promise<void> {
  const snapshot = await withGuestLock(node, "lxc", vmid, () => prepareSnapshot(node, vmid, name, description), log);
  for (const mount of snapshotMounts(snapshot, name)) await copyVolume(node, mount.volume, name);
  await withGuestLock(node, "lxc", vmid, () => {
    const { configuration } = loadGuest(node, "lxc", vmid);
    snapshotOf(configuration, name).keys.delete("snapstate");
    configuration.keys.delete("lock");
    configuration.keys.set("parent", name);
    storeGuest(node, "lxc", vmid, configuration);
  });
}

function prepareSnapshot(node: Node, vmid: number, name: string, description: string | undefined): Section {
  const { configuration } = loadGuest(node, "lxc", vmid);
  if (configuration.keys.get("template") === "1") throw death("you can't take a snapshot if it's a template");
  checkLock("lxc", configuration);
  if (configuration.snapshots.has(name)) throw death(`snapshot name '${name}' already used`);
  if (!hasFeature(node, "snapshot", configuration, name === "vzdump")) throw death("snapshot feature is not available");
  const snapshot = copied(configuration);
  snapshot.keys.set("snapstate", "prepare");
  snapshot.keys.set("snaptime", String(node.clock.seconds()));
  if (description !== undefined && description !== "") snapshot.keys.set("description", description);
  configuration.snapshots.set(name, snapshot);
  configuration.keys.set("lock", "snapshot");
  storeGuest(node, "lxc", vmid, configuration);
  return snapshot;
}

/** What a snapshot keeps of a configuration, and a rollback takes from it. */
function copied(section: Section): Section {
  const left = /^(snapstate|snaptime|vmstate|lock|description|unused\d+)$/;
  return { keys: new Map([...section.keys].filter(([key]) => !left.test(key))), raw: [...section.raw] };
}

/** The volumes that a snapshot holds: a backup's own snapshot leaves out what the backup leaves out. */
function snapshotMounts(snapshot: Section, name: string): ContainerMount[] {
  return mountsOf(snapshot.keys).filter(
    (mount) => mount.kind === "volume" && (name !== "vzdump" || backupDecision(mount).included),
  );
}

/** Where the copy lies that stands for a volume's snapshot. */
export function snapshotPath(node: Node, path: string, name: string): string {
  return `${node.path(path)}@${name}`;
}

async function copyVolume(node: Node, volid: string, name: string): Promise<void> {
  const { path } = await activateVolume(node, volid);
  await run("cp", [
    "--archive",
    "--sparse=always",
    "--no-target-directory",
    node.path(path),
    snapshotPath(node, path, name),
  ]);
}

/** Removes a snapshot (PVE::AbstractConfig::snapshot_delete). */
export async function deleteSnapshot(node: Node, vmid: number, name: string, log: Log): Promise<void> {
  const snapshot = snapshotOf(loadGuest(node, "lxc", vmid).configuration, name);
  await setLock(node, "lxc", vmid, "snapshot-delete");
  for (const mount of snapshotMounts(snapshot, name)) {
    const { path } = await activateVolume(node, mount.volume);
    await removeTree(snapshotPath(node, path, name));
  }
  await withGuestLock(
    node,
    "lxc",
    vmid,
    () => {
      const { configuration } = loadGuest(node, "lxc", vmid);
      const parent = snapshot.keys.get("parent");
      for (const section of [configuration, ...configuration.snapshots.values()]) {
        if (section.keys.get("parent") !== name) continue;
        if (parent === undefined) section.keys.delete("parent");
        else section.keys.set("parent", parent);
      }
      configuration.snapshots.delete(name);
      configuration.keys.delete("lock");
      storeGuest(node, "lxc", vmid, configuration);
    },
    log,
  );
}

/** Goes back to a snapshot (PVE::AbstractConfig::snapshot_rollback). */
export async function rollBack(node: Node, vmid: number, name: string, task: Task): Promise<void> {
  const snapshot = await withGuestLock(node, "lxc", vmid, () => prepareRollback(node, vmid, name), task.log);
  // A worker that dies here leaves the guest locked, as Proxmox does.
  await task.checkpoint("rolling-back");
  for (const mount of snapshotMounts(snapshot, name)) {
    const { path } = await activateVolume(node, mount.volume);
    await removeTree(node.path(path));
    await run("cp", [
      "--archive",
      "--sparse=always",
      "--no-target-directory",
      snapshotPath(node, path, name),
      node.path(path),
    ]);
  }
  await withGuestLock(node, "lxc", vmid, () => {
    const { configuration } = loadGuest(node, "lxc", vmid);
    const kept = new Set(mountsOf(snapshot.keys).map((mount) => mount.volume));
    const rolledBack = { ...configuration, ...emptySection(), pending: emptySection() };
    const back = copied(snapshot);
    rolledBack.raw = back.raw;
    for (const [key, value] of configuration.keys) {
      if (key === "description" || key.startsWith("unused")) rolledBack.keys.set(key, value);
    }
    for (const [key, value] of back.keys) rolledBack.keys.set(key, value);
    for (const mount of mountsOf(configuration.keys)) {
      if (mount.kind === "volume" && !kept.has(mount.volume)) addUnused(rolledBack, mount.volume);
    }
    rolledBack.keys.set("parent", name);
    storeGuest(node, "lxc", vmid, rolledBack);
  });
}

async function prepareRollback(node: Node, vmid: number, name: string): Promise<Section> {
  const loaded = loadGuest(node, "lxc", vmid);
  const { configuration } = loaded;
  if (configuration.keys.get("template") === "1") throw death("you can't rollback if vm is a template");
  const snapshot = snapshotOf(configuration, name);
  for (const mount of snapshotMounts(snapshot, name)) checkRollback(node, configuration, mount.volume, name);
  const state = snapshot.keys.get("snapstate");
  if (state !== undefined) throw death(`unable to rollback to incomplete snapshot (snapstate = ${state})`);
  checkLock("lxc", configuration);
  if (await isRunning(node, loaded.guest)) await killContainer(node, loaded);
  configuration.keys.set("lock", "rollback");
  storeGuest(node, "lxc", vmid, configuration);
  return snapshot;
}

/** ZFS goes back to its newest snapshot only (PVE::Storage::ZFSPoolPlugin::volume_rollback_is_possible). */
function checkRollback(node: Node, { snapshots }: Configuration, volid: string, name: string): void {
  if (parseVolume(node.cluster, volid).storage.type !== "zfspool") return;
  const holding = [...snapshots].filter(([, { keys }]) => mountsOf(keys).some(({ volume }) => volume === volid));
  const taken = holding.find(([own]) => own === name)?.[1].keys.get("snaptime") ?? "0";
  const isNewer = ([own, { keys }]: readonly [string, Section]): boolean =>
    own !== name && Number(keys.get("snaptime") ?? 0) >= Number(taken) && isDescendant(snapshots, own, name);
  if (holding.some(isNewer)) throw death(`can't rollback, '${name}' is not most recent snapshot on '${volid}'`);
}

/** Whether a snapshot was taken after another, by the chain of parents: snapshots of one second have one time. */
function isDescendant(snapshots: Configuration["snapshots"], name: string, ancestor: string): boolean {
  const parent = snapshots.get(name)?.keys.get("parent");
  return parent !== undefined && (parent === ancestor || isDescendant(snapshots, parent, ancestor));
}
