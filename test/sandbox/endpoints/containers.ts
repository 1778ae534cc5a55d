import type { Call, Endpoint, PermissionCheck } from "../calls/endpoint";
import { checkSkipLock } from "../calls/skip-lock";
import type { Task } from "../model/tasks";
import { death, parameterFailure, type Json } from "../protocol/failure";
import type { ParameterSchema, ParameterTable } from "../protocol/parameters";
import {
  checkDigest,
  checkLock,
  loadGuest,
  storeGuest,
  withGuestLock,
  type Configuration,
  type LoadedGuest,
  type Section,
} from "../guests/configuration";
import { clampCpuUnits } from "../guests/cpu-units";
import { createContainer } from "../guests/containers/create";
import { checkDestruction, destroyContainer, type Destruction } from "../guests/containers/destroy";
import { MOUNT_KEYS } from "../guests/containers/mount-points";
import { CONTAINER_OPTIONS, containerOption, containerValue } from "../guests/containers/parameters";
import { checkOptionRights } from "../guests/containers/permissions";
import { resizeContainer } from "../guests/containers/resize";
import { isRunning, killContainer, shutDownContainer, startContainer, startWorker } from "../guests/containers/runtime";
import { snapshotOf } from "../guests/snapshots";
import { containerInterfaces, containerStatus } from "../guests/containers/status";
import { removalsOf, updateContainer } from "../guests/containers/update";
import { configurationAnswer, pendingAnswer } from "../guests/answers";
import { checkOverrule, managedGuest, requestStart, requestStop } from "../guests/ha-resources";
import { managed } from "./high-availability";
import { indexEndpoint } from "./index-endpoint";

const node: ParameterSchema = { type: "string", format: "pve-node" };
const vmid: ParameterSchema = { type: "integer", format: "pve-vmid", minimum: 100, maximum: 999_999_999 };
const flag: ParameterSchema = { type: "boolean", optional: true };
const snapname: ParameterSchema = { type: "string", format: "pve-configid", maxLength: 40 };
const digest: ParameterSchema = { type: "string", optional: true, maxLength: 40 };
const guest: ParameterTable = { node, vmid };

const PATH = "/nodes/{node}/lxc";
const GUEST_PATH = `${PATH}/{vmid}`;

function needs(...privileges: readonly string[]): { check: PermissionCheck } {
  return { check: { path: "/vms/{vmid}", privileges } };
}

function needsAny(...privileges: readonly string[]): { check: PermissionCheck } {
  return { check: { path: "/vms/{vmid}", privileges, any: true } };
}

function load(call: Call): LoadedGuest {
  return loadGuest(call.node, "lxc", call.parameters.requiredInteger("vmid"));
}

/** Starts a task that works on the container under its lock. */
function underLockTask(call: Call, type: string, work: (loaded: LoadedGuest, task: Task) => Promise<void>): string {
  const id = call.parameters.requiredInteger("vmid");
  return call.node.tasks.start(type, String(id), call.caller.name, (task) =>
    withGuestLock(call.node, "lxc", id, () => work(loadGuest(call.node, "lxc", id), task), task.log),
  );
}

/** Proxmox looks for the process alone: of a container that is not there, none runs. */
async function runsHere({ node, parameters }: Call): Promise<boolean> {
  const found = node.cluster.guest(parameters.requiredInteger("vmid"));
  return found?.type === "lxc" && found.node === node.name && (await isRunning(node, found));
}

async function requireRunning(call: Call, name = "CT"): Promise<void> {
  if (!(await runsHere(call))) throw death(`${name} ${call.parameters.required("vmid")} not running`);
}

const list: Endpoint = {
  method: "GET",
  path: PATH,
  parameters: { node },
  permissions: { user: "all" },
  handler: async (call) => {
    const own = call.cluster.state.guests.filter(
      (entry) =>
        entry.type === "lxc" && entry.node === call.node.name && call.authority.has(`/vms/${entry.vmid}`, "VM.Audit"),
    );
    return Promise.all(own.map((entry) => containerStatus(call.node, entry)));
  },
};

