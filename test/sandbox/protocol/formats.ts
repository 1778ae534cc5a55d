/**
 * The named formats of Proxmox's parameters. Each check throws a `FormatError` with Proxmox's own text
 * (PVE::JSONSchema, PVE::AccessControl, PVE::Storage::Plugin, PVE::VZDump::Common).
 */
import { isIP, isIPv4, isIPv6 } from "node:net";
import { CalendarEventError, parseCalendarEvent } from "../../../proxmox/rules/calendar-events";
import { isTimeZone } from "../../../proxmox/rules/time-zones";
import { PRIVILEGES } from "./roles";
import type { PropertyFormat } from "./parameters";
import { checkAddressOrNetwork } from "./addresses";
import {
  checkAddressList,
  checkAddressOrAlias,
  checkConntrackHelpers,
  checkIcmpType,
  checkPorts,
  checkProtocol,
} from "./firewall-formats";
import { FormatError } from "./format-error";
import { checkAddressBits, checkProcessor, PROCESSOR_FORMAT } from "./processor-format";

type Check = (value: string) => void;

function matching(pattern: RegExp, text: (value: string) => string): Check {
  return (value) => {
    if (!pattern.test(value)) throw new FormatError(text(value));
  };
}

const DNS_NAME = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?\.)*[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?$/;
const USER_ID = /^[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+$/;
const TOKEN_ID = /^[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+![A-Za-z][A-Za-z0-9.\-_]+$/;
const EMAIL = /^[\w+\-~]+(?:\.[\w+\-~]+)*@[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*$/;
const CIDR_V4 = /^([\d.]+)\/(\d+)$/;
const CIDR_V6 = /^([0-9A-Fa-f:.]+)\/(\d+)$/;

function storageId(value: string): void {
  if (value.length < 2) throw new FormatError(`storage ID '${value}' cannot be shorter than 2 characters`);
  if (!/^[a-z][a-z0-9\-_.]*[a-z0-9]$/i.test(value)) {
    throw new FormatError(`storage ID '${value}' contains illegal characters`);
  }
}

function poolId(value: string): void {
  if (value.split("/").length > 3) throw new FormatError(`pool name '${value}' nested too deeply (max levels = 3)`);
  if (!/^[A-Za-z0-9.\-_]+(?:\/[A-Za-z0-9.\-_]+){0,2}$/.test(value)) {
    throw new FormatError(`pool name '${value}' contains invalid characters`);
  }
}

function userId(value: string): void {
  if (value.length < 3) throw new FormatError(`user name '${value}' is too short`);
  if (value.length > 64) throw new FormatError(`user name '${value}' is too long (${String(value.length)} > 64)`);
  if (!USER_ID.test(value)) throw new FormatError(`value '${value}' does not look like a valid user name`);
}

function calendarEvent(value: string): void {
  try {
    parseCalendarEvent(value);
  } catch (failure) {
    if (failure instanceof CalendarEventError) {
      throw new FormatError(`invalid calendar event '${value}' - ${failure.message}`);
    }
    throw failure;
  }
}

function isNetwork(value: string): boolean {
  const [, address4 = "", bits4] = CIDR_V4.exec(value) ?? [];
  if (isIPv4(address4)) return Number(bits4) > 7 && Number(bits4) <= 32;
  const [, address6 = "", bits6] = CIDR_V6.exec(value) ?? [];
  return isIPv6(address6) && Number(bits6) > 7 && Number(bits6) <= 128;
}

function isNetwork4(value: string): boolean {
  return isNetwork(value) && isIPv4(value.split("/")[0] ?? "");
}

function isNetwork6(value: string): boolean {
  return isNetwork(value) && isIPv6(value.split("/")[0] ?? "");
}

function satisfying(accepts: (value: string) => boolean, text: (value: string) => string): Check {
  return (value) => {
    if (!accepts(value)) throw new FormatError(text(value));
  };
}

function timeZone(value: string): void {
  if (!isTimeZone(value)) throw new FormatError(`invalid time zone '${value}'`);
}

function absolutePath(value: string): void {
  if (!/^\/[^;()]/u.test(value)) throw new FormatError(`value does not look like a valid absolute path`);
}

/** Drives but those of firmware and TPM, cards, and passed-through devices. */
const BOOT_DEVICE =
  /^(?:ide[0-3]|sata[0-5]|scsi(?:[12]?\d|30)|virtio(?:\d|1[0-5])|net(?:[12]?\d|3[01])|usb(?:\d|1[0-3])|hostpci(?:\d|1[0-5]))$/;

/** `0` and `1` stand for none and for the usual ones. */
function hotplugFeatures(value: string): void {
  if (value === "0" || value === "1") return;
  const unknown = value
    .split(/[\0,;\s]+/)
    .find((feature) => feature !== "" && !/^(?:network|disk|cpu|memory|usb|cloudinit)$/.test(feature));
  if (unknown !== undefined) throw new FormatError(`invalid hotplug feature '${unknown}'`);
}

const CONTENT_TYPES = ["images", "rootdir", "vztmpl", "iso", "backup", "snippets", "import", "none"];
const STATUSES = ["ok", "error", "warning", "unknown"];
const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

function oneOf(values: readonly string[], text: (value: string) => string): Check {
  return satisfying((value) => values.includes(value), text);
}

const CHECKS = new Map<string, Check>([
  ["string", () => undefined],
  ["urlencoded", matching(/^[-%a-zA-Z0-9_.!~*'()]*$/, (value) => `invalid urlencoded string: ${value}`)],
  ["pve-configid", matching(/^[a-z][a-z0-9_-]+$/i, (value) => `invalid configuration ID '${value}'`)],
  ["pve-storage-id", storageId],
  ["pve-bridge-id", matching(/^[-_.\w]+$/, (value) => `invalid bridge ID '${value}'`)],
  ["pve-vmid", matching(/^[1-9][0-9]{2,8}$/, () => "value does not look like a valid VM ID")],
  [
    "pve-node",
    matching(/^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?$/, () => "value does not look like a valid node name"),
  ],
  ["pve-poolid", poolId],
  ["pve-userid", userId],
  ["pve-tokenid", matching(TOKEN_ID, (value) => `value '${value}' does not look like a valid token ID`)],
  ["pve-groupid", matching(/^[A-Za-z0-9.\-_]+$/, (value) => `group name '${value}' contains invalid characters`)],
  ["pve-roleid", matching(/^[A-Za-z0-9.\-_]+$/, (value) => `role name '${value}' contains invalid characters`)],
  ["pve-realm", matching(/^[A-Za-z][A-Za-z0-9.\-_]+$/, () => "value does not look like a valid realm")],
  ["pve-priv", oneOf(PRIVILEGES, (value) => `invalid privilege '${value}'`)],
  ["IPorCIDR", checkAddressOrNetwork],
  ["IPorCIDRorAlias", checkAddressOrAlias],
  ["pve-fw-addr-spec", (value) => void checkAddressList(value)],
  ["pve-fw-dport-spec", (value) => checkPorts(value, true)],
  ["pve-fw-sport-spec", (value) => checkPorts(value, false)],
  ["pve-fw-icmp-type-spec", checkIcmpType],
  ["pve-fw-protocol-spec", checkProtocol],
  ["pve-fw-conntrack-helper", checkConntrackHelpers],
  ["pve-calendar-event", calendarEvent],
  ["pve-day-of-week", oneOf(DAYS, (value) => `invalid day '${value}'`)],
  ["pve-storage-content", oneOf(CONTENT_TYPES, (value) => `invalid content type '${value}'`)],
  ["pve-task-status-type", oneOf(STATUSES, (value) => `invalid status '${value}'`)],
  ["pve-storage-path", absolutePath],
  [
    "pve-storage-vgname",
    matching(
      /^[a-z0-9][a-z0-9\-_.]*[a-z0-9]$/i,
      (value) => `lvm volume group name '${value}' contains illegal characters`,
    ),
  ],
  ["pve-storage-server", satisfying(isAddress, () => "value does not look like a valid server name or IP address")],
  ["pve-storage-portal-dns", satisfying(isPortal, () => "value does not look like a valid portal address")],
  ["pve-storage-options", matching(/^[^\s]+$/, () => "value does not look like a valid list of mount options")],
  ["pve-dir-override", matching(/^[a-z]+=\/?[^,]+$/, (value) => `invalid override '${value}'`)],
  ["pve-storage-zfs-blocksize", matching(/^\d+[kKmM]?$/, () => "value does not look like a valid block size")],
  ["pve-volume-id", matching(/^[a-z][a-z0-9\-_.]*[a-z0-9]:.+$/i, (value) => `unable to parse volume ID '${value}'`)],
  [
    "pve-iface",
    matching(/^[a-z][a-z0-9_]{1,20}(?:[:.]\d+)?$/i, (value) => `invalid network interface name '${value}'`),
  ],
  ["pve-qm-bootdev", matching(BOOT_DEVICE, (value) => `invalid boot device '${value}'`)],
  ["pve-hotplug-features", hotplugFeatures],
  ["pve-cpuset", matching(/^\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*$/, () => "unable to parse cpuset option")],
  ["pve-tag", matching(/^[a-z0-9_][a-z0-9_\-+.]*$/i, () => "invalid characters in tag")],
  [
    "pve-startup-order",
    matching(
      /^(?:(?:order=)?\d+|up=\d+|down=\d+)(?:,(?:(?:order=)?\d+|up=\d+|down=\d+))*$/,
      () => "unable to parse startup options",
    ),
  ],
  [
    "pve-ha-resource-or-vm-id",
    matching(/^(?:(?:vm|ct):)?\d+$|^[a-z]+:\S+$/, () => "value does not look like a valid ha resource id"),
  ],
  ["pve-ha-resource-id", matching(/^(?:vm|ct):\d+$/, () => "value does not look like a valid ha resource id")],
  [
    "pve-ha-node",
    matching(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?::\d+)?$/i, () => "value does not look like a valid ha node id"),
  ],
  [
    "mac-addr",
    matching(/^[a-f0-9][02468ace](?::[a-f0-9]{2}){5}$/i, () => "value does not look like a valid unicast MAC address"),
  ],
  [
    "disk-size",
    matching(/^\d+(?:\.\d+)?(?:[KMGT](?:iB)?)?$/, (value) => `value does not look like a valid disk size: ${value}`),
  ],
  ["dns-name", matching(DNS_NAME, () => "value does not look like a valid DNS name")],
  ["address", satisfying(isAddress, (value) => `value does not look like a valid address: ${value}`)],
  [
    "ip",
    satisfying(
      (value) => isIP(value) !== 0,
      () => "value does not look like a valid IP address",
    ),
  ],
  ["ipv4", satisfying(isIPv4, () => "value does not look like a valid IPv4 address")],
  ["ipv6", satisfying(isIPv6, () => "value does not look like a valid IPv6 address")],
  ["CIDR", satisfying(isNetwork, () => "value does not look like a valid CIDR network")],
  [
    "ipv4mask",
    matching(
      /^(?:(?:255|254|252|248|240|224|192|128|0)(?:\.|$)){4}$/,
      () => "value does not look like a valid IP netmask",
    ),
  ],
  ["pve-vlan-id-or-range", matching(/^\d{1,4}(?:-\d{1,4})?$/, (value) => `invalid VLAN ID '${value}'`)],
  ["CIDRv4", satisfying(isNetwork4, () => "value does not look like a valid IPv4 CIDR network")],
  ["CIDRv6", satisfying(isNetwork6, () => "value does not look like a valid IPv6 CIDR network")],
  [
    "pve-ipv4-config",
    satisfying(
      (value) => ["dhcp", "manual"].includes(value) || isNetwork4(value),
      () => "value does not look like a valid ipv4 network configuration",
    ),
  ],
  [
    "pve-ipv6-config",
    satisfying(
      (value) => ["auto", "dhcp", "manual"].includes(value) || isNetwork6(value),
      () => "value does not look like a valid ipv6 network configuration",
    ),
  ],
  ["email", matching(EMAIL, () => "value does not look like a valid email address")],
  [
    "email-or-username",
    satisfying(
      (value) => EMAIL.test(value) || /^[\w+\-~]+(?:\.[\w+\-~]+)*$/.test(value),
      () => "value does not look like a valid email address or user name",
    ),
  ],
  ["pve-phys-bits", checkAddressBits],
  ["timezone", timeZone],
  ["pve-ct-timezone", (value) => (value === "host" ? undefined : timeZone(value))],
  [
    "pve-lxc-mp-string",
    satisfying(
      (value) => !/\/\.\.?(?:\/|$)|^\.\.\//.test(value),
      (value) => `${value} contains illegal character sequences`,
    ),
  ],
  [
    "pve-lxc-dev-string",
    satisfying(
      (value) => !/\/\.\.?(?:\/|$)|^\.\.\//.test(value) && value.startsWith("/dev/"),
      (value) => `${value} is not a valid device string`,
    ),
  ],
  [
    "lxc-ip-with-ll-iface",
    satisfying(
      (value) => isIP(value.replace(/^(fe80:[^%]+)%.+$/, "$1")) !== 0,
      () => "value does not look like a valid IP address",
    ),
  ],
]);

function isAddress(value: string): boolean {
  return isIP(value) !== 0 || DNS_NAME.test(value);
}

function isPortal(value: string): boolean {
  return isAddress(value.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1"));
}

const COUNT = { type: "integer", optional: true, minimum: 0 } as const;

/** Named formats that are property strings, some with a rule over all keys, which may change them. */
const PROPERTY_FORMATS = new Map<string, { keys: PropertyFormat; rule?: (keys: Map<string, string>) => void }>([
  [
    "prune-backups",
    {
      keys: {
        "keep-all": { type: "boolean", optional: true },
        "keep-last": COUNT,
        "keep-hourly": COUNT,
        "keep-daily": COUNT,
        "keep-weekly": COUNT,
        "keep-monthly": COUNT,
        "keep-yearly": COUNT,
      },
      rule: (keys) => {
        const counts = [...keys].filter(([key, value]) => key !== "keep-all" && Number(value) > 0);
        if (keys.get("keep-all") === "1" && counts.length > 0) {
          throw new FormatError("keep-all cannot be set together with other options.");
        }
        // What keeps nothing in particular keeps everything, and only then is that said.
        if (counts.length === 0) keys.clear();
        if (counts.length === 0) keys.set("keep-all", "1");
        else keys.delete("keep-all");
      },
    },
  ],
  [
    "backup-fleecing",
    {
      keys: {
        enabled: { type: "boolean", optional: true, defaultKey: true },
        storage: { type: "string", optional: true, format: "pve-storage-id" },
      },
      rule: (keys) => {
        if (keys.get("enabled") === "1" && !keys.has("storage")) {
          throw new FormatError("'storage' parameter is required when 'enabled' is set");
        }
      },
    },
  ],
  ["pve-vm-cpu-conf", { keys: PROCESSOR_FORMAT, rule: checkProcessor }],
  [
    "pve-qemu-sev-fmt",
    {
      keys: {
        type: { type: "string", defaultKey: true, enum: ["std", "es", "snp"], maxLength: 3 },
        "no-debug": { type: "boolean", optional: true },
        "no-key-sharing": { type: "boolean", optional: true },
        "allow-smt": { type: "boolean", optional: true },
        "kernel-hashes": { type: "boolean", optional: true },
      },
    },
  ],
  [
    "pve-qemu-tdx-fmt",
    {
      keys: {
        type: { type: "string", defaultKey: true, enum: ["tdx"] },
        attestation: { type: "boolean" },
        "vsock-cid": { type: "integer", optional: true, minimum: 2 },
        "vsock-port": { type: "integer", optional: true, minimum: 0 },
      },
    },
  ],
  [
    "backup-performance",
    {
      keys: {
        "max-workers": { type: "integer", optional: true, minimum: 1, maximum: 256 },
        "pbs-entries-max": { type: "integer", optional: true, minimum: 1 },
      },
    },
  ],
  [
    "bwlimit",
    {
      keys: Object.fromEntries(
        ["default", "restore", "migration", "move", "clone"].map((key) => [
          key,
          { type: "number", optional: true, minimum: 0 },
        ]),
      ),
    },
  ],
]);

/** The keys of a named format that is a property string. */
export function namedPropertyFormat(
  name: string,
): { keys: PropertyFormat; rule?: (keys: Map<string, string>) => void } | undefined {
  return PROPERTY_FORMATS.get(name);
}

/** Whether there is a format of that name; `-list` and `-opt` forms included. */
export function isFormat(name: string): boolean {
  return PROPERTY_FORMATS.has(name) || CHECKS.has(baseName(name));
}

/** Throws a FormatError when one of the value's parts does not have the format. */
export function checkNamedFormat(name: string, value: string): void {
  const check = CHECKS.get(baseName(name));
  if (check === undefined) throw new Error(`undefined format '${name}'`);
  if (name.endsWith("-opt") && value === "") return;
  const parts = name.endsWith("-list") ? value.split(/[\0,;\s]+/).filter((part) => part !== "") : [value];
  for (const part of parts) check(part);
}

function baseName(name: string): string {
  return name.replace(/-(?:list|opt)$/, "");
}
