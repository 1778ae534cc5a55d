import { addUnused } from "./unused-volumes";
import type { Log } from "../drivers/driver";
import type { Node } from "../model/site";
import type { GuestState, GuestType } from "../model/state";
import type { Task } from "../model/tasks";
import { death, type Json } from "../protocol/failure";
import {
  checkLock,
  emptySection,
  loadGuest,
  setLock,
  storeGuest,
  withGuestLock,
  type Configuration,
  type LoadedGuest,
  type Section,
} from "./configuration";
import { parseVolume } from "./storages";
import { freeVolume } from "./volumes";

/** What differs between snapshots of containers and of virtual machines (PVE::AbstractConfig's abstract methods). */
export interface SnapshotKind {
  type: GuestType;
  /** Whether all volumes of a guest can be frozen in time. @param name of the snapshot: a backup's own holds less */
  isPossible(node: Node, section: Section, name: string): boolean;
  /** The volumes that a snapshot of that name holds. */
  volumes(section: Section, name: string): string[];
  /** Every volume that a configuration uses. */
  allVolumes(section: Section): string[];
  isRunning(node: Node, guest: GuestState): Promise<boolean>;
  /** Ends the guest before its volumes go back. */
  stop(node: Node, loaded: LoadedGuest): Promise<void>;
  /** Holds a running guest still while its volumes are copied. */
  whileStill(node: Node, loaded: LoadedGuest, snapshot: Section, log: Log, work: () => Promise<void>): Promise<void>;
  /** Copies a volume to the place that stands for its snapshot. */
  keep(node: Node, volid: string, name: string): Promise<void>;
  /** Puts the copy back. */
  bringBack(node: Node, volid: string, name: string): Promise<void>;
  forget(node: Node, volid: string, name: string): Promise<void>;
  /** What changes in a configuration that goes back, such as what tells a machine that it is another generation. */
  changeBack?(configuration: Configuration): void;
  /** Makes the volume for a running guest's memory. @returns what the snapshot's section says of it, `vmstate` among it */
  stateVolume?(
    node: Node,
    vmid: number,
    configuration: Configuration,
    name: string,
    log: Log,
  ): Promise<ReadonlyMap<string, string>>;
  /** Writes the memory of a guest that is held still to that volume. */
  keepMemory?(node: Node, vmid: number, volid: string): Promise<void>;
  /** Lets a guest go on from the memory that a snapshot kept. */
  wake?(node: Node, loaded: LoadedGuest, memory: string, log: Log): Promise<void>;
}

export interface NewSnapshot {
  name: string;
  description: string | undefined;
  /** Of a running machine, its memory as well. */
  withMemory?: boolean;
}

/** What the list of snapshots says, `current` last. */
export async function snapshotList(kind: SnapshotKind, node: Node, vmid: number): Promise<Json> {
  const { guest, configuration } = loadGuest(node, kind.type, vmid);
  const snapshots = [...configuration.snapshots].map(([name, { keys }]) => ({
    name,
    snaptime: Number(keys.get("snaptime") ?? 0),
    description: keys.get("description") ?? "",
    ...(kind.type === "qemu" ? { vmstate: keys.has("vmstate") ? 1 : 0 } : {}),
    ...pick(keys, "parent", "snapstate"),
  }));
  const current = {
    name: "current",
    digest: configuration.digest,
    running: (await kind.isRunning(node, guest)) ? 1 : 0,
    description: "You are here!",
    ...pick(configuration.keys, "parent"),
  };
  return [...snapshots, current];
}

function pick(keys: ReadonlyMap<string, string>, ...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (keys.has(name) ? [[name, keys.get(name) ?? ""]] : [])));
}

/** @throws for a snapshot that is not there */
export function snapshotOf(configuration: Configuration, name: string): Section {
  const snapshot = configuration.snapshots.get(name);
  if (snapshot === undefined) throw death(`snapshot '${name}' does not exist`);
  return snapshot;
}

