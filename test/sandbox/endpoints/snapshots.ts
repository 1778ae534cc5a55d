import type { Call, Endpoint, PermissionCheck } from "../calls/endpoint";
import { configurationAnswer } from "../guests/answers";
import { loadGuest, type Section } from "../guests/configuration";
import {
  createSnapshot,
  deleteSnapshot,
  describeSnapshot,
  rollBack,
  type SnapshotKind,
  snapshotList,
  snapshotOf,
} from "../guests/snapshots";
import { death, type Json } from "../protocol/failure";
import type { ParameterSchema, ParameterTable } from "../protocol/parameters";
import { FLAG, NODE, optional, TEXT, VMID } from "./tables";

/** What differs between the snapshots' endpoints of containers and of virtual machines. */
export interface SnapshotEndpoints {
  readonly kind: SnapshotKind;
  /** Of task types: `vz` or `qm`. */
  readonly taskPrefix: string;
  /** Names that no snapshot gets. */
  readonly reservedNames: readonly string[];
  /** Parameters besides the name and the description. */
  readonly taking: ParameterTable;
  /** What `feature` says. @param section reads the configuration, or the snapshot's; throws where there is none */
  feature(call: Call, section: () => Section): Record<string, Json> | Promise<Record<string, Json>>;
  /** What is looked at before the task that takes one. */
  checkTaking?(call: Call): void;
  /** How an option is told. */
  readonly valueOf: Parameters<typeof configurationAnswer>[2];
  /** Asked before a rollback that starts the guest. */
  checkStart(call: Call): void;
  /** Starts the guest once it is rolled back. */
  start(call: Call): Promise<void> | void;
}

const guest = { node: NODE, vmid: VMID };
const snapname: ParameterSchema = { type: "string", format: "pve-configid", maxLength: 40 };
const named = { ...guest, snapname };

function needs(...privileges: readonly string[]): { check: PermissionCheck } {
  return { check: { path: "/vms/{vmid}", privileges, any: true } };
}

/** The operations below `nodes/N/{lxc,qemu}/ID/snapshot`, and `feature`, which says whether one can be taken. */
export function snapshotEndpoints(own: SnapshotEndpoints): readonly Endpoint[] {
  return [feature(own), ...onAll(own), ...onOne(own), rollback(own)];
}

function guestPath({ kind }: SnapshotEndpoints): string {
  return `/nodes/{node}/${kind.type}/{vmid}`;
}

function startTask(call: Call, type: string, work: Parameters<Call["node"]["tasks"]["start"]>[3]): string {
  return call.node.tasks.start(type, call.parameters.required("vmid"), call.caller.name, work);
}

/** Whether all volumes can do something (PVE::AbstractConfig::has_feature). */
function feature(own: SnapshotEndpoints): Endpoint {
  return {
    method: "GET",
    path: `${guestPath(own)}/feature`,
    parameters: {
      ...guest,
      feature: { type: "string", enum: ["snapshot", "clone", "copy"] },
      snapname: optional(snapname),
    },
    permissions: needs("VM.Audit"),
    handler: async (call) => {
      const name = call.parameters.text("snapname");
      return own.feature(call, () => {
        const { configuration } = loadGuest(call.node, own.kind.type, call.parameters.requiredInteger("vmid"));
        return name === undefined ? configuration : snapshotOf(configuration, name);
      });
    },
  };
}

function onAll(own: SnapshotEndpoints): Endpoint[] {
  const { kind } = own;
  const path = `${guestPath(own)}/snapshot`;
  return [
    {
      method: "GET",
      path,
      parameters: guest,
      permissions: needs("VM.Audit"),
      handler: ({ node, parameters }) => snapshotList(kind, node, parameters.requiredInteger("vmid")),
    },
    {
      method: "POST",
      path,
      parameters: { ...named, description: TEXT, ...own.taking },
      permissions: needs("VM.Snapshot"),
      handler: (call) => {
        const { node, parameters } = call;
        const name = parameters.required("snapname");
        const reserved = own.reservedNames.find((one) => one === (one === "pending" ? name.toLowerCase() : name));
        if (reserved !== undefined) throw death(`unable to use snapshot name '${reserved}' (reserved name)`);
        own.checkTaking?.(call);
        const withMemory = parameters.flag("vmstate") ?? false;
        const wanted = { name, description: parameters.text("description"), withMemory };
        return startTask(call, `${own.taskPrefix}snapshot`, ({ log }) =>
          createSnapshot(kind, node, parameters.requiredInteger("vmid"), wanted, log),
        );
      },
    },
  ];
}

function onOne(own: SnapshotEndpoints): Endpoint[] {
  const { kind } = own;
  const path = `${guestPath(own)}/snapshot/{snapname}`;
  return [
    {
      method: "DELETE",
      path,
      parameters: { ...named, force: FLAG },
      permissions: needs("VM.Snapshot"),
      handler: (call) =>
        startTask(call, `${own.taskPrefix}delsnapshot`, ({ log }) =>
          deleteSnapshot(kind, call.node, ...target(call), log),
        ),
    },
    {
      method: "GET",
      path,
      parameters: named,
      permissions: { user: "all" },
      handler: () => [{ cmd: "rollback" }, { cmd: "config" }],
    },
    {
      method: "GET",
      path: `${path}/config`,
      parameters: named,
      permissions: needs("VM.Snapshot", "VM.Snapshot.Rollback", "VM.Audit"),
      handler: (call) => {
        const [vmid, name] = target(call);
        const snapshot = snapshotOf(loadGuest(call.node, kind.type, vmid).configuration, name);
        return configurationAnswer({ ...snapshot, raw: [] }, undefined, own.valueOf, true);
      },
    },
    {
      method: "PUT",
      path: `${path}/config`,
      parameters: { ...named, description: TEXT },
      permissions: needs("VM.Snapshot"),
      handler: async (call) => {
        await describeSnapshot(kind, call.node, ...target(call), call.parameters.text("description"));
        return null;
      },
    },
  ];
}

/** The guest and the snapshot that a request names. */
function target({ parameters }: Call): [vmid: number, name: string] {
  return [parameters.requiredInteger("vmid"), parameters.required("snapname")];
}

function rollback(own: SnapshotEndpoints): Endpoint {
  return {
    method: "POST",
    path: `${guestPath(own)}/snapshot/{snapname}/rollback`,
    parameters: { ...named, start: FLAG },
    permissions: needs("VM.Snapshot", "VM.Snapshot.Rollback"),
    handler: (call) => {
      const start = call.parameters.flag("start") === true;
      if (start) own.checkStart(call);
      return startTask(call, `${own.taskPrefix}rollback`, async (task) => {
        await rollBack(own.kind, call.node, ...target(call), task);
        if (start) await own.start(call);
      });
    },
  };
}
