import type { Call, Endpoint } from "../calls/endpoint";
import { checkRootOnly, checkSkipLock } from "../calls/skip-lock";
import type { Log } from "../drivers/driver";
import { checkLock, loadGuest, withGuestLock, type LoadedGuest } from "../guests/configuration";
import { checkOverrule, managedGuest, requestStart, requestStop } from "../guests/ha-resources";
import {
  isRunning,
  killMachine,
  runsHere,
  shutDownMachine,
  startMachine,
  startWorker,
} from "../guests/machines/runtime";
import { death, parameterFailure } from "../protocol/failure";
import type { ParameterTable } from "../protocol/parameters";
import { FLAG, NODE, optional, STORAGE_ID, TEXT, VMID } from "./tables";

const PATH = "/nodes/{node}/qemu/{vmid}/status";
const guest = { node: NODE, vmid: VMID };
const timeout = { type: "integer", optional: true, minimum: 0 } as const;
const needsPower = { check: { path: "/vms/{vmid}", privileges: ["VM.PowerMgmt"] } };

/** Seconds that a shutdown waits unless told otherwise. */
const PATIENCE = 60;

/** What a migration says to the node that it starts the machine on; nobody else sends it. */
const migration: ParameterTable = {
  migratedfrom: optional(NODE),
  migration_network: { type: "string", format: "CIDR", optional: true },
  migration_type: { type: "string", enum: ["secure", "insecure"], optional: true },
  "nets-host-mtu": { type: "string", pattern: "net\\d+=\\d+(,net\\d+=\\d+)*", optional: true },
  stateuri: { type: "string", maxLength: 128, optional: true },
  targetstorage: TEXT,
  "with-conntrack-state": FLAG,
};

/** What root alone may send, in the order in which it is asked for. */
const ROOTS_AT_START = [
  "stateuri",
  "skiplock",
  "migratedfrom",
  "migration_type",
  "migration_network",
  "targetstorage",
  "force-cpu",
  "with-conntrack-state",
  "nets-host-mtu",
];

async function checkRunning({ node, parameters }: Call): Promise<number> {
  const vmid = parameters.requiredInteger("vmid");
  if (!(await runsHere(node, vmid))) throw death(`VM ${vmid} not running`);
  return vmid;
}

/** One that is not there is not held; the task says what is wrong. */
function isHeld({ node, parameters }: Call): boolean {
  const found = node.cluster.guest(parameters.requiredInteger("vmid"));
  return found?.type === "qemu" && found.node === node.name && found.isPaused === true;
}

function worker(call: Call, type: string, work: (vmid: number, log: Log) => Promise<void>): string {
  const vmid = call.parameters.requiredInteger("vmid");
  return call.node.tasks.start(type, String(vmid), call.caller.name, ({ log }) =>
    withGuestLock(call.node, "qemu", vmid, () => work(vmid, log), log),
  );
}

function checkOwnLock(call: Call, vmid: number): void {
  if (call.parameters.flag("skiplock") === true) return;
  checkLock("qemu", loadGuest(call.node, "qemu", vmid).configuration);
}

/** Runs a task on a machine under its lock, as `qm` does. */
function underLock(call: Call, type: string, work: (vmid: number, log: Log) => Promise<void>): string {
  return worker(call, type, async (vmid, log) => {
    checkOwnLock(call, vmid);
    await work(vmid, log);
  });
}

/** Ends a machine if it runs, whatever its lock says of one that does not (PVE::QemuServer, _do_vm_stop). */
function ending(call: Call, type: string, work: (loaded: LoadedGuest) => Promise<void>): string {
  return worker(call, type, async (vmid) => {
    if (!(await runsHere(call.node, vmid))) return;
    checkOwnLock(call, vmid);
    await work(loadGuest(call.node, "qemu", vmid));
  });
}

const start: Endpoint = {
  method: "POST",
  path: `${PATH}/start`,
  parameters: { ...guest, ...migration, skiplock: FLAG, timeout, machine: TEXT, "force-cpu": TEXT },
  permissions: needsPower,
  handler: (call) => {
    const { parameters } = call;
    checkRootOnly(call, ...ROOTS_AT_START);
    if (parameters.has("targetstorage") && !parameters.has("migratedfrom")) {
      throw parameterFailure({ targetstorage: "targetstorage can only by used with migratedfrom." });
    }
    const vmid = parameters.requiredInteger("vmid");
    const resource = managedGuest(call.cluster, vmid);
    if (resource !== undefined && !parameters.has("stateuri")) return requestStart(call, resource);
    return call.node.tasks.start("qmstart", String(vmid), call.caller.name, async (task) => {
      await task.checkpoint("starting");
      await startWorker(call.node, vmid, task.log, parameters.flag("skiplock") === true);
    });
  },
};

/** One that does not run is no error. */
const stop: Endpoint = {
  method: "POST",
  path: `${PATH}/stop`,
  parameters: {
    ...guest,
    timeout,
    skiplock: FLAG,
    keepActive: FLAG,
    "overrule-shutdown": FLAG,
    migratedfrom: optional(NODE),
  },
  permissions: needsPower,
  handler: (call) => {
    checkRootOnly(call, "skiplock", "keepActive", "migratedfrom");
    const resource = managedGuest(call.cluster, call.parameters.requiredInteger("vmid"));
    if (resource !== undefined && !call.parameters.has("migratedfrom")) {
      checkOverrule(call);
      return requestStop(call, resource, 0);
    }
    return ending(call, "qmstop", (loaded) => killMachine(call.node, loaded));
  },
};

