import type { Endpoint, PermissionCheck } from "../calls/endpoint";
import { configurationAnswer } from "../guests/answers";
import { loadGuest } from "../guests/configuration";
import { machineValue } from "../guests/machines/parameters";
import { isRunning, startWorker } from "../guests/machines/runtime";
import { machineSnapshots } from "../guests/machines/snapshots";
import {
  createSnapshot,
  deleteSnapshot,
  describeSnapshot,
  rollBack,
  snapshotList,
  snapshotOf,
} from "../guests/snapshots";
import { death } from "../protocol/failure";
import type { ParameterSchema } from "../protocol/parameters";
import { FLAG, NODE, TEXT, VMID } from "./tables";

const PATH = "/nodes/{node}/qemu/{vmid}/snapshot";
const guest = { node: NODE, vmid: VMID };
const snapname: ParameterSchema = { type: "string", format: "pve-configid", maxLength: 40 };

function needs(...privileges: readonly string[]): { check: PermissionCheck } {
  return { check: { path: "/vms/{vmid}", privileges, any: true } };
}

const list: Endpoint = {
  method: "GET",
  path: PATH,
  parameters: guest,
  permissions: needs("VM.Audit"),
  handler: ({ node, parameters }) => snapshotList(machineSnapshots, node, parameters.requiredInteger("vmid")),
};

/** Whether all disks can do something (PVE::QemuConfig::has_feature); every disk can be copied. */
const feature: Endpoint = {
  method: "GET",
  path: "/nodes/{node}/qemu/{vmid}/feature",
  parameters: {
    ...guest,
    feature: { type: "string", enum: ["snapshot", "clone", "copy"] },
    snapname: { ...snapname, optional: true },
  },
  permissions: needs("VM.Audit"),
  handler: ({ node, parameters }) => {
    const { configuration } = loadGuest(node, "qemu", parameters.requiredInteger("vmid"));
    const name = parameters.text("snapname");
    const section = name === undefined ? configuration : snapshotOf(configuration, name);
    const wanted = parameters.required("feature");
    const has = wanted === "copy" || (wanted === "snapshot" && machineSnapshots.isPossible(node, section, name ?? ""));
    return { hasFeature: has ? 1 : 0, nodes: [node.name] };
  },
};

const take: Endpoint = {
  method: "POST",
  path: PATH,
  parameters: { ...guest, snapname, description: TEXT, vmstate: FLAG },
  permissions: needs("VM.Snapshot"),
  handler: ({ node, parameters, caller }) => {
    const vmid = parameters.requiredInteger("vmid");
    const name = parameters.required("snapname");
    if (["current", "pending"].includes(name)) throw death(`unable to use snapshot name '${name}' (reserved name)`);
    const withMemory = parameters.flag("vmstate") ?? false;
    const wanted = { name, description: parameters.text("description"), withMemory };
    return node.tasks.start("qmsnapshot", String(vmid), caller.name, ({ log }) =>
      createSnapshot(machineSnapshots, node, vmid, wanted, log),
    );
  },
};

const remove: Endpoint = {
  method: "DELETE",
  path: `${PATH}/{snapname}`,
  parameters: { ...guest, snapname, force: FLAG },
  permissions: needs("VM.Snapshot"),
  handler: ({ node, parameters, caller }) => {
    const vmid = parameters.requiredInteger("vmid");
    return node.tasks.start("qmdelsnapshot", String(vmid), caller.name, ({ log }) =>
      deleteSnapshot(machineSnapshots, node, vmid, parameters.required("snapname"), log),
    );
  },
};

const index: Endpoint = {
  method: "GET",
  path: `${PATH}/{snapname}`,
  parameters: { ...guest, snapname },
  permissions: { user: "all" },
  handler: () => [{ cmd: "rollback" }, { cmd: "config" }],
};

/** A machine that goes on from a snapshot's memory runs already. */
const rollback: Endpoint = {
  method: "POST",
  path: `${PATH}/{snapname}/rollback`,
  parameters: { ...guest, snapname, start: FLAG },
  permissions: needs("VM.Snapshot", "VM.Snapshot.Rollback"),
  handler: ({ node, parameters, caller, authority }) => {
    const vmid = parameters.requiredInteger("vmid");
    const start = parameters.flag("start") === true;
    if (start) authority.checkGuest(vmid, undefined, "VM.PowerMgmt");
    return node.tasks.start("qmrollback", String(vmid), caller.name, async (task) => {
      await rollBack(machineSnapshots, node, vmid, parameters.required("snapname"), task);
      if (!start || (await isRunning(node, loadGuest(node, "qemu", vmid).guest))) return;
      node.tasks.start("qmstart", String(vmid), caller.name, ({ log }) => startWorker(node, vmid, log));
    });
  },
};

const readConfig: Endpoint = {
  method: "GET",
  path: `${PATH}/{snapname}/config`,
  parameters: { ...guest, snapname },
  permissions: needs("VM.Snapshot", "VM.Snapshot.Rollback", "VM.Audit"),
  handler: ({ node, parameters }) => {
    const { configuration } = loadGuest(node, "qemu", parameters.requiredInteger("vmid"));
    const snapshot = snapshotOf(configuration, parameters.required("snapname"));
    return configurationAnswer({ ...snapshot, raw: [] }, undefined, machineValue, true);
  },
};

const writeConfig: Endpoint = {
  method: "PUT",
  path: `${PATH}/{snapname}/config`,
  parameters: { ...guest, snapname, description: TEXT },
  permissions: needs("VM.Snapshot"),
  handler: async ({ node, parameters }) => {
    const [vmid, name] = [parameters.requiredInteger("vmid"), parameters.required("snapname")];
    await describeSnapshot(machineSnapshots, node, vmid, name, parameters.text("description"));
    return null;
  },
};

export const machineSnapshotEndpoints: readonly Endpoint[] = [
  list,
  feature,
  take,
  remove,
  index,
  rollback,
  readConfig,
  writeConfig,
];
