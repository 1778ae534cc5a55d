/** Parameters that many operations share. */
import type { ParameterSchema } from "../protocol/parameters";

export const NODE: ParameterSchema = { type: "string", format: "pve-node" };
export const VMID: ParameterSchema = { type: "integer", format: "pve-vmid", minimum: 100, maximum: 999999999 };
export const STORAGE_ID: ParameterSchema = { type: "string", format: "pve-storage-id" };
export const USER_ID: ParameterSchema = { type: "string", format: "pve-userid", maxLength: 64 };
export const FLAG: ParameterSchema = { type: "boolean", optional: true };
export const TEXT: ParameterSchema = { type: "string", optional: true };

const BUSES = { ide: 4, scsi: 31, virtio: 16, sata: 6 };

/** Keys of a machine's drives, in Proxmox's order. */
export const MACHINE_DISKS: readonly string[] = [
  ...Object.entries(BUSES).flatMap(([bus, count]) => Array.from({ length: count }, (_, number) => `${bus}${number}`)),
  "efidisk0",
  "tpmstate0",
];

/** The same parameter where it may be left out. */
export function optional(schema: ParameterSchema): ParameterSchema {
  return { ...schema, optional: true };
}