/** Takes a snapshot (PVE::AbstractConfig::snapshot_create). */
export async function createSnapshot(
  kind: SnapshotKind,
  node: Node,
  vmid: number,
  wanted: NewSnapshot,
  log: Log,
): Promise<void> {
  const { name } = wanted;
  const snapshot = await withGuestLock(
    node,
    kind.type,
    vmid,
    () => prepareSnapshot(kind, node, vmid, wanted, log),
    log,
  );
  const loaded = loadGuest(node, kind.type, vmid);
  try {
    await kind.whileStill(node, loaded, snapshot, log, async () => {
      const memory = snapshot.keys.get("vmstate");
      if (memory !== undefined) await kind.keepMemory?.(node, vmid, memory);
      for (const volid of kind.volumes(snapshot, name)) await kind.keep(node, volid, name);
    });
  } catch (failure) {
    log("snapshot create failed: starting cleanup");
    await dropSnapshot(kind, node, vmid, name, log);
    throw failure;
  }
  await withGuestLock(node, kind.type, vmid, () => {
    const { configuration } = loadGuest(node, kind.type, vmid);
    snapshotOf(configuration, name).keys.delete("snapstate");
    configuration.keys.delete("lock");
    configuration.keys.set("parent", name);
    storeGuest(node, kind.type, vmid, configuration);
  });
}

async function prepareSnapshot(
  kind: SnapshotKind,
  node: Node,
  vmid: number,
  { name, description, withMemory }: NewSnapshot,
  log: Log,
): Promise<Section> {
  const { guest, configuration } = loadGuest(node, kind.type, vmid);
  if (configuration.keys.get("template") === "1") throw death("you can't take a snapshot if it's a template");
  checkLock(kind.type, configuration);
  if (configuration.snapshots.has(name)) throw death(`snapshot name '${name}' already used`);
  if (!kind.isPossible(node, configuration, name)) throw death("snapshot feature is not available");
  const snapshot = copied(configuration);
  if (withMemory === true && kind.stateVolume !== undefined && (await kind.isRunning(node, guest))) {
    for (const [key, value] of await kind.stateVolume(node, vmid, configuration, name, log))
      snapshot.keys.set(key, value);
  }
  snapshot.keys.set("snapstate", "prepare");
  snapshot.keys.set("snaptime", String(node.clock.seconds()));
  if (description !== undefined && description !== "") snapshot.keys.set("description", description);
  configuration.snapshots.set(name, snapshot);
  configuration.keys.set("lock", "snapshot");
  storeGuest(node, kind.type, vmid, configuration);
  return snapshot;
}

/** What a snapshot keeps of a configuration, and a rollback takes from it. */
function copied(section: Section): Section {
  const left = /^(snapstate|snaptime|vmstate|lock|description|unused\d+)$/;
  return { keys: new Map([...section.keys].filter(([key]) => !left.test(key))), raw: [...section.raw] };
}

/** Removes a snapshot (PVE::AbstractConfig::snapshot_delete). */
export async function deleteSnapshot(
  kind: SnapshotKind,
  node: Node,
  vmid: number,
  name: string,
  log: Log,
): Promise<void> {
  snapshotOf(loadGuest(node, kind.type, vmid).configuration, name);
  await setLock(node, kind.type, vmid, "snapshot-delete");
  // The lock stays, as Proxmox leaves it.
  if (loadGuest(node, kind.type, vmid).configuration.keys.get("template") === "1") {
    throw death("you can't delete a snapshot if vm is a template");
  }
  await dropSnapshot(kind, node, vmid, name, log);
}

async function dropSnapshot(kind: SnapshotKind, node: Node, vmid: number, name: string, log: Log): Promise<void> {
  const snapshot = snapshotOf(loadGuest(node, kind.type, vmid).configuration, name);
  const memory = snapshot.keys.get("vmstate");
  if (memory !== undefined) await freeVolume(node, memory, log);
  for (const volid of kind.volumes(snapshot, name)) await kind.forget(node, volid, name);
  await withGuestLock(
    node,
    kind.type,
    vmid,
    () => {
      const { configuration } = loadGuest(node, kind.type, vmid);
      const parent = snapshot.keys.get("parent");
      for (const section of [configuration, ...configuration.snapshots.values()]) {
        if (section.keys.get("parent") !== name) continue;
        if (parent === undefined) section.keys.delete("parent");
        else section.keys.set("parent", parent);
      }
      configuration.snapshots.delete(name);
      configuration.keys.delete("lock");
      storeGuest(node, kind.type, vmid, configuration);
    },
    log,
  );
}

