import type { Call, Endpoint, PermissionCheck } from "../calls/endpoint";
import { checkSkipLock } from "../calls/skip-lock";
import { death, parameterFailure, type Json } from "../protocol/failure";
import { configurationAnswer, pendingAnswer } from "../guests/answers";
import { checkLock, loadGuest, type Configuration, type LoadedGuest, type Section } from "../guests/configuration";
import { createMachine } from "../guests/machines/create";
import { checkMachineDestruction, destroyMachine } from "../guests/machines/destroy";
import { seedText } from "../guests/machines/cloud-init";
import { resolverOf } from "../model/resolver";
import { machineValue, MACHINE_OPTIONS } from "../guests/machines/parameters";
import { fullMachineStatus, machineStatus } from "../guests/machines/status";
import { withPending } from "../guests/machines/pending";
import { resizeMachine } from "../guests/machines/resize";
import { applyUpdate, readUpdate } from "../guests/machines/update";
import { managed } from "./high-availability";
import { indexEndpoint } from "./index-endpoint";
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
  handler: ({ cluster, node, authority, parameters }) => {
    const status = parameters.flag("full") === true ? fullMachineStatus : machineStatus;
    const machines = cluster.state.guests
      .filter((entry) => entry.type === "qemu" && entry.node === node.name)
      .filter((entry) => authority.has(`/vms/${entry.vmid}`, "VM.Audit"));
    return Promise.all(machines.map((entry) => status(node, entry)));
  },
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
  handler: async (call) => {
    const vmid = call.parameters.requiredInteger("vmid");
    checkSkipLock(call);
    const destruction = {
      vmid,
      purge: call.parameters.flag("purge") ?? false,
      unreferenced: call.parameters.flag("destroy-unreferenced-disks") ?? false,
      skipLock: call.parameters.flag("skiplock") ?? false,
    };
    await checkMachineDestruction(call.node, destruction);
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
    const name = call.parameters.text("snapshot");
    if (name !== undefined && call.parameters.flag("current") === true) {
      const text = "cannot use 'snapshot' parameter with 'current'";
      throw parameterFailure({ snapshot: text, current: text });
    }
    const { configuration } = load(call);
    const now = call.parameters.flag("current") === true ? configuration : withPending(configuration);
    const section = name === undefined ? now : configuration.snapshots.get(name);
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
  handler: (call) => pendingAnswer(withoutPassword(load(call).configuration), machineValue),
};

function hidden(section: Section, stars: string): Section {
  const shown = (key: string, value: string): string => (key === "cipassword" ? stars : value);
  return { ...section, keys: new Map([...section.keys].map(([key, value]) => [key, shown(key, value)])) };
}

/** A password is told as stars, one that waits with a blank behind them. */
function withoutPassword(configuration: Configuration): Configuration {
  const pending = hidden(configuration.pending, "********** ");
  return { ...configuration, ...hidden(configuration, "**********"), pending };
}

const currentStatus: Endpoint = {
  method: "GET",
  path: `${GUEST_PATH}/status/current`,
  parameters: guest,
  permissions: needs("VM.Audit"),
  handler: async (call) => {
    const { guest: found, configuration } = load(call);
    const status = await fullMachineStatus(call.node, found);
    return { ...status, ha: managed(call), ...displayOf(configuration.keys.get("vga")) };
  },
};

/** What is said of a display that the configuration names: whether SPICE shows it, and whose clipboard it has. */
function displayOf(vga: string | undefined): Record<string, Json> {
  if (vga === undefined || vga === "") return {};
  const parts = vga.split(",");
  const type = parts.map((part) => part.replace(/^type=/, "")).find((part) => !part.includes("="));
  const clipboard = parts.find((part) => part.startsWith("clipboard="))?.slice("clipboard=".length);
  const spice = /^(?:virtio|qxl[234]?$)/.test(type ?? "");
  return { ...(spice ? { spice: 1 } : {}), clipboard: clipboard ?? null };
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

const CLOUD_INIT = /^(?:ciuser|cipassword|ciupgrade|cicustom|sshkeys|nameserver|searchdomain|ipconfig\d+)$/;

/** What cloud-init is told at the next start; the sandbox writes it anew each time, so that nothing waits. */
const readSeed: Endpoint = {
  method: "GET",
  path: `${GUEST_PATH}/cloudinit`,
  parameters: guest,
  permissions: needs("VM.Audit"),
  handler: (call) =>
    [...load(call).configuration.keys]
      .filter(([key]) => CLOUD_INIT.test(key))
      .map(([key, value]) => ({ key, value: key === "cipassword" ? "**********" : machineValue(key, value) })),
};

/** One of the texts that cloud-init is given. */
const dumpSeed: Endpoint = {
  method: "GET",
  path: `${GUEST_PATH}/cloudinit/dump`,
  parameters: { ...guest, type: { type: "string", enum: ["user", "network", "meta"] } },
  permissions: needs("VM.Audit"),
  handler: (call) => {
    const { node, parameters, authority } = call;
    const { guest: found, configuration } = load(call);
    const wanted = parameters.required("type");
    const type = wanted === "user" || wanted === "network" ? wanted : "meta";
    const hidden = !authority.has(`/vms/${found.vmid}`, "VM.Config.Cloudinit");
    return seedText(type, configuration.keys, found.vmid, resolverOf(node), hidden);
  },
};

const SUBFOLDERS =
  "config cloudinit pending status unlink vncproxy termproxy migrate resize move rrd rrddata monitor agent snapshot " +
  "spiceproxy sendkey firewall mtunnel remote_migrate";

const SUBFOLDERS_OF_STATUS = "current start stop reset shutdown suspend reboot";

export const virtualMachineEndpoints: readonly Endpoint[] = [
  // Proxmox does not look whether the machine is there.
  indexEndpoint(GUEST_PATH, SUBFOLDERS.split(" "), { parameters: guest }),
  indexEndpoint(`${GUEST_PATH}/status`, SUBFOLDERS_OF_STATUS.split(" "), { parameters: guest, look: load }),
  list,
  create,
  destroy,
  readConfig,
  writeConfig,
  writeConfigByTask,
  unlink,
  pending,
  currentStatus,
  resize,
  regenerateSeed,
  readSeed,
  dumpSeed,
];
