import { readFile } from "node:fs/promises";
import { parseVolumeId } from "../../../../proxmox/rules/volume-ids";
import type { VolumeState } from "../../model/state";
import type { Task } from "../../model/tasks";
import { death, failureText } from "../../protocol/failure";
import {
  emptyConfiguration,
  loadGuest,
  readConfiguration,
  removeGuest,
  removeLock,
  storeGuest,
  withGuestLock,
  type Configuration,
} from "../configuration";
import { addToPool } from "../pool-members";
import { snapshotConfiguration } from "../backup-server/snapshots";
import { openForRestore } from "../backup-server/client";
import { activateStorage } from "../storages";
import { activateFile, archiveFile, freeVolumes } from "../volumes";
import { mountsOf, withVolume, writeMount } from "./mount-points";
import { checkBridge, randomHardwareAddress, readNetwork, writeNetwork } from "./networks";
import { detectOperatingSystem } from "./operating-system";
import { failurePrefix, type Order } from "./order";
import { addResource, startMade } from "../ha-resources";
import { containerSpec, isRunning, startWorker } from "./runtime";
import { snapshotOf, unpack } from "./unpack";
import { createVolumes, removeVolumes } from "./update";

/** The task: the configuration is locked until its end. */
export async function buildContainer(order: Order, configuration: Configuration, task: Task): Promise<void> {
  const { node } = order.call;
  // From the allocation on, a failure takes the guest's configuration with it, whatever was there before.
  const fate = { loseConfiguration: !order.existed };
  try {
    await withGuestLock(node, "lxc", order.vmid, () => build(order, configuration, task, fate), task.log);
  } catch (failure) {
    if (!fate.loseConfiguration) await removeLock(node, "lxc", order.vmid, "create");
    throw failure;
  }
  if (order.start) startMade(order.call, "vzstart", order.vmid, ({ log }) => startWorker(node, order.vmid, log));
  if (order.highAvailability) {
    const resource = { type: "ct", vmid: order.vmid } as const;
    addResource(node.cluster, resource, order.start ? "started" : "stopped", task.log);
  }
}

async function build(
  order: Order,
  configuration: Configuration,
  task: Task,
  fate: { loseConfiguration: boolean },
): Promise<void> {
  const { node, cluster } = order.call;
  const made: VolumeState[] = [];
  try {
    const { guest, configuration: old } = loadGuest(node, "lxc", order.vmid);
    if (order.restore && (await isRunning(node, guest))) throw death("can't overwrite running container");
    const source = order.restore ? await recover(order, old, configuration, task) : undefined;
    const { now, later } = source === undefined ? templateMounts(order) : restoredMounts(order, source);
    await task.checkpoint("recovered");
    fate.loseConfiguration = true;
    made.push(...(await createVolumes(node, order.vmid, configuration, now, task.log)));
    await task.checkpoint("allocated");
    await destroyOld(order, old, task);
    await task.checkpoint("destroyed");
    await fill(order, configuration, source, task);
    for (const [key, value] of [
      ["hostname", `CT${order.vmid}`],
      ["memory", "512"],
      ["swap", "512"],
    ] as const) {
      if (!configuration.keys.has(key)) configuration.keys.set(key, value);
    }
    for (const [key, value] of later) configuration.keys.set(key, value);
    if (source?.keys.get("template") === "1") configuration.keys.set("template", "1");
    storeGuest(node, "lxc", order.vmid, configuration);
  } catch (failure) {
    await freeVolumes(
      node,
      made.map((volume) => volume.volid),
      task.log,
    );
    if (fate.loseConfiguration) removeGuest(node, order.vmid);
    throw death(`${failurePrefix(order)} ${failureText(failure)}`);
  }
  addToPool(cluster, order.pool, order.vmid);
  cluster.save();
}

/** The archive's configuration, and what it decides before any disk is made. */
async function recover(
  order: Order,
  old: Configuration,
  configuration: Configuration,
  task: Task,
): Promise<Configuration> {
  const { node, authority } = order.call;
  task.log(`recovering backed-up configuration from '${order.archive}'`);
  const source = readConfiguration(await archivedConfiguration(order, task));
  for (const [key, value] of source.keys) {
    if (/^net\d+$/.test(key) && !order.call.parameters.has(key)) checkBridge(authority, value);
  }
  if (authority.isRoot) configuration.raw = [...source.raw];
  const unprivileged = source.keys.get("unprivileged");
  if (order.unprivileged === undefined && unprivileged !== undefined)
    configuration.keys.set("unprivileged", unprivileged);
  const becomesPrivileged = !order.existed || old.keys.get("unprivileged") === "1";
  if (becomesPrivileged && configuration.keys.get("unprivileged") !== "1") authority.check("/", "Sys.Modify");
  await activateStorage(node, parseVolumeId(order.archive)?.storage ?? "");
  return source;
}

/** @throws `ERROR: archive contains no configuration file` */
async function archivedConfiguration(order: Order, task: Task): Promise<string> {
  const { node } = order.call;
  const snapshot = snapshotOf(order);
  if (snapshot !== undefined) {
    await openForRestore(node, snapshot.storage, snapshot.name, { file: ["pct.conf", "-"], log: task.log });
    return readFile(snapshotConfiguration(node, snapshot.storage, snapshot.name), "utf8");
  }
  const path = await archiveFile(node, order.archive);
  // An archive that cannot be read as far as there lists no such member either.
  const text = await node.cluster.site.driver.readMember(path, "./etc/vzdump/pct.conf").catch(() => undefined);
  if (text === undefined) throw death("ERROR: archive contains no configuration file");
  return text;
}

