/**
 * Operations that the sandbox does not carry out. Who may not use them is refused as by Proxmox; everybody else is told that
 * the sandbox cannot do it, so that nobody takes a missing operation for a missing right, or the other way round.
 */
import type { Call, Endpoint, PermissionCheck } from "../calls/endpoint";
import { checkLock, checkUnused, loadGuest } from "../guests/configuration";
import { checkPool } from "../guests/containers/create";
import { mountsOf } from "../guests/containers/mount-points";
import { driveKeys, isDiscDrive, isSeed, readDrive } from "../guests/machines/drives";
import { parseVolume, requireStorage } from "../guests/storages";
import { death, parameterFailure } from "../protocol/failure";
import type { ParameterSchema, ParameterTable } from "../protocol/parameters";
import { FLAG, MACHINE_DISKS as DISKS, NODE, optional, STORAGE_ID, TEXT, VMID } from "./tables";

const UNUSED = Array.from({ length: 256 }, (_, number) => `unused${number}`);
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

const mayClone: PermissionCheck = {
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

const clone = {
  newid: VMID,
  description: TEXT,
  full: FLAG,
  pool: { ...TEXT, format: "pve-poolid" },
  snapname: optional(snapname),
  storage: optional(STORAGE_ID),
  target: optional(NODE),
} as const;

/** The space for each copied disk, and the node's own CD drive (PVE::API2::Qemu, $check_storage_access_clone). */
function checkMachineClone(call: Call): void {
  const { cluster, authority, parameters, node } = call;
  const pool = parameters.text("pool");
  if (pool !== undefined) checkPool(call, pool);
  const { configuration } = loadGuest(node, "qemu", parameters.requiredInteger("vmid"));
  checkLock("qemu", configuration);
  for (const key of driveKeys(configuration.keys)) {
    const drive = readDrive(key, configuration.keys.get(key) ?? "");
    if (drive.file === "cdrom") authority.check("/", "Sys.Console");
    if (isDiscDrive(drive) || !drive.file.includes(":")) continue;
    const storage = parameters.text("storage") ?? parseVolume(cluster, drive.file).storage.storage;
    authority.check(`/storage/${storage}`, "Datastore.AllocateSpace");
  }
  const newId = parameters.requiredInteger("newid");
  if (cluster.guest(newId) !== undefined) throw death(`unable to create VM ${newId}: config file already exists`);
}

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

/** Where a disk goes: another storage or another machine, and the right to that (PVE::API2::Qemu, move_vm_disk). */
function checkMove({ cluster, authority, parameters, node }: Call): void {
  const storage = parameters.text("storage");
  const target = parameters.integer("target-vmid");
  if ((storage === undefined) === (target === undefined)) {
    const text =
      storage === undefined
        ? "both 'storage' and 'target-vmid' missing, either needs to be set"
        : "either set 'storage' or 'target-vmid', but not both";
    throw parameterFailure({ "target-vmid": text, storage: text });
  }
  if (target !== undefined) {
    authority.checkGuest(target, undefined, "VM.Config.Disk");
    if (cluster.guest(target) === undefined) throw death(`could not find target VM ${target}`);
    return;
  }
  authority.check(`/storage/${storage ?? ""}`, "Datastore.AllocateSpace");
  const { configuration } = loadGuest(node, "qemu", parameters.requiredInteger("vmid"));
  checkLock("qemu", configuration);
  const disk = parameters.required("disk");
  const text = configuration.keys.get(disk);
  if (text === undefined) throw death(`disk '${disk}' does not exist`);
  const drive = readDrive(disk, text);
  if (drive.media === "cdrom" && !isSeed(drive)) throw death("you can't move a cdrom");
  const present = parseVolume(cluster, drive.file);
  const format = parameters.text("format");
  if (present.storage.storage === storage && (format === undefined || format === present.format)) {
    throw death("you can't move to the same storage with same format");
  }
  requireStorage(cluster, storage ?? "");
}

const move: GuestOperation = {
  method: "POST",
  path: "move_disk",
  parameters: {
    disk: { type: "string", enum: [...DISKS, ...UNUSED] },
    storage: optional(STORAGE_ID),
    format: { ...TEXT, enum: ["raw", "qcow2", "vmdk"] },
    delete: FLAG,
    digest: { ...TEXT, maxLength: 40 },
    bwlimit: { type: "integer", optional: true, minimum: 0 },
    "target-vmid": optional(VMID),
    "target-disk": { ...TEXT, enum: [...DISKS, ...UNUSED] },
    "target-digest": { ...TEXT, maxLength: 40 },
  },
  permissions: onGuest("VM.Config.Disk"),
  what: "move disks of virtual machines",
  check: checkMove,
};

const snapshots = "take snapshots of virtual machines";

const onMachine: readonly GuestOperation[] = [
  move,
  {
    method: "POST",
    path: "clone",
    parameters: {
      ...clone,
      name: { ...TEXT, format: "dns-name" },
      format: { ...TEXT, enum: ["raw", "qcow2", "vmdk"] },
      bwlimit: { type: "integer", optional: true, minimum: 0 },
    },
    permissions: { check: mayClone },
    what: "clone virtual machines",
    check: checkMachineClone,
  },
  {
    method: "POST",
    path: "template",
    parameters: { disk: { ...TEXT, enum: DISKS } },
    permissions: onGuest("VM.Allocate"),
    what: "make templates of virtual machines",
  },
  {
    method: "POST",
    path: "status/suspend",
    parameters: { skiplock: FLAG, todisk: FLAG, statestorage: { ...optional(STORAGE_ID), requires: "todisk" } },
    permissions: onGuest("VM.PowerMgmt"),
    what: "run virtual machines",
  },
  {
    method: "POST",
    path: "status/reset",
    parameters: { skiplock: FLAG },
    permissions: onGuest("VM.PowerMgmt"),
    what: "run virtual machines",
    check: ({ parameters }) => {
      throw death(`VM ${parameters.required("vmid")} not running`);
    },
  },
  {
    method: "POST",
    path: "snapshot",
    parameters: { snapname, description: TEXT, vmstate: FLAG },
    permissions: onGuest("VM.Snapshot"),
    what: snapshots,
    check: ({ parameters }) => {
      const name = parameters.required("snapname");
      if (["current", "pending"].includes(name)) throw death(`unable to use snapshot name '${name}' (reserved name)`);
    },
  },
  {
    method: "PUT",
    path: "snapshot/{snapname}/config",
    parameters: { snapname, description: TEXT },
    permissions: onGuest("VM.Snapshot"),
    what: snapshots,
  },
  {
    method: "DELETE",
    path: "snapshot/{snapname}",
    parameters: { snapname, force: FLAG },
    permissions: onGuest("VM.Snapshot"),
    what: snapshots,
  },
  {
    method: "POST",
    path: "snapshot/{snapname}/rollback",
    parameters: { snapname, start: FLAG },
    permissions: {
      check: { path: "/vms/{vmid}", privileges: ["VM.Snapshot", "VM.Snapshot.Rollback"], any: true },
    },
    what: snapshots,
    check: ({ authority, parameters }) => {
      if (parameters.flag("start") === true) {
        authority.checkGuest(parameters.requiredInteger("vmid"), undefined, "VM.PowerMgmt");
      }
    },
  },
];

const onContainer: readonly GuestOperation[] = [
  {
    method: "POST",
    path: "clone",
    parameters: {
      ...clone,
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
