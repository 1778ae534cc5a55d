import { stat } from "node:fs/promises";
import { addUnused, dropUsedFromUnused } from "../unused-volumes";
import { newVolumeSize } from "../../../../proxmox/rules/volume-ids";
import type { Log } from "../../drivers/driver";
import { parseInterfaces } from "../../model/interfaces";
import type { Node } from "../../model/site";
import type { VolumeState } from "../../model/state";
import type { Task } from "../../model/tasks";
import { death, failureText } from "../../protocol/failure";
import { splitList } from "../../protocol/parameters";
import { checkProtection, type Configuration, type Section } from "../configuration";
import { FORMATS, readProperties } from "../properties";
import { holds, parseVolume, requireStorage, volumePath } from "../storages";
import { allocateContainerVolume, findVolume, freeVolume, freeVolumes, ownerOf } from "../volumes";
import {
  isMountKey,
  mountsAndUnusedOf,
  mountsOf,
  readMount,
  withVolume,
  writeMount,
  type ContainerMount,
} from "./mount-points";
import { bindMounts, volumeMounts } from "./mounted-volumes";
import { networksOf, readNetwork, writeNetwork } from "./networks";
import { uniqueTags } from "./permissions";

/** A request to change a container's configuration. */
export interface Update {
  values: ReadonlyMap<string, string>;
  removed: readonly string[];
  reverted: readonly string[];
  running: boolean;
}

/** Options that take effect in a running container without any work (PVE::LXC::Config, $LXC_FASTPLUG_OPTIONS). */
const FAST = ["description", "onboot", "startup", "protection", "hostname", "hookscript", "cores", "tags", "lock"];

/** Options that a running container takes over at once. */
const HOT = /^(cpulimit|cpuunits|memory|swap|net\d+)$/;

/**
 * Changes a configuration (PVE::LXC::Config::update_pct_config): everything goes through the pending section, and what
 * can take effect leaves it at once.
 * @returns problems by option; nothing may be stored when there are any
 */
export async function updateContainer(
  node: Node,
  vmid: number,
  configuration: Configuration,
  update: Update,
  log: Log,
): Promise<Record<string, string>> {
  const { pending } = configuration;
  for (const key of update.reverted) {
    pending.keys.delete(key);
    removeFromDeletion(pending, key);
  }
  for (const key of update.removed) requestRemoval(vmid, configuration, key, log);
  for (const key of [...update.values.keys()].sort()) {
    const value = await checkedValue(node, vmid, configuration, key, update.values.get(key) ?? "");
    pending.keys.set(key, value);
    removeFromDeletion(pending, key);
  }
  cleanPending(configuration);
  const changed = new Set([...update.removed, ...update.values.keys()]);
  const problems = update.running
    ? await applyToRunning(node, vmid, configuration, changed, log)
    : await applyPending(node, vmid, configuration, log, changed);
  return problems;
}

function requestRemoval(vmid: number, configuration: Configuration, key: string, log: Log): void {
  const { keys, pending } = configuration;
  if (!keys.has(key) && !pending.keys.has(key)) {
    return log(`cannot delete '${key}' - not set in current configuration!`);
  }
  if (["memory", "rootfs", "ostype"].includes(key)) throw death(`unable to delete required option '${key}'`);
  if (/^(unused|mp)\d+$/.test(key)) checkProtection(configuration, `can't remove CT ${vmid} drive '${key}'`);
  if (key === "unprivileged") throw death(`unable to delete read-only option: '${key}'`);
  pending.keys.set("delete", [...new Set([...removalsOf(pending), key])].sort().join(","));
}

/** Options that go at the next start. */
export function removalsOf(pending: Section): string[] {
  return splitList(pending.keys.get("delete") ?? "");
}

function removeFromDeletion(pending: Section, key: string): void {
  const rest = removalsOf(pending).filter((name) => name !== key);
  if (rest.length === 0) pending.keys.delete("delete");
  else pending.keys.set("delete", rest.join(","));
}

async function checkedValue(
  node: Node,
  vmid: number,
  configuration: Configuration,
  key: string,
  value: string,
): Promise<string> {
  if (isMountKey(key)) {
    checkProtection(configuration, `can't update CT ${vmid} drive '${key}'`);
    checkContent(node, readMount(key, value));
  }
  if (key === "unprivileged") throw death(`unable to modify read-only option: '${key}'`);
  if (key === "tags") return uniqueTags(value);
  if (key === "nameserver" || key === "searchdomain") return splitList(value).join(" ");
  if (key === "hookscript") await checkHookScript(node, value);
  if (/^net\d+$/.test(key)) checkNetwork(node, key, value);
  if (/^dev\d+$/.test(key)) await checkDevice(value);
  return value;
}

function checkContent(node: Node, mount: ContainerMount): void {
  if (mount.kind !== "volume") return;
  const id = newVolumeSize(mount.volume)?.storage ?? parseVolume(node.cluster, mount.volume).storage.storage;
  if (!holds(requireStorage(node.cluster, id), "rootdir")) {
    throw death(`storage '${id}' does not allow content type 'rootdir' (Container)`);
  }
}

