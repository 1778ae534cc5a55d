import { createHash } from "node:crypto";
import {
  formatGuestConfiguration,
  parseGuestConfiguration,
  type ConfigurationSection,
  type GuestConfiguration,
  type RawLine,
} from "../../../proxmox/rules/guest-configuration";
import type { Node } from "../model/site";
import type { GuestState, GuestType } from "../model/state";
import { death } from "../protocol/failure";

/** One part of a guest's file as Proxmox holds it in memory: `description` is a key like the others. */
export interface Section {
  keys: Map<string, string>;
  /** `lxc.*` lines, in order. */
  raw: RawLine[];
}

/** A guest's configuration, to be changed and stored again. */
export interface Configuration extends Section {
  pending: Section;
  snapshots: Map<string, Section>;
  /** SHA-1 of the file's text. */
  digest: string;
}

/** A guest and its configuration. */
export interface LoadedGuest {
  guest: GuestState;
  configuration: Configuration;
}

export function emptySection(): Section {
  return { keys: new Map(), raw: [] };
}

export function emptyConfiguration(): Configuration {
  return { ...emptySection(), pending: emptySection(), snapshots: new Map(), digest: digestOf("") };
}

function digestOf(text: string): string {
  return createHash("sha1").update(text).digest("hex");
}

/** Reads the text of a guest's file. */
export function readConfiguration(text: string): Configuration {
  const parsed = parseGuestConfiguration(text);
  return {
    ...openSection(parsed),
    pending: parsed.pending === undefined ? emptySection() : openSection(parsed.pending),
    snapshots: new Map(Object.entries(parsed.snapshots).map(([name, section]) => [name, openSection(section)])),
    digest: digestOf(text),
  };
}

/** Writes the text of a guest's file. */
export function writeConfiguration(configuration: Configuration): string {
  const { pending } = configuration;
  const written: GuestConfiguration = {
    ...closeSection(configuration),
    ...(pending.keys.size > 0 || pending.raw.length > 0 ? { pending: closeSection(pending) } : {}),
    snapshots: Object.fromEntries([...configuration.snapshots].map(([name, section]) => [name, closeSection(section)])),
  };
  return formatGuestConfiguration(written);
}

function openSection(section: ConfigurationSection): Section {
  const keys = new Map(Object.entries(section.keys));
  if (section.description !== undefined && section.description !== "") keys.set("description", section.description);
  return { keys, raw: [...section.raw] };
}

function closeSection(section: Section): ConfigurationSection {
  const { description, ...keys } = Object.fromEntries(section.keys);
  return { keys, raw: section.raw, ...(description === undefined || description === "" ? {} : { description }) };
}

/**
 * A guest of the node, as Proxmox's load_config.
 * @throws the failure that stands for "missing" in Proxmox, also for a guest of another type or node
 */
export function loadGuest(node: Node, type: GuestType, vmid: number): LoadedGuest {
  const guest = node.cluster.guest(vmid);
  if (guest === undefined || guest.type !== type || guest.node !== node.name) {
    throw death(`Configuration file '${configurationPath(node.name, type, vmid)}' does not exist`);
  }
  const configuration = readConfiguration(guest.configuration);
  if (type === "qemu") trimNotes(configuration);
  return { guest, configuration };
}

/** A machine's notes come back without the line break at their end, a container's with it. */
function trimNotes(configuration: Configuration): void {
  for (const section of [configuration, configuration.pending, ...configuration.snapshots.values()]) {
    const notes = section.keys.get("description");
    if (notes !== undefined) section.keys.set("description", notes.trimEnd());
  }
}

/** Below /etc/pve. */
function configurationPath(node: string, type: GuestType, vmid: number): string {
  return `nodes/${node}/${type === "lxc" ? "lxc" : "qemu-server"}/${vmid}.conf`;
}

/** Stores a guest's configuration, and makes the guest where there is none yet. */
export function storeGuest(node: Node, type: GuestType, vmid: number, configuration: Configuration): GuestState {
  const text = writeConfiguration(configuration);
  configuration.digest = digestOf(text);
  const { cluster } = node;
  let guest = cluster.guest(vmid);
  if (guest === undefined) {
    guest = { vmid, type, node: node.name, configuration: text, status: "stopped" };
    cluster.state.guests.push(guest);
  }
  guest.configuration = text;
  cluster.save();
  return guest;
}