const create: Endpoint = {
  method: "POST",
  path: PATH,
  parameters: {
    ...CONTAINER_OPTIONS,
    ...guest,
    ostemplate: { type: "string", maxLength: 255 },
    password: { type: "string", optional: true, minLength: 5 },
    storage: { type: "string", optional: true, format: "pve-storage-id" },
    force: flag,
    restore: flag,
    unique: { ...flag, requires: "restore" },
    pool: { type: "string", optional: true, format: "pve-poolid" },
    "ignore-unpack-errors": flag,
    "ssh-public-keys": { type: "string", optional: true },
    bwlimit: { type: "number", optional: true, minimum: 0 },
    start: flag,
    "ha-managed": flag,
  },
  permissions: { user: "all" },
  handler: (call) => createContainer(call),
};

const SUBFOLDERS = [
  "config",
  "pending",
  "status",
  "vncproxy",
  "termproxy",
  "vncwebsocket",
  "spiceproxy",
  "migrate",
  "clone",
  "rrd",
  "rrddata",
  "firewall",
  "snapshot",
  "resize",
  "interfaces",
];
const SUBFOLDERS_OF_STATUS = ["current", "start", "stop", "shutdown", "reboot", "migrate"];

const destroy: Endpoint = {
  method: "DELETE",
  path: GUEST_PATH,
  parameters: { ...guest, force: flag, purge: flag, "destroy-unreferenced-disks": flag },
  permissions: needs("VM.Allocate"),
  handler: async (call) => {
    const { parameters } = call;
    const destruction: Destruction = {
      vmid: parameters.requiredInteger("vmid"),
      force: parameters.flag("force") ?? false,
      purge: parameters.flag("purge") ?? false,
      unreferenced: parameters.flag("destroy-unreferenced-disks") ?? false,
    };
    await checkDestruction(call.node, destruction);
    return call.node.tasks.start("vzdestroy", String(destruction.vmid), call.caller.name, (task) =>
      destroyContainer(call.node, destruction, task),
    );
  },
};

const readConfig: Endpoint = {
  method: "GET",
  path: `${GUEST_PATH}/config`,
  parameters: { ...guest, current: flag, snapshot: { ...snapname, optional: true } },
  permissions: needs("VM.Audit"),
  handler: (call) => {
    const snapshot = call.parameters.text("snapshot");
    if (snapshot !== undefined && call.parameters.flag("current") === true) {
      const both = "cannot use 'snapshot' parameter with 'current'";
      throw parameterFailure({ snapshot: both, current: both });
    }
    const { configuration } = load(call);
    if (snapshot !== undefined) return answer(call, snapshotOf(configuration, snapshot), configuration.digest);
    const current = call.parameters.flag("current") === true;
    return answer(call, current ? configuration : withPending(configuration), configuration.digest);
  },
};

function answer(call: Call, section: Section, digestText: string): Record<string, Json> {
  const mayReadEnvironment = call.authority.has(`/vms/${call.parameters.required("vmid")}`, "VM.Config.Options");
  return configurationAnswer(section, digestText, containerValue, mayReadEnvironment);
}

/** The configuration as it is after the next start. */
function withPending({ keys, raw, pending }: Configuration): Section {
  const merged = new Map(keys);
  for (const [key, value] of pending.keys) if (key !== "delete") merged.set(key, value);
  for (const key of removalsOf(pending)) merged.delete(key);
  return { keys: merged, raw };
}

const writeConfig: Endpoint = {
  method: "PUT",
  path: `${GUEST_PATH}/config`,
  parameters: {
    ...CONTAINER_OPTIONS,
    ...guest,
    delete: { type: "string", optional: true, format: "pve-configid-list" },
    revert: { type: "string", optional: true, format: "pve-configid-list" },
    digest,
  },
  permissions: needsAny(
    "VM.Config.Disk",
    "VM.Config.CPU",
    "VM.Config.Memory",
    "VM.Config.Network",
    "VM.Config.Options",
  ),
  handler: async (call) => {
    const { parameters } = call;
    const id = parameters.requiredInteger("vmid");
    const values = new Map(parameters.entries("node", "vmid", "digest", "delete", "revert"));
    const named = ["delete", "revert"].some((name) => parameters.has(name));
    if (values.size === 0 && !named) throw death("no options specified");
    clampCpuUnits(values);
    await withGuestLock(call.node, "lxc", id, () => change(call, id, values));
    return null;
  },
};

