/**
 * Operations that the sandbox does not carry out. Who may not use them is refused as by Proxmox; everybody else is told that
 * the sandbox cannot do it, so that nobody takes a missing operation for a missing right, or the other way round.
 */
import type { Call, Endpoint, PermissionCheck } from "../calls/endpoint";
import { checkUnused, loadGuest } from "../guests/configuration";
import { checkPool } from "../guests/containers/create";
import { mountsOf } from "../guests/containers/mount-points";
import { parseVolume } from "../guests/storages";
import { death } from "../protocol/failure";
import type { ParameterSchema, ParameterTable } from "../protocol/parameters";
import { FLAG, MACHINE_DISKS as DISKS, NODE, optional, STORAGE_ID, TEXT, VMID } from "./tables";

const guest = { node: NODE, vmid: VMID };
const snapname: ParameterSchema = { type: "string", format: "pve-configid", maxLength: 40 };

function onGuest(...privileges: readonly string[]): { check: PermissionCheck } {
  return { check: { path: "/vms/{vmid}", privileges } };
}

function cannot(what: string): Error {
  return death(`the sandbox cannot ${what}`);
}

interface GuestOperation {
  method: "POST" | "PUT" | "DELETE";
  /** Below the guest. */
  path: string;
  parameters?: ParameterTable;
  permissions: { check: PermissionCheck };
  what: string;
  /** What Proxmox looks at after the rights and before it begins. */
  check?: (call: Call) => void;
}

function notEmulated(type: "lxc" | "qemu", operation: GuestOperation): Endpoint {
  const { method, path, parameters = {}, permissions, what, check } = operation;
  return {
    method,
    path: `/nodes/{node}/${type}/{vmid}/${path}`,
    parameters: { ...guest, ...parameters },
    permissions,
    handler: (call) => {
      check?.(call);
      loadGuest(call.node, type, call.parameters.requiredInteger("vmid"));
      throw cannot(what);
    },
  };
}

export const mayClone: PermissionCheck = {
  and: [
    { path: "/vms/{vmid}", privileges: ["VM.Clone"] },
    {
      or: [
        { path: "/vms/{newid}", privileges: ["VM.Allocate"] },
        { path: "/pool/{pool}", privileges: ["VM.Allocate"], requireParameter: "pool" },
      ],
    },
  ],
};

export const CLONE_PARAMETERS = {
  newid: VMID,
  description: TEXT,
  full: FLAG,
  pool: { ...TEXT, format: "pve-poolid" },
  snapname: optional(snapname),
  storage: optional(STORAGE_ID),
  target: optional(NODE),
} as const;

function checkContainerClone(call: Call): void {
  const { cluster, authority, parameters, node } = call;
  const pool = parameters.text("pool");
  if (pool !== undefined) checkPool(call, pool);
  checkUnused(node, parameters.requiredInteger("newid"));
  const { configuration } = loadGuest(node, "lxc", parameters.requiredInteger("vmid"));
  if (parameters.flag("full") !== true) return;
  for (const mount of mountsOf(configuration.keys)) {
    if (mount.kind !== "volume") continue;
    const storage = parameters.text("storage") ?? parseVolume(cluster, mount.volume).storage.storage;
    authority.check(`/storage/${storage}`, "Datastore.AllocateSpace");
  }
}

const onMachine: readonly GuestOperation[] = [
  {
    method: "POST",
    path: "template",
    parameters: { disk: { ...TEXT, enum: DISKS } },
    permissions: onGuest("VM.Allocate"),
    what: "make templates of virtual machines",
  },
];

const onContainer: readonly GuestOperation[] = [
  {
    method: "POST",
    path: "clone",
    parameters: {
      ...CLONE_PARAMETERS,
      hostname: { ...TEXT, format: "dns-name" },
      bwlimit: { type: "number", optional: true, minimum: 0 },
    },
    permissions: { check: mayClone },
    what: "clone containers",
    check: checkContainerClone,
  },
  {
    method: "POST",
    path: "template",
    permissions: onGuest("VM.Allocate"),
    what: "make templates of containers",
  },
];

export const notEmulatedEndpoints: readonly Endpoint[] = [
  ...onMachine.map((operation) => notEmulated("qemu", operation)),
  ...onContainer.map((operation) => notEmulated("lxc", operation)),
];