/** Mount points that are made now, and those that are only written into the configuration at the end. */
interface Placement {
  now: ReadonlyMap<string, string>;
  later: ReadonlyMap<string, string>;
}

function templateMounts(order: Order): Placement {
  const now = order.mounts.size > 0 ? order.mounts : new Map([["rootfs", `${order.storage}:4`]]);
  return { now, later: new Map() };
}

/**
 * Without mount points in the request all of the archive's are made anew, at their sizes, on one storage; their data
 * comes back for those that the backup holds.
 */
function restoredMounts(order: Order, source: Configuration): Placement {
  if (order.mounts.size > 0) return { now: order.mounts, later: new Map() };
  const now = new Map<string, string>();
  const later = new Map<string, string>();
  if (!source.keys.has("rootfs")) {
    throw death("rootfs configuration could not be recovered, please check and specify manually!");
  }
  for (const mount of mountsOf(source.keys)) {
    if (mount.kind === "volume") {
      if (mount.size === undefined) throw death(`unable to detect disk size - please specify ${mount.key} (size)`);
      const volume = `${order.storage}:${mount.size / 1024 ** 3}`;
      now.set(mount.key, writeMount(withVolume(mount, volume, undefined)));
    } else {
      if (mount.key === "rootfs") {
        throw death(`restoring rootfs to ${mount.kind} mount is only possible by specifying -rootfs manually!`);
      }
      if (!order.call.authority.isRoot) {
        throw death(`restoring '${mount.key}' to ${mount.kind} mount is only possible for root`);
      }
      later.set(mount.key, writeMount(mount));
    }
  }
  return { now, later };
}

/**
 * Removes every volume of the container that is replaced, whether the archive holds it or not. Until the last is freed its
 * old configuration stays, locked (PVE::LXC::destroy_lxc_container).
 */
async function destroyOld(order: Order, old: Configuration, task: Task): Promise<void> {
  const { node } = order.call;
  await removeVolumes(node, order.vmid, old, task);
  const locked = emptyConfiguration();
  locked.keys.set("lock", "create");
  storeGuest(node, "lxc", order.vmid, locked);
}

/** Unpacks into the new volumes and completes the configuration. */
async function fill(
  order: Order,
  configuration: Configuration,
  source: Configuration | undefined,
  task: Task,
): Promise<void> {
  const { node } = order.call;
  if (source === undefined) {
    await activateFile(node, order.archive).catch((failure: unknown) => {
      // The look for an OCI image warns before the real use of the file fails with the same text.
      task.log(failureText(failure));
      throw failure;
    });
  } else task.log(`restoring '${order.archive}' now..`);
  const firewall = source === undefined ? undefined : await archivedFirewall(order);
  await unpack(order, configuration, firewall, task);
  await task.checkpoint("extracted");
  if (source !== undefined) {
    task.log("merging backed-up and given configuration..");
    merge(order, configuration, source, task);
    if (firewall !== undefined) restoreFirewall(order, firewall, task);
    return detectOperatingSystem(node, order.archive, configuration, task.log);
  }
  await detectOperatingSystem(node, order.archive, configuration, task.log);
  storeGuest(node, "lxc", order.vmid, configuration);
  const spec = await containerSpec(node, order.vmid, configuration);
  await node.cluster.site.driver.prepareFirstUse(spec, order.first);
}

async function archivedFirewall(order: Order): Promise<string | undefined> {
  const { node } = order.call;
  const path = await archiveFile(node, order.archive);
  const text = await node.cluster.site.driver.readMember(path, "./etc/vzdump/pct.fw").catch(() => undefined);
  return text === "" ? undefined : text;
}

function restoreFirewall(order: Order, text: string, task: Task): void {
  const guest = order.call.cluster.guest(order.vmid);
  if (guest === undefined) return;
  if (!order.keepFirewall) {
    guest.firewall = text;
    return;
  }
  task.log(
    `ignoring firewall config from backup archive's '/var/lib/lxc/${order.vmid}/rootfs/etc/vzdump/pct.fw', lacking API permission to modify firewall.`,
  );
  if (guest.firewall !== undefined) {
    task.log(`old firewall configuration in '/etc/pve/firewall/${order.vmid}.fw' left in place!`);
  }
}

/** Keys of an archive's configuration that do not come back. */
const NOT_MERGED = /^(rootfs|mp\d+|unused\d+|unprivileged|parent|template|lock)$/;

/** Takes from the archive's configuration what the request does not say (PVE::LXC::Create::sanitize_and_merge_config). */
function merge(order: Order, configuration: Configuration, source: Configuration, task: Task): void {
  const { authority } = order.call;
  for (const [key, value] of source.keys) {
    if (NOT_MERGED.test(key)) continue;
    const given = configuration.keys.has(key);
    const isNetwork = /^net\d+$/.test(key);
    if (key === "features" && !authority.isRoot && losesIsolation(configuration, source)) {
      task.log("changing from unprivileged to privileged, skipping features");
      continue;
    }
    if (isNetwork && !given) checkBridge(authority, value);
    if (isNetwork && order.unique) {
      const network = readNetwork(value);
      network.set("hwaddr", randomHardwareAddress());
      configuration.keys.set(key, writeNetwork(network));
    } else if (!given) configuration.keys.set(key, value);
  }
  if (source.raw.length === 0 || authority.isRoot) return;
  const line = "--------------------------------";
  const lines = source.raw.map((entry) => `${entry.key}: ${entry.value}`);
  task.warn(["skipping custom lxc options, restore manually as root:", line, ...lines, line].join("\n"));
}

function losesIsolation(configuration: Configuration, source: Configuration): boolean {
  return configuration.keys.get("unprivileged") !== "1" && source.keys.get("unprivileged") === "1";
}