async function change(call: Call, id: number, values: ReadonlyMap<string, string>): Promise<void> {
  const { node: where, parameters, authority, cluster } = call;
  const removed = parameters.list("delete");
  const reverted = parameters.list("revert");
  const { guest: found, configuration } = loadGuest(where, "lxc", id);
  checkLock("lxc", configuration);
  checkDigest(configuration, parameters.text("digest"));
  const request = {
    vmid: id,
    current: configuration.keys,
    unprivileged: configuration.keys.get("unprivileged") === "1",
  };
  checkOptionRights(cluster, authority, request, new Map(), [...removed, ...reverted]);
  checkNames(values, removed, reverted);
  checkOptionRights(cluster, authority, request, values);
  const running = await isRunning(where, found);
  const problems = await updateContainer(where, id, configuration, { values, removed, reverted, running }, () => {});
  if (Object.keys(problems).length > 0) throw parameterFailure(problems);
  storeGuest(where, "lxc", id, configuration);
}

/** Options that are named twice, in ways that contradict each other. */
function checkNames(
  values: ReadonlyMap<string, string>,
  removed: readonly string[],
  reverted: readonly string[],
): void {
  for (const key of reverted) {
    if (containerOption(key) === undefined) throw parameterFailure({ revert: `unknown option '${key}'` });
    if (values.has(key)) {
      throw parameterFailure({ revert: `you can't use '-${key}' and '-revert ${key}' at the same time` });
    }
  }
  for (const key of removed) {
    if (containerOption(key) === undefined) throw parameterFailure({ delete: `unknown option '${key}'` });
    if (values.has(key)) {
      throw parameterFailure({ delete: `you can't use '-${key}' and -delete ${key}' at the same time` });
    }
    if (reverted.includes(key)) {
      throw parameterFailure({ delete: `you can't use '-delete ${key}' and '-revert ${key}' at the same time` });
    }
  }
}

const pending: Endpoint = {
  method: "GET",
  path: `${GUEST_PATH}/pending`,
  parameters: guest,
  permissions: needs("VM.Audit"),
  handler: (call) => pendingAnswer(load(call).configuration, containerValue),
};

const currentStatus: Endpoint = {
  method: "GET",
  path: `${GUEST_PATH}/status/current`,
  parameters: guest,
  permissions: needs("VM.Audit"),
  handler: async (call) => ({ ...(await containerStatus(call.node, load(call).guest)), ha: managed(call) }),
};

const start: Endpoint = {
  method: "POST",
  path: `${GUEST_PATH}/status/start`,
  parameters: { ...guest, skiplock: flag, debug: flag },
  permissions: needs("VM.PowerMgmt"),
  handler: async (call) => {
    checkSkipLock(call);
    const id = call.parameters.requiredInteger("vmid");
    if (await runsHere(call)) throw death(`CT ${id} already running`);
    const resource = managedGuest(call.cluster, id);
    if (resource !== undefined) return requestStart(call, resource);
    return call.node.tasks.start("vzstart", String(id), call.caller.name, async (task) => {
      await task.checkpoint("starting");
      await startWorker(call.node, id, task.log, call.parameters.flag("skiplock") === true);
    });
  },
};

const stop: Endpoint = {
  method: "POST",
  path: `${GUEST_PATH}/status/stop`,
  parameters: { ...guest, skiplock: flag, "overrule-shutdown": flag },
  permissions: needs("VM.PowerMgmt"),
  handler: async (call) => {
    checkSkipLock(call);
    await requireRunning(call);
    const resource = managedGuest(call.cluster, call.parameters.requiredInteger("vmid"));
    if (resource !== undefined) {
      checkOverrule(call);
      return requestStop(call, resource, 0);
    }
    return underLockTask(call, "vzstop", async (loaded) => {
      const { configuration } = loaded;
      const passes = call.parameters.flag("skiplock") === true || configuration.keys.get("lock") === "mounted";
      if (!passes) checkLock("lxc", configuration);
      await killContainer(call.node, loaded);
    });
  },
};

