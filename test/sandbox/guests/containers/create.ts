import { parseVolumeId } from "../../../../proxmox/rules/volume-ids";
import type { Call } from "../../calls/endpoint";
import { death, failureText, parameterFailure, permissionFailure } from "../../protocol/failure";
import {
  checkLock,
  checkProtection,
  checkUnused,
  emptyConfiguration,
  loadGuest,
  storeGuest,
  withGuestLock,
} from "../configuration";
import { clampCpuUnits } from "../cpu-units";
import { checkPublicKeys } from "../ssh-keys";
import { activateStorage, checkVolumeAccess, enabledStorage, holds } from "../storages";
import { buildContainer } from "./build";
import { isMountKey, mountsOf } from "./mount-points";
import { failurePrefix, type Order } from "./order";
import { checkOptionRights } from "./permissions";
import { isRunning } from "./runtime";
import { updateContainer } from "./update";

/** Parameters of `POST nodes/N/lxc` that are no options of the configuration. */
const OWN_PARAMETERS = [
  "node",
  "vmid",
  "ostemplate",
  "password",
  "storage",
  "force",
  "restore",
  "unique",
  "pool",
  "ignore-unpack-errors",
  "ssh-public-keys",
  "bwlimit",
  "start",
  "ha-managed",
  "unprivileged",
];

/**
 * Makes a container from a template, or restores one from an archive (PVE::API2::LXC, create_vm): checks in Proxmox's
 * order, and then a task.
 * @returns the task's UPID
 */
export async function createContainer(call: Call): Promise<string> {
  const { parameters, authority, node } = call;
  const options = new Map(parameters.entries(...OWN_PARAMETERS));
  clampCpuUnits(options);
  const order = openOrder(call);
  const force = parameters.flag("force") ?? false;
  if (!order.restore && order.unprivileged !== true) authority.check("/", "Sys.Modify");
  if (order.highAvailability) authority.check("/", "Sys.Console");
  if (order.existed && order.restore && force) await checkOverwrite(call, order.vmid);
  else checkUnused(node, order.vmid);
  if (order.first.sshPublicKeys !== undefined) checkPublicKeys(order.first.sshPublicKeys);
  if (order.pool !== undefined) checkPool(call, order.pool);
  order.keepFirewall = checkAllocation(call, order, force);
  checkOptionRights(call.cluster, authority, { ...order, unprivileged: order.unprivileged === true }, options);
  if (order.archive === "-") throw death("pipe requires cli environment");
  checkVolumeAccess(call.cluster, authority, order.vmid, order.archive, order.restore ? "backup" : "vztmpl");
  const plain = takeMounts(order, options);
  await checkStorages(order);
  const configuration = emptyConfiguration();
  await updateContainer(
    node,
    order.vmid,
    configuration,
    { values: plain, removed: [], reverted: [], running: false },
    () => {},
  );
  if (order.unprivileged === true) configuration.keys.set("unprivileged", "1");
  await lockForCreation(order, force);
  return node.tasks.start(order.restore ? "vzrestore" : "vzcreate", String(order.vmid), call.caller.name, (task) =>
    buildContainer(order, configuration, task),
  );
}

function openOrder(call: Call): Order {
  const { parameters, node } = call;
  const vmid = parameters.requiredInteger("vmid");
  const restore = parameters.flag("restore") ?? false;
  const guest = call.cluster.guest(vmid);
  return {
    call,
    vmid,
    archive: parameters.required("ostemplate"),
    restore,
    unique: parameters.flag("unique") ?? false,
    ignoreErrors: parameters.flag("ignore-unpack-errors") ?? false,
    storage: parameters.text("storage") ?? "local",
    pool: parameters.text("pool"),
    unprivileged: parameters.flag("unprivileged") ?? (restore ? undefined : true),
    existed: guest?.type === "lxc" && guest.node === node.name,
    keepFirewall: false,
    mounts: new Map(),
    first: { sshPublicKeys: parameters.text("ssh-public-keys"), rootPassword: parameters.text("password") },
    start: parameters.flag("start") ?? false,
    highAvailability: parameters.flag("ha-managed") ?? false,
    bandwidth: parameters.integer("bwlimit"),
  };
}