const shutdown: Endpoint = {
  method: "POST",
  path: `${PATH}/shutdown`,
  parameters: { ...guest, timeout, skiplock: FLAG, keepActive: FLAG, forceStop: FLAG },
  permissions: needsPower,
  handler: (call) => {
    const { node, parameters } = call;
    checkRootOnly(call, "skiplock", "keepActive");
    const force = parameters.flag("forceStop") ?? false;
    // The request would reach the machine later, when it goes on.
    if (isHeld(call) && !force) throw death("VM is paused - cannot shutdown");
    const resource = managedGuest(call.cluster, parameters.requiredInteger("vmid"));
    if (resource !== undefined) return requestStop(call, resource, parameters.integer("timeout") ?? PATIENCE);
    return ending(call, "qmshutdown", async (loaded) => {
      if (loaded.guest.isPaused === true) return killMachine(node, loaded);
      await shutDownMachine(node, loaded, patience(call, loaded), force);
    });
  },
};

/** Seconds that a shutdown waits: what the request says, else the order of starting. */
function patience({ parameters }: Call, { configuration }: LoadedGuest): number {
  const down = /(?:^|,)down=(\d+)/.exec(configuration.keys.get("startup") ?? "")?.[1];
  return parameters.integer("timeout") ?? (Number(down ?? 0) || PATIENCE);
}

const reboot: Endpoint = {
  method: "POST",
  path: `${PATH}/reboot`,
  parameters: { ...guest, timeout },
  permissions: needsPower,
  handler: async (call) => {
    const { node } = call;
    if (isHeld(call)) throw death("VM is paused - cannot shutdown");
    await checkRunning(call);
    return underLock(call, "qmreboot", async (vmid, log) => {
      const loaded = loadGuest(node, "qemu", vmid);
      await shutDownMachine(node, loaded, patience(call, loaded), false);
      await startMachine(node, loadGuest(node, "qemu", vmid), log);
    });
  },
};

const reset: Endpoint = {
  method: "POST",
  path: `${PATH}/reset`,
  parameters: { ...guest, skiplock: FLAG },
  permissions: needsPower,
  handler: async (call) => {
    checkSkipLock(call);
    await checkRunning(call);
    return underLock(call, "qmreset", (vmid) =>
      call.node.cluster.site.driver.machines.reset({ node: call.node.name, vmid }),
    );
  },
};

/** Holds the processors; to disk the sandbox does not suspend. */
const suspend: Endpoint = {
  method: "POST",
  path: `${PATH}/suspend`,
  parameters: { ...guest, skiplock: FLAG, todisk: FLAG, statestorage: { ...optional(STORAGE_ID), requires: "todisk" } },
  permissions: needsPower,
  handler: async (call) => {
    checkSkipLock(call);
    await checkRunning(call);
    const isManaged = managedGuest(call.cluster, call.parameters.requiredInteger("vmid")) !== undefined;
    const toDisk = call.parameters.flag("todisk") === true;
    if (toDisk && isManaged) throw death("Cannot suspend HA managed VM to disk");
    if (toDisk) throw death("the sandbox cannot suspend machines to disk");
    return underLock(call, "qmpause", (vmid) => hold(call, vmid, true));
  },
};

const resume: Endpoint = {
  method: "POST",
  path: `${PATH}/resume`,
  parameters: { ...guest, skiplock: FLAG, nocheck: FLAG },
  permissions: needsPower,
  handler: async (call) => {
    checkRootOnly(call, "skiplock", "nocheck");
    await checkRunning(call);
    return underLock(call, "qmresume", (vmid) => hold(call, vmid, false));
  },
};

/** Presses keys at once, such as `ctrl-alt-delete`. */
const sendKey: Endpoint = {
  method: "PUT",
  path: "/nodes/{node}/qemu/{vmid}/sendkey",
  parameters: { ...guest, skiplock: FLAG, key: { type: "string" } },
  permissions: { check: { path: "/vms/{vmid}", privileges: ["VM.Console"] } },
  handler: async (call) => {
    const { node, parameters } = call;
    checkSkipLock(call);
    const vmid = parameters.requiredInteger("vmid");
    await withGuestLock(node, "qemu", vmid, async () => {
      const { guest: found } = loadGuest(node, "qemu", vmid);
      if (!(await isRunning(node, found))) throw death(`VM ${vmid} not running`);
      const line = `sendkey ${parameters.required("key")}`;
      const said = await node.cluster.site.driver.machines.monitor({ node: node.name, vmid }, line);
      if (said !== "") throw death(said);
    });
    return null;
  },
};

async function hold({ node }: Call, vmid: number, held: boolean): Promise<void> {
  const { machines } = node.cluster.site.driver;
  const { guest: found } = loadGuest(node, "qemu", vmid);
  if (held) {
    await machines.pause({ node: node.name, vmid });
    found.isPaused = true;
  } else {
    await machines.resume({ node: node.name, vmid });
    delete found.isPaused;
  }
  node.cluster.save();
}

export const machinePowerEndpoints: readonly Endpoint[] = [
  start,
  stop,
  shutdown,
  reboot,
  reset,
  suspend,
  resume,
  sendKey,
];