/** @throws for a script that is not there or cannot be run (PVE::GuestHelpers::check_hookscript) */
async function checkHookScript(node: Node, volid: string): Promise<void> {
  const parsed = parseVolume(node.cluster, volid);
  if (parsed.content !== "snippets") throw death(`'${volid}' is not in the snippets directory`);
  const found = await stat(node.path(volumePath(parsed))).catch(() => undefined);
  if (found?.isFile() !== true) throw death(`script '${volid}' does not exist`);
  if ((found.mode & 0o111) === 0) throw death(`script '${volid}' is not executable`);
}

/** The devices of a node of the sandbox are those of the machine below it (PVE::LXC::Tools::get_device_mode_and_rdev). */
async function checkDevice(value: string): Promise<void> {
  const path = readProperties(FORMATS.device, value).get("path") ?? "";
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw death(`Device ${path} does not exist`);
  if (!found.isBlockDevice() && !found.isCharacterDevice()) throw death(`${path} is not a device`);
}

/** What a bridge carries unless its entry says otherwise. */
const USUAL_MTU = 1500;

function checkNetwork(node: Node, key: string, value: string): void {
  const network = readNetwork(value);
  const mtu = Number(network.get("mtu") ?? 0);
  if (mtu > 0) {
    const bridge = network.get("bridge") ?? "";
    const entry = parseInterfaces(node.state.interfaces).find(({ name }) => name === bridge);
    if (entry === undefined) throw death(`bridge '${bridge}' does not exist`);
    const most = Number(entry.options.get("mtu") ?? USUAL_MTU);
    if (mtu > most) throw death(`${key}: MTU size '${mtu}' is bigger than bridge MTU '${most}'`);
  }
  if (network.get("link_down") !== "1" && network.get("host-managed") === "1" && network.get("ip6") === "auto") {
    throw death(`${key}: SLAAC is not supported for host-managed network configuration.`);
  }
}

/** Forgets pending changes that change nothing (PVE::AbstractConfig::cleanup_pending). */
function cleanPending({ keys, pending }: Configuration): void {
  for (const [key, value] of pending.keys) if (key !== "delete" && keys.get(key) === value) pending.keys.delete(key);
  for (const key of removalsOf(pending)) if (!keys.has(key)) removeFromDeletion(pending, key);
}

/** In a running container only some options change; the others stay pending. */
async function applyToRunning(
  node: Node,
  vmid: number,
  configuration: Configuration,
  changed: ReadonlySet<string>,
  log: Log,
): Promise<Record<string, string>> {
  const problems: Record<string, string> = {};
  const now = (key: string): boolean => changed.has(key) && (FAST.includes(key) || HOT.test(key));
  const removable = (key: string): boolean => now(key) || (changed.has(key) && key.startsWith("unused"));
  for (const key of removalsOf(configuration.pending).filter(removable)) {
    await attempt(problems, key, `unable to hotplug ${key}:`, () => applyRemoval(node, vmid, configuration, key, log));
  }
  for (const key of pendingKeys(configuration).filter((key) => now(key) || isNewMount(configuration, changed, key))) {
    await attempt(problems, key, `unable to hotplug ${key}:`, () =>
      applyChange(node, vmid, configuration, key, log, true),
    );
  }
  const card = [...changed].find((key) => /^net\d+$/.test(key));
  if (card !== undefined) {
    await attempt(problems, card, `unable to hotplug ${card}:`, () => plugCards(node, vmid, configuration));
  }
  return problems;
}

/** Bridge and firewall of a card change while the container runs; everything else of it when it starts again. */
async function plugCards(node: Node, vmid: number, configuration: Configuration): Promise<void> {
  await node.cluster.site.driver.plug({ node: node.name, vmid, networks: networksOf(configuration.keys) });
}

function isNewMount(configuration: Configuration, changed: ReadonlySet<string>, key: string): boolean {
  return changed.has(key) && /^mp\d+$/.test(key) && !configuration.keys.has(key);
}

/**
 * Lets pending changes take effect (PVE::LXC::Config::vmconfig_apply_pending).
 * @param only these options; all when left out
 */
export async function applyPending(
  node: Node,
  vmid: number,
  configuration: Configuration,
  log: Log,
  only?: ReadonlySet<string>,
): Promise<Record<string, string>> {
  const problems: Record<string, string> = {};
  const selected = (key: string): boolean => only === undefined || only.has(key);
  for (const key of removalsOf(configuration.pending).filter(selected)) {
    await attempt(problems, key, `unable to apply pending change ${key} :`, () =>
      applyRemoval(node, vmid, configuration, key, log),
    );
  }
  cleanPending(configuration);
  for (const key of pendingKeys(configuration).filter(selected)) {
    await attempt(problems, key, `unable to apply pending change ${key} :`, () =>
      applyChange(node, vmid, configuration, key, log),
    );
  }
  dropUsedFromUnused(
    configuration,
    mountsOf(configuration.keys).map(({ volume }) => volume),
  );
  return problems;
}

