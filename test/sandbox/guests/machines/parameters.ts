import { OPTION_FORMATS } from "./option-formats";
import { findSchema } from "../../protocol/parameter-check";
import type { ParameterSchema, ParameterTable } from "../../protocol/parameters";

const flag: ParameterSchema = { type: "boolean", optional: true };
const text: ParameterSchema = { type: "string", optional: true };

function flags(...names: readonly string[]): ParameterTable {
  return Object.fromEntries(names.map((name) => [name, flag]));
}

function texts(...names: readonly string[]): ParameterTable {
  return Object.fromEntries(names.map((name) => [name, text]));
}

function whole(minimum: number, maximum?: number): ParameterSchema {
  return { type: "integer", optional: true, minimum, ...(maximum === undefined ? {} : { maximum }) };
}

const KEYBOARDS =
  "de de-ch da en-gb en-us es fi fr fr-be fr-ca fr-ch hu is it ja lt mk nl no pl pt pt-br sv sl tr".split(" ");

/**
 * Options of a virtual machine, as requests may set them (PVE::QemuServer, $confdesc). Drives and networks are checked by
 * their own readers.
 */
export const MACHINE_OPTIONS: ParameterTable = withFormats({
  ...flags("acpi", "allow-ksm", "autostart", "ciupgrade", "freeze", "keephugepages", "kvm", "localtime", "numa"),
  ...flags("onboot", "protection", "reboot", "tablet", "tdf", "template"),
  ...texts("agent", "args", "audio0", "boot", "cicustom", "cipassword", "ciuser"),
  ...texts("ivshmem", "machine", "rng0", "searchdomain", "spice_enhancements"),
  ...texts("vga", "watchdog", "efidisk0", "tpmstate0", "cdrom"),
  "amd-sev": { ...text, format: "pve-qemu-sev-fmt" },
  cpu: { ...text, format: "pve-vm-cpu-conf" },
  "intel-tdx": { ...text, format: "pve-qemu-tdx-fmt" },
  affinity: { ...text, format: "pve-cpuset" },
  hotplug: { ...text, format: "pve-hotplug-features" },
  arch: { ...text, enum: ["x86_64", "aarch64"] },
  balloon: whole(0),
  bios: { ...text, enum: ["seabios", "ovmf"] },
  bootdisk: { ...text, pattern: "(ide|sata|scsi|virtio)\\d+" },
  citype: { ...text, enum: ["configdrive2", "nocloud", "opennebula"] },
  cores: whole(1),
  cpulimit: { type: "number", optional: true, minimum: 0, maximum: 128 },
  cpuunits: whole(1, 262_144),
  description: { ...text, maxLength: 8192 },
  hookscript: { ...text, format: "pve-volume-id" },
  hugepages: { ...text, enum: ["any", "2", "1024"] },
  keyboard: { ...text, enum: KEYBOARDS },
  lock: {
    ...text,
    enum: [
      "backup",
      "clone",
      "create",
      "migrate",
      "rollback",
      "snapshot",
      "snapshot-delete",
      "suspending",
      "suspended",
    ],
  },
  memory: { ...text, format: { current: { type: "integer", defaultKey: true, minimum: 16 } } },
  migrate_downtime: { type: "number", optional: true, minimum: 0 },
  migrate_speed: whole(0),
  name: { ...text, format: "dns-name" },
  nameserver: { ...text, format: "address-list" },
  ostype: {
    ...text,
    enum: ["other", "wxp", "w2k", "w2k3", "w2k8", "wvista", "win7", "win8", "win10", "win11", "l24", "l26", "solaris"],
  },
  scsihw: { ...text, enum: ["lsi", "lsi53c810", "virtio-scsi-pci", "virtio-scsi-single", "megasas", "pvscsi"] },
  shares: whole(0, 50_000),
  smbios1: { ...text, maxLength: 512 },
  smp: whole(1),
  sockets: whole(1),
  sshkeys: { ...text, format: "urlencoded" },
  startdate: { ...text, pattern: "(now|\\d{4}-\\d{1,2}-\\d{1,2}(T\\d{1,2}:\\d{1,2}:\\d{1,2})?)" },
  startup: { ...text, format: "pve-startup-order" },
  tags: { ...text, format: "pve-tag-list" },
  vcpus: whole(1),
  vmgenid: { ...text, pattern: "(?:[a-fA-F0-9]{8}(?:-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}|[01])" },
  vmstatestorage: { ...text, format: "pve-storage-id" },
  "ide[n]": { ...text, count: 4 },
  "sata[n]": { ...text, count: 6 },
  "scsi[n]": { ...text, count: 31 },
  "virtio[n]": { ...text, count: 16 },
  "unused[n]": { ...text, count: 256 },
  "net[n]": { ...text, count: 32 },
  "ipconfig[n]": { ...text, count: 32 },
  "hostpci[n]": { ...text, count: 16 },
  "usb[n]": { ...text, count: 14 },
  "numa[n]": { ...text, count: 8 },
  "parallel[n]": { ...text, count: 3, pattern: "/dev/parport\\d+|/dev/usb/lp\\d+" },
  "serial[n]": { ...text, count: 4, pattern: "(/dev/[^,]+|socket)" },
  "virtiofs[n]": { ...text, count: 10 },
});

function withFormats(table: ParameterTable): ParameterTable {
  const entries = Object.entries(table).map(([name, schema]): [string, ParameterSchema] => {
    const format = OPTION_FORMATS[name];
    return [name, format === undefined ? schema : { ...schema, format }];
  });
  return Object.fromEntries(entries);
}

/** A value as answers carry it: whole numbers and flags as numbers, everything else as text (`memory` too). */
export function machineValue(key: string, value: string): string | number {
  const type = findSchema(MACHINE_OPTIONS, key)?.type;
  if (type === "boolean") return /^(1|on|yes|true)$/i.test(value) ? 1 : 0;
  return type === "integer" ? Number(value) : value;
}
