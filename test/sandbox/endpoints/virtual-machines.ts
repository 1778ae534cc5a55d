import type { Call, Endpoint, PermissionCheck } from "../calls/endpoint";
import { death, parameterFailure, type Json } from "../protocol/failure";
import { configurationAnswer, pendingAnswer } from "../guests/answers";
import { checkLock, loadGuest, type LoadedGuest } from "../guests/configuration";
import { createMachine } from "../guests/machines/create";
import { checkMachineDestruction, destroyMachine } from "../guests/machines/destroy";
import { machineValue, MACHINE_OPTIONS } from "../guests/machines/parameters";
import { agentEnabled, fullMachineStatus, machineStatus } from "../guests/machines/status";
import { resizeMachine } from "../guests/machines/resize";
import { applyUpdate, readUpdate } from "../guests/machines/update";
import type { ParameterTable } from "../protocol/parameters";
import { managed } from "./high-availability";
import { FLAG, MACHINE_DISKS, NODE, optional, STORAGE_ID, TEXT, VMID } from "./tables";

const PATH = "/nodes/{node}/qemu";
const GUEST_PATH = `${PATH}/{vmid}`;
const guest = { node: NODE, vmid: VMID };

function needs(...privileges: readonly string[]): { check: PermissionCheck } {
  return { check: { path: "/vms/{vmid}", privileges } };
}

function load(call: Call): LoadedGuest {
  return loadGuest(call.node, "qemu", call.parameters.requiredInteger("vmid"));
}

const list: Endpoint = {
  method: "GET",
  path: PATH,
  parameters: { node: NODE, full: FLAG },
  permissions: { user: "all" },
  handler: ({ cluster, node, authority, parameters }) =>
    cluster.state.guests
      .filter((entry) => entry.type === "qemu" && entry.node === node.name)
      .filter((entry) => authority.has(`/vms/${entry.vmid}`, "VM.Audit"))
      .map((entry) => (parameters.flag("full") === true ? fullMachineStatus(entry) : machineStatus(entry))),
};

const create: Endpoint = {
  method: "POST",
  path: PATH,
  parameters: {
    ...MACHINE_OPTIONS,
    ...guest,
    archive: { ...TEXT, maxLength: 255 },
    storage: optional(STORAGE_ID),
    force: { ...FLAG, requires: "archive" },
    unique: { ...FLAG, requires: "archive" },
    "live-restore": FLAG,
    pool: { ...TEXT, format: "pve-poolid" },
    bwlimit: { type: "integer", optional: true, minimum: 0 },
    start: FLAG,
    "ha-managed": FLAG,
    "import-working-storage": optional(STORAGE_ID),
  },
  permissions: { user: "all" },
  handler: (call) => createMachine(call),
};

const destroy: Endpoint = {
  method: "DELETE",
  path: GUEST_PATH,
  parameters: { ...guest, skiplock: FLAG, purge: FLAG, "destroy-unreferenced-disks": FLAG },
  permissions: needs("VM.Allocate"),
  handler: (call) => {
    const vmid = call.parameters.requiredInteger("vmid");
    const destruction = {
      vmid,
      purge: call.parameters.flag("purge") ?? false,
      unreferenced: call.parameters.flag("destroy-unreferenced-disks") ?? false,
    };
    checkMachineDestruction(call.node, destruction);
    return call.node.tasks.start("qmdestroy", String(vmid), call.caller.name, (task) =>
      destroyMachine(call.node, destruction, task),
    );
  },
};

const readConfig: Endpoint = {
  method: "GET",
  path: `${GUEST_PATH}/config`,
  parameters: { ...guest, current: FLAG, snapshot: { ...TEXT, format: "pve-configid", maxLength: 40 } },
  permissions: needs("VM.Audit"),
  handler: (call) => {
    const { configuration } = load(call);
    const name = call.parameters.text("snapshot");
    const section = name === undefined ? configuration : configuration.snapshots.get(name);
    if (section === undefined) throw death(`snapshot '${name ?? ""}' does not exist`);
    const answer = configurationAnswer(section, configuration.digest, machineValue, true);
    return { ...answer, ...(answer.cipassword === undefined ? {} : { cipassword: "**********" }) };
  },
};

const changeParameters = {
  ...MACHINE_OPTIONS,
  ...guest,
  skiplock: FLAG,
  force: { ...FLAG, requires: "delete" },
  delete: { ...TEXT, format: "pve-configid-list" },
  revert: { ...TEXT, format: "pve-configid-list" },
  digest: { ...TEXT, maxLength: 40 },
} as const;

const mayChange = {
  check: {
    path: "/vms/{vmid}",
    privileges: [
      "VM.Config.Disk",
      "VM.Config.CDROM",
      "VM.Config.CPU",
      "VM.Config.Memory",
      "VM.Config.Network",
      "VM.Config.HWType",
      "VM.Config.Options",
      "VM.Config.Cloudinit",
    ],
    any: true,
  },
} as const;

const writeConfig: Endpoint = {
  method: "PUT",
  path: `${GUEST_PATH}/config`,
  parameters: changeParameters,
  permissions: mayChange,
  handler: async (call) => {
    await applyUpdate(call, await readUpdate(call), () => {});
    return null;
  },
};

const writeConfigByTask: Endpoint = {
  method: "POST",
  path: `${GUEST_PATH}/config`,
  parameters: {
    ...changeParameters,
    background_delay: { type: "integer", optional: true, minimum: 1, maximum: 30 },
    "import-working-storage": optional(STORAGE_ID),
  },
  permissions: mayChange,
  handler: async (call) => {
    const update = await readUpdate(call);
    return call.node.tasks.start("qmconfig", String(update.change.vmid), call.caller.name, ({ log }) =>
      applyUpdate(call, update, log),
    );
  },
};