function pendingKeys({ pending }: Configuration): string[] {
  return [...pending.keys.keys()].filter((key) => key !== "delete").sort();
}

async function attempt(
  problems: Record<string, string>,
  key: string,
  prefix: string,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (failure) {
    problems[key] = `${prefix} ${failureText(failure)}`;
  }
}

async function applyRemoval(
  node: Node,
  vmid: number,
  configuration: Configuration,
  key: string,
  log: Log,
): Promise<void> {
  const { keys, pending } = configuration;
  const value = keys.get(key);
  if (value !== undefined && /^mp\d+$/.test(key)) {
    const mount = readMount(key, value);
    if (mount.kind === "volume") addUnused(configuration, mount.volume);
  }
  if (value !== undefined && key.startsWith("unused"))
    await removeOwnVolume(node, vmid, readMount(key, value).volume, log);
  keys.delete(key);
  removeFromDeletion(pending, key);
}

/** Frees a volume that the container owns (PVE::LXC::delete_mountpoint_volume). */
async function removeOwnVolume(node: Node, vmid: number, volume: string, log: Log): Promise<void> {
  if (volume.startsWith("/")) return;
  if (ownerOf(volume) !== vmid) return log(`ignore deletion of '${volume}', CT ${vmid} isn't the owner!`);
  await freeVolume(node, volume, log);
}

/** Frees every volume that a container names, one after the other: `freed-1`, `freed-2`, … are checkpoints of the task. */
export async function removeVolumes(node: Node, vmid: number, configuration: Configuration, task: Task): Promise<void> {
  const sections = [configuration.keys, configuration.pending.keys];
  const volumes = new Set(sections.flatMap((keys) => mountsAndUnusedOf(keys).map((mount) => mount.volume)));
  for (const [index, volume] of [...volumes].entries()) {
    await removeOwnVolume(node, vmid, volume, task.log);
    await task.checkpoint(`freed-${String(index + 1)}`);
  }
}

async function applyChange(
  node: Node,
  vmid: number,
  configuration: Configuration,
  key: string,
  log: Log,
  running = false,
): Promise<void> {
  const { keys, pending } = configuration;
  const value = pending.keys.get(key) ?? "";
  if (/^mp\d+$/.test(key)) await applyMount(node, vmid, configuration, key, value, log, running);
  else if (/^net\d+$/.test(key)) keys.set(key, writeNetwork(readNetwork(value)));
  else keys.set(key, value);
  pending.keys.delete(key);
}

/**
 * A mount point: a new volume is made, an existing one is measured again; the old one becomes unused. A running container
 * gets it at once; where that fails, the change stays pending and what was made for it goes.
 */
async function applyMount(
  node: Node,
  vmid: number,
  configuration: Configuration,
  key: string,
  value: string,
  log: Log,
  running: boolean,
): Promise<void> {
  const mount = readMount(key, value);
  const old = configuration.keys.get(key);
  let made: VolumeState[] = [];
  if (newVolumeSize(mount.volume) !== undefined) {
    made = await createVolumes(node, vmid, configuration, new Map([[key, value]]), log);
  } else {
    const size = mount.kind === "volume" ? findVolume(node, mount.volume)?.size : undefined;
    configuration.keys.set(key, writeMount(size === undefined ? mount : withVolume(mount, mount.volume, size)));
  }
  if (running) {
    await attach(node, vmid, configuration, key).catch(async (failure: unknown) => {
      configuration.keys.delete(key);
      await freeVolumes(
        node,
        made.map(({ volid }) => volid),
        log,
      );
      throw failure;
    });
  }
  if (old === undefined) return;
  const before = readMount(key, old);
  if (before.kind === "volume") addUnused(configuration, before.volume);
}

async function attach(node: Node, vmid: number, { keys }: Section, key: string): Promise<void> {
  const own = new Map([[key, keys.get(key) ?? ""]]);
  const mounts = { mounts: await volumeMounts(node, own), bindMounts: bindMounts(node, own) };
  await node.cluster.site.driver.attach({ node: node.name, vmid, ...mounts });
}

/**
 * Makes the volumes that mount points ask for, and sets the mount points in the configuration (PVE::LXC::create_disks).
 * @returns the new volumes; after a failure none of them is left
 */
export async function createVolumes(
  node: Node,
  vmid: number,
  configuration: Section,
  settings: ReadonlyMap<string, string>,
  log: Log,
): Promise<VolumeState[]> {
  const made: VolumeState[] = [];
  try {
    for (const mount of mountsOf(settings)) {
      const wanted = newVolumeSize(mount.volume);
      let placed = mount;
      if (wanted !== undefined) {
        const volume = await allocateContainerVolume(node, vmid, wanted.storage, wanted.gibibytes, log);
        made.push(volume);
        placed = withVolume(mount, volume.volid, volume.size);
      }
      configuration.keys.set(mount.key, writeMount(placed));
    }
  } catch (failure) {
    await freeVolumes(
      node,
      made.map((volume) => volume.volid),
      log,
    );
    throw failure;
  }
  return made;
}
