import { findSchema } from "../../protocol/parameter-check";
import type { ParameterSchema, ParameterTable } from "../../protocol/parameters";
import { FORMATS } from "../properties";

const flag: ParameterSchema = { type: "boolean", optional: true };
const text: ParameterSchema = { type: "string", optional: true };

/** Options of a container's configuration, as requests may set them (PVE::LXC::Config, $confdesc). */
export const CONTAINER_OPTIONS: ParameterTable = {
  lock: {
    ...text,
    enum: [
      "backup",
      "create",
      "destroyed",
      "disk",
      "fstrim",
      "migrate",
      "mounted",
      "rollback",
      "snapshot",
      "snapshot-delete",
    ],
  },
  onboot: flag,
  startup: { ...text, format: "pve-startup-order" },
  template: flag,
  arch: { ...text, enum: ["amd64", "i386", "arm64", "armhf", "riscv32", "riscv64"] },
  ostype: {
    ...text,
    enum: [
      "debian",
      "devuan",
      "ubuntu",
      "centos",
      "fedora",
      "opensuse",
      "archlinux",
      "alpine",
      "gentoo",
      "nixos",
      "unmanaged",
    ],
  },
  console: flag,
  tty: { type: "integer", optional: true, minimum: 0, maximum: 6 },
  cores: { type: "integer", optional: true, minimum: 1, maximum: 8192 },
  cpulimit: { type: "number", optional: true, minimum: 0, maximum: 8192 },
  cpuunits: { type: "integer", optional: true, minimum: 0, maximum: 500_000 },
  memory: { type: "integer", optional: true, minimum: 16 },
  swap: { type: "integer", optional: true, minimum: 0 },
  hostname: { ...text, format: "dns-name", maxLength: 255 },
  description: { ...text, maxLength: 8192 },
  searchdomain: { ...text, format: "dns-name-list" },
  nameserver: { ...text, format: "lxc-ip-with-ll-iface-list" },
  timezone: { ...text, format: "pve-ct-timezone" },
  rootfs: { ...text, format: FORMATS.rootFileSystem },
  cmode: { ...text, enum: ["shell", "console", "tty"] },
  entrypoint: { ...text, pattern: "[^\\x00-\\x08\\x0a-\\x1F\\x7F]+" },
  protection: flag,
  unprivileged: flag,
  features: { ...text, format: FORMATS.features },
  env: {
    ...text,
    pattern: "(?:\\w+=[^\\x00-\\x08\\x0a-\\x1F\\x7F]*)(?:\\0\\w+=[^\\x00-\\x08\\x0a-\\x1F\\x7F]*)*",
  },
  hookscript: { ...text, format: "pve-volume-id" },
  tags: { ...text, format: "pve-tag-list" },
  debug: flag,
  "net[n]": { ...text, format: FORMATS.containerNetwork, count: 32 },
  "mp[n]": { ...text, format: FORMATS.mountPoint, count: 256 },
  "unused[n]": { ...text, format: FORMATS.unusedVolume, count: 256 },
  "dev[n]": { ...text, format: FORMATS.device, count: 256 },
};

/** Keys that Proxmox writes itself. */
const INTERNAL: ParameterTable = {
  parent: { ...text, format: "pve-configid", maxLength: 40 },
  snaptime: { type: "integer", optional: true, minimum: 0 },
};

/** What an option is; undefined for a key that no configuration has. */
export function containerOption(key: string): ParameterSchema | undefined {
  return findSchema(CONTAINER_OPTIONS, key) ?? findSchema(INTERNAL, key);
}

/**
 * A value as answers carry it: whole numbers and flags as numbers, everything else as text (`cpulimit` too).
 * PVE::LXC::Config::check_type.
 */
export function containerValue(key: string, value: string): string | number {
  const type = containerOption(key)?.type;
  if (type === "boolean") return /^(1|on|yes|true)$/i.test(value) ? 1 : 0;
  return type === "integer" ? Number(value) : value;
}