async function checkOverwrite(call: Call, vmid: number): Promise<void> {
  const { guest, configuration } = loadGuest(call.node, "lxc", vmid);
  if (await isRunning(call.node, guest)) throw death("can't overwrite running container");
  checkProtection(configuration, `unable to restore CT ${vmid}`);
}

export function checkPool(call: Call, pool: string): void {
  if (call.cluster.state.access.pools.some((entry) => entry.poolid === pool)) return;
  throw permissionFailure(`pool '${pool}' does not exist`);
}

/** The right to make this guest. @returns true when the caller may only restore it, firewall rules left alone */
function checkAllocation(call: Call, order: Order, force: boolean): boolean {
  const { authority } = call;
  if (authority.has(`/vms/${order.vmid}`, "VM.Allocate")) return false;
  if (order.pool !== undefined && authority.has(`/pool/${order.pool}`, "VM.Allocate")) return false;
  if (!order.restore || !force || !order.existed || !authority.has(`/vms/${order.vmid}`, "VM.Backup")) {
    throw permissionFailure();
  }
  const { configuration } = loadGuest(call.node, "lxc", order.vmid);
  const wasUnprivileged = configuration.keys.get("unprivileged") === "1";
  if (wasUnprivileged && order.unprivileged === false) authority.check("/", "Sys.Modify");
  return true;
}

/** Parts the mount points from the other options. A bare number means the default storage. */
function takeMounts(order: Order, options: ReadonlyMap<string, string>): Map<string, string> {
  const plain = new Map<string, string>();
  for (const [key, value] of options) {
    if (isMountKey(key)) order.mounts.set(key, /^\d+(\.\d+)?$/.test(value) ? `${order.storage}:${value}` : value);
    else if (!key.startsWith("unused")) plain.set(key, value);
  }
  if (order.mounts.size > 0 && !order.mounts.has("rootfs")) {
    throw death("mount points configured, but 'rootfs' not set - aborting");
  }
  return plain;
}

async function checkStorages(order: Order): Promise<void> {
  for (const mount of mountsOf(order.mounts)) {
    if (mount.kind === "volume") {
      const id = parseVolumeId(mount.volume);
      if (id === undefined) throw death(`unable to parse volume ID '${mount.volume}'`);
      await checkStorage(order, id.storage);
    } else if (!order.call.authority.isRoot) throw death("Only root can pass arbitrary filesystem paths.");
  }
  if (!order.mounts.has("rootfs")) await checkStorage(order, order.storage);
}

async function checkStorage(order: Order, id: string): Promise<void> {
  const storage = enabledStorage(order.call.node, id);
  if (!holds(storage, "rootdir")) {
    throw parameterFailure({ storage: `storage '${id}' does not support container directories` });
  }
  order.call.authority.check(`/storage/${id}`, "Datastore.AllocateSpace");
  await activateStorage(order.call.node, id);
}

/** Keeps others away from the id while the task runs (PVE::AbstractConfig::create_and_lock_config). */
async function lockForCreation(order: Order, force: boolean): Promise<void> {
  const { call, vmid } = order;
  await prefixed(order, () =>
    withGuestLock(call.node, "lxc", vmid, () => {
      const guest = call.cluster.guest(vmid);
      if (guest !== undefined && !(force && guest.type === "lxc")) checkUnused(call.node, vmid);
      const configuration =
        guest === undefined ? emptyConfiguration() : loadGuest(call.node, "lxc", vmid).configuration;
      checkLock("lxc", configuration);
      configuration.keys.set("lock", "create");
      storeGuest(call.node, "lxc", vmid, configuration);
    }),
  );
}

/** Puts `unable to restore CT 101 -` in front of whatever goes wrong, as text: a status other than 500 becomes part of it. */
async function prefixed<Result>(order: Order, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (failure) {
    throw death(`${failurePrefix(order)} ${failureText(failure)}`);
  }
}
