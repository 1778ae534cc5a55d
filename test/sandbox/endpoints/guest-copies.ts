/** Guests and their disks that are copied, become templates, or go elsewhere. */
import type { Endpoint, PermissionCheck } from "../calls/endpoint";
import { cloneContainer } from "../guests/containers/clone";
import { MOUNT_KEYS } from "../guests/containers/mount-points";
import { moveVolume } from "../guests/containers/move-volume";
import { cloneMachine } from "../guests/machines/clone";
import { moveDisk } from "../guests/machines/move-disk";
import { makeContainerTemplate, makeMachineTemplate } from "../guests/make-template";
import { UNUSED_KEYS } from "../guests/unused-volumes";
import type { ParameterSchema } from "../protocol/parameters";
import { FLAG, MACHINE_DISKS, NODE, optional, STORAGE_ID, TEXT, VMID } from "./tables";

const guest = { node: NODE, vmid: VMID };
const snapname: ParameterSchema = { type: "string", format: "pve-configid", maxLength: 40 };
const digest = { ...TEXT, maxLength: 40 };

function onGuest(...privileges: readonly string[]): { check: PermissionCheck } {
  return { check: { path: "/vms/{vmid}", privileges } };
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

const cloning = {
  ...guest,
  newid: VMID,
  description: TEXT,
  full: FLAG,
  pool: { ...TEXT, format: "pve-poolid" },
  snapname: optional(snapname),
  storage: optional(STORAGE_ID),
  target: optional(NODE),
} as const;

/** What a disk and a volume are moved with; each is named in words of its own besides. */
const moving = {
  ...guest,
  storage: optional(STORAGE_ID),
  delete: FLAG,
  digest,
  "target-vmid": optional(VMID),
  "target-digest": digest,
} as const;

const onMachine: readonly Endpoint[] = [
  {
    method: "POST",
    path: "/nodes/{node}/qemu/{vmid}/clone",
    parameters: {
      ...cloning,
      name: { ...TEXT, format: "dns-name" },
      format: { ...TEXT, enum: ["raw", "qcow2", "vmdk"] },
      bwlimit: { type: "integer", optional: true, minimum: 0 },
    },
    permissions: { check: mayClone },
    handler: cloneMachine,
  },
  {
    method: "POST",
    path: "/nodes/{node}/qemu/{vmid}/template",
    parameters: { ...guest, disk: { ...TEXT, enum: MACHINE_DISKS } },
    permissions: onGuest("VM.Allocate"),
    handler: makeMachineTemplate,
  },
  {
    method: "POST",
    path: "/nodes/{node}/qemu/{vmid}/move_disk",
    parameters: {
      ...moving,
      disk: { type: "string", enum: [...MACHINE_DISKS, ...UNUSED_KEYS] },
      format: { ...TEXT, enum: ["raw", "qcow2", "vmdk"] },
      bwlimit: { type: "integer", optional: true, minimum: 0 },
      "target-disk": { ...TEXT, enum: [...MACHINE_DISKS, ...UNUSED_KEYS] },
    },
    permissions: onGuest("VM.Config.Disk"),
    handler: moveDisk,
  },
];

const onContainer: readonly Endpoint[] = [
  {
    method: "POST",
    path: "/nodes/{node}/lxc/{vmid}/clone",
    parameters: {
      ...cloning,
      hostname: { ...TEXT, format: "dns-name" },
      bwlimit: { type: "number", optional: true, minimum: 0 },
    },
    permissions: { check: mayClone },
    handler: cloneContainer,
  },
  {
    method: "POST",
    path: "/nodes/{node}/lxc/{vmid}/template",
    parameters: guest,
    permissions: onGuest("VM.Allocate"),
    handler: makeContainerTemplate,
  },
  {
    method: "POST",
    path: "/nodes/{node}/lxc/{vmid}/move_volume",
    parameters: {
      ...moving,
      volume: { type: "string", enum: [...MOUNT_KEYS, ...UNUSED_KEYS] },
      bwlimit: { type: "number", optional: true, minimum: 0 },
      "target-volume": { ...TEXT, enum: [...MOUNT_KEYS, ...UNUSED_KEYS] },
    },
    permissions: onGuest("VM.Config.Disk"),
    handler: moveVolume,
  },
];

export const guestCopyEndpoints: readonly Endpoint[] = [...onMachine, ...onContainer];
