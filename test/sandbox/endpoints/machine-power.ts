import type { Call, Endpoint } from "../calls/endpoint";
import { checkSkipLock } from "../calls/skip-lock";
import type { Log } from "../drivers/driver";
import { checkLock, loadGuest, withGuestLock } from "../guests/configuration";
import { isRunning, killMachine, shutDownMachine, startMachine, startWorker } from "../guests/machines/runtime";
import { death } from "../protocol/failure";
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

async function checkRunning({ node, parameters }: Call, missing: (vmid: number) => string): Promise<number> {
  const vmid = parameters.requiredInteger("vmid");
  if (!(await isRunning(node, loadGuest(node, "qemu", vmid).guest))) throw death(missing(vmid));
  return vmid;
}

/** Runs a task on a machine under its lock, as `qm` does. */
function underLock(call: Call, type: string, work: (vmid: number, log: Log) => Promise<void>): string {
  const vmid = call.parameters.requiredInteger("vmid");
  return call.node.tasks.start(type, String(vmid), call.caller.name, ({ log }) =>
    withGuestLock(
      call.node,
      "qemu",
      vmid,
      async () => {
        if (call.parameters.flag("skiplock") !== true) {
          checkLock("qemu", loadGuest(call.node, "qemu", vmid).configuration);
        }
        await work(vmid, log);
      },
      log,
    ),
  );
}

const start: Endpoint = {
  method: "POST",
  path: `${PATH}/start`,
  parameters: { ...guest, ...migration, skiplock: FLAG, timeout, machine: TEXT, "force-cpu": TEXT },
  permissions: needsPower,
  handler: (call) => {
    checkSkipLock(call);
    const { vmid } = loadGuest(call.node, "qemu", call.parameters.requiredInteger("vmid")).guest;
    return call.node.tasks.start("qmstart", String(vmid), call.caller.name, async (task) => {
      await task.checkpoint("starting");
      await startWorker(call.node, vmid, task.log);
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
    checkSkipLock(call);
    return underLock(call, "qmstop", async (vmid) => {
      const loaded = loadGuest(call.node, "qemu", vmid);
      if (await isRunning(call.node, loaded.guest)) await killMachine(call.node, loaded);
    });
  },
};

const shutdown: Endpoint = {
  method: "POST",
  path: `${PATH}/shutdown`,
  parameters: { ...guest, timeout, skiplock: FLAG, keepActive: FLAG, forceStop: FLAG },
  permissions: needsPower,
  handler: (call) => {
    const { node, parameters } = call;
    checkSkipLock(call);
    const force = parameters.flag("forceStop") ?? false;
    const { guest: found } = loadGuest(node, "qemu", parameters.requiredInteger("vmid"));
    // The request would reach the machine later, when it goes on.
    if (found.isPaused === true && !force) throw death("VM is paused - cannot shutdown");
    return underLock(call, "qmshutdown", async (vmid) => {
      const loaded = loadGuest(node, "qemu", vmid);
      if (!(await isRunning(node, loaded.guest))) return;
      if (loaded.guest.isPaused === true) return killMachine(node, loaded);
      await shutDownMachine(node, loaded, parameters.integer("timeout") ?? PATIENCE, force);
    });
  },
};

const reboot: Endpoint = {
  method: "POST",
  path: `${PATH}/reboot`,
  parameters: { ...guest, timeout },
  permissions: needsPower,
  handler: async (call) => {
    const { node, parameters } = call;
    await checkRunning(call, () => "VM is not running");
    return underLock(call, "qmreboot", async (vmid, log) => {
      await shutDownMachine(node, loadGuest(node, "qemu", vmid), parameters.integer("timeout") ?? PATIENCE, false);
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
    await checkRunning(call, (vmid) => `VM ${vmid} not running`);
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
    await checkRunning(call, (vmid) => `VM ${vmid} not running`);
    if (call.parameters.flag("todisk") === true) throw death("the sandbox cannot suspend machines to disk");
    return underLock(call, "qmpause", (vmid) => hold(call, vmid, true));
  },
};

const resume: Endpoint = {
  method: "POST",
  path: `${PATH}/resume`,
  parameters: { ...guest, skiplock: FLAG, nocheck: FLAG },
  permissions: needsPower,
  handler: async (call) => {
    checkSkipLock(call);
    await checkRunning(call, (vmid) => `VM ${vmid} not running`);
    return underLock(call, "qmresume", (vmid) => hold(call, vmid, false));
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

export const machinePowerEndpoints: readonly Endpoint[] = [start, stop, shutdown, reboot, reset, suspend, resume];