/** Another way of removing options. */
const unlink: Endpoint = {
  method: "PUT",
  path: `${GUEST_PATH}/unlink`,
  parameters: { ...guest, idlist: { type: "string", format: "pve-configid-list" }, force: FLAG },
  permissions: needs("VM.Config.Disk"),
  handler: async (call) => {
    await applyUpdate(call, await readUpdate(call, "idlist"), () => {});
    return null;
  },
};

const pending: Endpoint = {
  method: "GET",
  path: `${GUEST_PATH}/pending`,
  parameters: guest,
  permissions: needs("VM.Audit"),
  handler: (call) => pendingAnswer(load(call).configuration, machineValue),
};

const currentStatus: Endpoint = {
  method: "GET",
  path: `${GUEST_PATH}/status/current`,
  parameters: guest,
  permissions: needs("VM.Audit"),
  handler: (call) => ({ ...fullMachineStatus(load(call).guest), ha: managed(call) }),
};

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

const start: Endpoint = {
  method: "POST",
  path: `${GUEST_PATH}/status/start`,
  parameters: {
    ...guest,
    ...migration,
    skiplock: FLAG,
    timeout: { type: "integer", optional: true, minimum: 0 },
    machine: TEXT,
    "force-cpu": TEXT,
  },
  permissions: needs("VM.PowerMgmt"),
  handler: (call) => {
    const { vmid } = load(call).guest;
    if (call.parameters.flag("skiplock") === true && !call.authority.isRoot) {
      throw parameterFailure({ skiplock: "Only root may use this option." });
    }
    return call.node.tasks.start("qmstart", String(vmid), call.caller.name, () => {
      checkLock("qemu", loadGuest(call.node, "qemu", vmid).configuration);
      throw death("the sandbox cannot run virtual machines");
    });
  },
};

/** No machine of the sandbox runs, so that there is nothing to stop. */
function refusedStop(action: "stop" | "shutdown" | "reboot"): Endpoint {
  return {
    method: "POST",
    path: `${GUEST_PATH}/status/${action}`,
    parameters: {
      ...guest,
      timeout: { type: "integer", optional: true, minimum: 0 },
      ...(action === "reboot" ? {} : { skiplock: FLAG, keepActive: FLAG }),
      ...(action === "shutdown" ? { forceStop: FLAG } : {}),
      ...(action === "stop" ? { "overrule-shutdown": FLAG, migratedfrom: optional(NODE) } : {}),
    },
    permissions: needs("VM.PowerMgmt"),
    handler: (call) => {
      const { vmid } = load(call).guest;
      if (action === "reboot") throw death("VM is not running");
      const type = action === "stop" ? "qmstop" : "qmshutdown";
      return call.node.tasks.start(type, String(vmid), call.caller.name, () => {
        if (action === "shutdown") throw death(`VM ${vmid} is not running`);
      });
    },
  };
}

const listSnapshots: Endpoint = {
  method: "GET",
  path: `${GUEST_PATH}/snapshot`,
  parameters: guest,
  permissions: needs("VM.Audit"),
  handler: (call) => {
    const { configuration } = load(call);
    const parent = configuration.keys.get("parent");
    const snapshots = [...configuration.snapshots].map(([name, { keys }]): Json => ({
      name,
      snaptime: Number(keys.get("snaptime") ?? 0),
      vmstate: keys.has("vmstate") ? 1 : 0,
      description: keys.get("description") ?? "",
      ...(keys.has("parent") ? { parent: keys.get("parent") } : {}),
    }));
    const current = { name: "current", digest: configuration.digest, running: 0, description: "You are here!" };
    return [...snapshots, { ...current, ...(parent === undefined ? {} : { parent }) }];
  },
};

/** Commands of the guest agent: refused, since no machine runs. */
function agentCommand(method: "GET" | "POST", command: string): Endpoint {
  return {
    method,
    path: `${GUEST_PATH}/agent/${command}`,
    parameters: guest,
    permissions: {
      check: {
        path: "/vms/{vmid}",
        privileges: ["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"],
        any: true,
      },
    },
    handler: (call) => {
      const { guest: found, configuration } = load(call);
      if (!agentEnabled(configuration.keys)) throw death("No QEMU guest agent configured");
      throw death(`VM ${found.vmid} is not running`);
    },
  };
}

const resize: Endpoint = {
  method: "PUT",
  path: `${GUEST_PATH}/resize`,
  parameters: {
    ...guest,
    disk: { type: "string", enum: MACHINE_DISKS },
    size: { type: "string", pattern: "\\+?\\d+(\\.\\d+)?[KMGT]?" },
    digest: { ...TEXT, maxLength: 40 },
    skiplock: FLAG,
  },
  permissions: needs("VM.Config.Disk"),
  handler: (call) => resizeMachine(call),
};

/** Proxmox writes the cloud-init drive anew; the sandbox writes it when the machine is started. */
const regenerateSeed: Endpoint = {
  method: "PUT",
  path: `${GUEST_PATH}/cloudinit`,
  parameters: guest,
  permissions: needs("VM.Config.Cloudinit"),
  handler: (call) => {
    checkLock("qemu", load(call).configuration);
    return null;
  },
};

export const virtualMachineEndpoints: readonly Endpoint[] = [
  list,
  create,
  destroy,
  readConfig,
  writeConfig,
  writeConfigByTask,
  unlink,
  pending,
  currentStatus,
  start,
  resize,
  regenerateSeed,
  refusedStop("stop"),
  refusedStop("shutdown"),
  refusedStop("reboot"),
  listSnapshots,
  agentCommand("POST", "ping"),
  agentCommand("GET", "network-get-interfaces"),
];