/** Goes back to a snapshot (PVE::AbstractConfig::snapshot_rollback). */
export async function rollBack(kind: SnapshotKind, node: Node, vmid: number, name: string, task: Task): Promise<void> {
  const snapshot = await withGuestLock(node, kind.type, vmid, () => prepareRollback(kind, node, vmid, name), task.log);
  // A worker that dies here leaves the guest locked, as Proxmox does.
  await task.checkpoint("rolling-back");
  for (const volid of kind.volumes(snapshot, name)) await kind.bringBack(node, volid, name);
  await withGuestLock(node, kind.type, vmid, async () => {
    const loaded = loadGuest(node, kind.type, vmid);
    const rolledBack = configurationOf(kind, loaded.configuration, snapshot, name);
    storeGuest(node, kind.type, vmid, rolledBack);
    const memory = snapshot.keys.get("vmstate");
    if (memory !== undefined && kind.wake !== undefined) {
      await kind.wake(node, loadGuest(node, kind.type, vmid), memory, task.log);
    }
  });
}

/** The snapshot's configuration, with what belongs to the guest whatever its state: notes and volumes without a use. */
function configurationOf(
  kind: SnapshotKind,
  configuration: Configuration,
  snapshot: Section,
  name: string,
): Configuration {
  const rolledBack = { ...configuration, ...emptySection(), pending: emptySection() };
  const back = copied(snapshot);
  rolledBack.raw = back.raw;
  for (const [key, value] of configuration.keys) {
    if (key === "description" || key.startsWith("unused")) rolledBack.keys.set(key, value);
  }
  for (const [key, value] of back.keys) rolledBack.keys.set(key, value);
  const kept = new Set(kind.allVolumes(snapshot));
  for (const volid of kind.allVolumes(configuration)) if (!kept.has(volid)) addUnused(rolledBack, volid);
  kind.changeBack?.(rolledBack);
  rolledBack.keys.set("parent", name);
  return rolledBack;
}

async function prepareRollback(kind: SnapshotKind, node: Node, vmid: number, name: string): Promise<Section> {
  const loaded = loadGuest(node, kind.type, vmid);
  const { configuration } = loaded;
  if (configuration.keys.get("template") === "1") throw death("you can't rollback if vm is a template");
  const snapshot = snapshotOf(configuration, name);
  for (const volid of kind.volumes(snapshot, name)) checkRollback(kind, node, configuration, volid, name);
  const state = snapshot.keys.get("snapstate");
  if (state !== undefined) throw death(`unable to rollback to incomplete snapshot (snapstate = ${state})`);
  checkLock(kind.type, configuration);
  if (await kind.isRunning(node, loaded.guest)) await kind.stop(node, loaded);
  configuration.keys.set("lock", "rollback");
  storeGuest(node, kind.type, vmid, configuration);
  return snapshot;
}

/** ZFS goes back to its newest snapshot only (PVE::Storage::ZFSPoolPlugin::volume_rollback_is_possible). */
function checkRollback(
  kind: SnapshotKind,
  node: Node,
  { snapshots }: Configuration,
  volid: string,
  name: string,
): void {
  if (parseVolume(node.cluster, volid).storage.type !== "zfspool") return;
  const holding = [...snapshots].filter(([, section]) => kind.allVolumes(section).includes(volid));
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

/** Gives a snapshot another description. */
export async function describeSnapshot(
  kind: SnapshotKind,
  node: Node,
  vmid: number,
  name: string,
  description: string | undefined,
): Promise<void> {
  if (description === undefined) return;
  await withGuestLock(node, kind.type, vmid, () => {
    const { configuration } = loadGuest(node, kind.type, vmid);
    checkLock(kind.type, configuration);
    snapshotOf(configuration, name).keys.set("description", description);
    storeGuest(node, kind.type, vmid, configuration);
  });
}