/** Removes a guest's file; its volumes stay. */
export function removeGuest(node: Node, vmid: number): void {
  const { guests } = node.cluster.state;
  const index = guests.findIndex((guest) => guest.vmid === vmid);
  if (index >= 0) guests.splice(index, 1);
  node.cluster.save();
}

/** @throws `CT is locked (backup)` */
export function checkLock(type: GuestType, configuration: Section): void {
  const lock = configuration.keys.get("lock");
  if (lock !== undefined) throw death(`${type === "lxc" ? "CT" : "VM"} is locked (${lock})`);
}

/** @throws `… - protection mode enabled` */
export function checkProtection(configuration: Section, message: string): void {
  if (configuration.keys.get("protection") === "1") throw death(`${message} - protection mode enabled`);
}

/**
 * @param whose `VM 100`, where more than one guest is at stake
 * @throws for a caller who saw an older version of the configuration
 */
export function checkDigest(configuration: Configuration, digest: string | undefined, whose?: string): void {
  if (digest !== undefined && digest !== configuration.digest) {
    const prefix = whose === undefined ? "" : `${whose}: `;
    throw death(`${prefix}detected modified configuration - file changed by other user? Try again.`);
  }
}

/** @throws `CT 101 already exists on node 'pve'` for an id that any guest of the cluster has */
export function checkUnused(node: Node, vmid: number): void {
  const guest = node.cluster.guest(vmid);
  if (guest === undefined) return;
  throw death(`${guest.type === "lxc" ? "CT" : "VM"} ${vmid} already exists on node '${guest.node}'`);
}

/** Sets the `lock` of a guest that has none (PVE::AbstractConfig::set_lock). */
export async function setLock(node: Node, type: GuestType, vmid: number, lock: string): Promise<void> {
  await withGuestLock(node, type, vmid, () => {
    const { configuration } = loadGuest(node, type, vmid);
    checkLock(type, configuration);
    configuration.keys.set("lock", lock);
    storeGuest(node, type, vmid, configuration);
  });
}

/** Removes the `lock` that was set before. @throws when the guest has another one or none */
export async function removeLock(node: Node, type: GuestType, vmid: number, lock: string): Promise<void> {
  await withGuestLock(node, type, vmid, () => {
    const { configuration } = loadGuest(node, type, vmid);
    const found = configuration.keys.get("lock");
    if (found === undefined) throw death(`no lock found trying to remove '${lock}' lock`);
    if (found !== lock) throw death(`found lock '${found}' trying to remove '${lock}' lock`);
    configuration.keys.delete("lock");
    storeGuest(node, type, vmid, configuration);
  });
}

/** How long Proxmox waits for the lock of a guest's file, in milliseconds. */
const LOCK_WAIT = 10_000;

/**
 * Runs work while it alone may change the guest's file: PVE::AbstractConfig::lock_config. It is not the `lock` that a
 * configuration may hold. A restore holds it until its end.
 * @param log told when the work has to wait
 * @throws `can't lock file …` after ten seconds
 */
export async function withGuestLock<Result>(
  node: Node,
  type: GuestType,
  vmid: number,
  work: () => Result | Promise<Result>,
  log?: (line: string) => void,
): Promise<Result> {
  const name = `guest-${vmid}`;
  if (!node.cluster.locks.isHeld(name)) return node.cluster.locks.exclusive(name, work);
  log?.("trying to acquire lock...");
  const file = type === "lxc" ? `/run/lock/lxc/pve-config-${vmid}.lock` : `/var/lock/qemu-server/lock-${vmid}.conf`;
  return waitForLock(node, name, work, `can't lock file '${file}' - got timeout`, log);
}

function waitForLock<Result>(
  node: Node,
  name: string,
  work: () => Result | Promise<Result>,
  message: string,
  log?: (line: string) => void,
): Promise<Result> {
  return new Promise<Result>((resolve, reject) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      reject(death(message));
    }, LOCK_WAIT);
    const turn = node.cluster.locks.exclusive(name, async () => {
      if (late) return;
      clearTimeout(timer);
      log?.(" OK");
      resolve(await work());
    });
    turn.catch((failure: unknown) => reject(failure));
  });
}