const shutdown: Endpoint = {
  method: "POST",
  path: `${GUEST_PATH}/status/shutdown`,
  parameters: { ...guest, timeout: { type: "integer", optional: true, minimum: 0 }, forceStop: flag },
  permissions: needs("VM.PowerMgmt"),
  handler: async (call) => {
    const timeout = call.parameters.integer("timeout") ?? 60;
    const force = call.parameters.flag("forceStop") ?? false;
    await requireRunning(call);
    const resource = managedGuest(call.cluster, call.parameters.requiredInteger("vmid"));
    if (resource !== undefined) return requestStop(call, resource, timeout);
    return underLockTask(call, "vzshutdown", async (loaded, task) => {
      checkLock("lxc", loaded.configuration);
      await task.checkpoint("stopping");
      await shutDownContainer(call.node, loaded, timeout, force);
    });
  },
};

const reboot: Endpoint = {
  method: "POST",
  path: `${GUEST_PATH}/status/reboot`,
  parameters: { ...guest, timeout: { type: "integer", optional: true, minimum: 0 } },
  permissions: needs("VM.PowerMgmt"),
  handler: async (call) => {
    const timeout = call.parameters.integer("timeout") ?? 60;
    await requireRunning(call, "VM");
    return underLockTask(call, "vzreboot", async (loaded) => {
      if (!(await isRunning(call.node, loaded.guest))) return;
      await shutDownContainer(call.node, loaded, timeout, true);
      await startContainer(call.node, loadGuest(call.node, "lxc", loaded.guest.vmid), () => {});
    });
  },
};

/** No kernel of a node can write a container's processes down; Proxmox tries all the same. */
const suspend: Endpoint = {
  method: "POST",
  path: `${GUEST_PATH}/status/suspend`,
  parameters: guest,
  permissions: needs("VM.PowerMgmt"),
  handler: async (call) => {
    await requireRunning(call);
    return underLockTask(call, "vzsuspend", ({ guest: found, configuration }) => {
      checkLock("lxc", configuration);
      throw checkpointFailure(found.vmid, "-s");
    });
  },
};

const resume: Endpoint = {
  method: "POST",
  path: `${GUEST_PATH}/status/resume`,
  parameters: guest,
  permissions: needs("VM.PowerMgmt"),
  handler: async (call) => {
    const id = call.parameters.requiredInteger("vmid");
    if (await runsHere(call)) throw death(`CT ${id} already running`);
    return call.node.tasks.start("vzresume", String(id), call.caller.name, () => {
      throw checkpointFailure(id, "-r --foreground");
    });
  },
};

function checkpointFailure(id: number, words: string): Error {
  return death(`command 'lxc-checkpoint -n ${id} ${words} -D /var/lib/vz/dump' failed: exit code 1`);
}

const interfaces: Endpoint = {
  method: "GET",
  path: `${GUEST_PATH}/interfaces`,
  parameters: guest,
  permissions: needs("VM.Audit"),
  handler: async (call) => ((await runsHere(call)) ? containerInterfaces(call.node, load(call).guest) : null),
};

const resize: Endpoint = {
  method: "PUT",
  path: `${GUEST_PATH}/resize`,
  parameters: {
    ...guest,
    disk: { type: "string", enum: MOUNT_KEYS },
    size: { type: "string", pattern: "\\+?\\d+(\\.\\d+)?[KMGT]?" },
    digest,
  },
  permissions: needsAny("VM.Config.Disk"),
  handler: (call) => resizeContainer(call),
};

export const containerEndpoints: readonly Endpoint[] = [
  list,
  create,
  indexEndpoint(GUEST_PATH, SUBFOLDERS, { parameters: guest, look: load }),
  destroy,
  readConfig,
  writeConfig,
  pending,
  indexEndpoint(`${GUEST_PATH}/status`, SUBFOLDERS_OF_STATUS, { parameters: guest, look: load }),
  currentStatus,
  start,
  stop,
  shutdown,
  reboot,
  suspend,
  resume,
  interfaces,
  resize,
];
