/** Property strings among a machine's options (PVE::QemuServer, $confdesc); drives and networks have readers of their own. */
import type { PropertyFormat, PropertySchema } from "../../protocol/parameters";

const flag: PropertySchema = { type: "boolean", optional: true };
const base64: PropertySchema = { type: "string", optional: true, pattern: "[A-Za-z0-9+/]+={0,2}" };
const volume: PropertySchema = { type: "string", optional: true, format: "pve-volume-id" };
const mapping: PropertySchema = { type: "string", optional: true, format: "pve-configid" };
const pciId: PropertySchema = { type: "string", optional: true, pattern: "0x[0-9a-fA-F]{4}" };

const PCI = "(?:[a-f0-9]{4,}:)?[a-f0-9]{2}:[a-f0-9]{2}(?:\\.[a-f0-9])?";
const USB = "(?:0x)?[0-9A-Fa-f]{4}:(?:0x)?[0-9A-Fa-f]{4}|\\d+-\\d+(?:\\.\\d+)*|[Ss][Pp][Ii][Cc][Ee]";
const DISPLAYS = "cirrus qxl qxl2 qxl3 qxl4 none serial0 serial1 serial2 serial3 std virtio virtio-gl vmware".split(
  " ",
);
const MACHINES =
  "pc|pc(?:-i440fx)?-\\d+(?:\\.\\d+)+(?:\\+pve\\d+)?(?:\\.pxe)?|q35|pc-q35-\\d+(?:\\.\\d+)+(?:\\+pve\\d+)?(?:\\.pxe)?|virt(?:-\\d+(?:\\.\\d+)+)?(?:\\+pve\\d+)?";
const RANGES = "\\d+(?:-\\d+)?(?:;\\d+(?:-\\d+)?)*";

const agent: PropertyFormat = {
  enabled: { type: "boolean", defaultKey: true },
  "freeze-fs": flag,
  "freeze-fs-on-backup": { ...flag, alias: "freeze-fs" },
  "guest-fsfreeze": { ...flag, alias: "freeze-fs" },
  fstrim_cloned_disks: flag,
  type: { type: "string", optional: true, enum: ["virtio", "isa"] },
};

const hostpci: PropertyFormat = {
  host: { type: "string", optional: true, defaultKey: true, pattern: `${PCI}(?:;${PCI})*` },
  mapping,
  rombar: flag,
  romfile: { type: "string", optional: true, pattern: "[^,;]+" },
  pcie: flag,
  "x-vga": flag,
  "legacy-igd": flag,
  mdev: { type: "string", optional: true, pattern: "[^/.:]+" },
  "vendor-id": pciId,
  "device-id": pciId,
  "sub-vendor-id": pciId,
  "sub-device-id": pciId,
  driver: { type: "string", optional: true, enum: ["vfio", "keep"] },
};

const ipconfig: PropertyFormat = {
  ip: { type: "string", optional: true, format: "pve-ipv4-config" },
  gw: { type: "string", optional: true, format: "ipv4", requires: "ip" },
  ip6: { type: "string", optional: true, format: "pve-ipv6-config" },
  gw6: { type: "string", optional: true, format: "ipv6", requires: "ip6" },
};

const smbios1: PropertyFormat = {
  uuid: { type: "string", optional: true, pattern: "[a-fA-F0-9]{8}(?:-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}" },
  version: base64,
  serial: base64,
  manufacturer: base64,
  product: base64,
  sku: base64,
  family: base64,
  base64: flag,
};

/** By the option's name, or its name with `[n]`. */
export const OPTION_FORMATS: Readonly<Record<string, PropertyFormat>> = {
  agent,
  smbios1,
  "hostpci[n]": hostpci,
  "ipconfig[n]": ipconfig,
  audio0: {
    device: { type: "string", enum: ["ich9-intel-hda", "intel-hda", "AC97"] },
    driver: { type: "string", optional: true, enum: ["spice", "none"] },
  },
  boot: {
    legacy: { type: "string", optional: true, defaultKey: true, pattern: "[acdn]{1,4}" },
    order: { type: "string", optional: true, format: "pve-qm-bootdev-list" },
  },
  cicustom: { meta: volume, network: volume, user: volume, vendor: volume },
  ivshmem: {
    size: { type: "integer", minimum: 1 },
    name: { type: "string", optional: true, pattern: "[a-zA-Z0-9-]+" },
  },
  machine: {
    type: { type: "string", optional: true, defaultKey: true, maxLength: 40, pattern: MACHINES },
    viommu: { type: "string", optional: true, enum: ["intel", "virtio"] },
    "aw-bits": { type: "number", optional: true, minimum: 32, maximum: 64 },
    "enable-s3": flag,
    "enable-s4": flag,
  },
  "numa[n]": {
    cpus: { type: "string", pattern: RANGES },
    memory: { type: "number", optional: true },
    hostnodes: { type: "string", optional: true, pattern: RANGES },
    policy: { type: "string", optional: true, enum: ["preferred", "bind", "interleave"] },
  },
  rng0: {
    source: { type: "string", defaultKey: true, enum: ["/dev/urandom", "/dev/random", "/dev/hwrng"] },
    max_bytes: { type: "integer", optional: true },
    period: { type: "integer", optional: true },
  },
  spice_enhancements: {
    foldersharing: flag,
    videostreaming: { type: "string", optional: true, enum: ["off", "all", "filter"] },
  },
  "usb[n]": { host: { type: "string", optional: true, defaultKey: true, pattern: USB }, mapping, usb3: flag },
  vga: {
    type: { type: "string", optional: true, defaultKey: true, enum: DISPLAYS },
    memory: { type: "integer", optional: true, minimum: 4, maximum: 512 },
    clipboard: { type: "string", optional: true, enum: ["vnc"] },
  },
  "virtiofs[n]": {
    dirid: { type: "string", defaultKey: true, format: "pve-configid" },
    cache: { type: "string", optional: true, enum: ["auto", "always", "metadata", "never"] },
    "direct-io": flag,
    "expose-acl": flag,
    "expose-xattr": flag,
  },
  watchdog: {
    model: { type: "string", optional: true, defaultKey: true, enum: ["i6300esb", "ib700"] },
    action: {
      type: "string",
      optional: true,
      enum: ["reset", "shutdown", "poweroff", "pause", "debug", "none"],
    },
  },
};
