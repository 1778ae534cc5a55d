/** Disks and folders of a container: `rootfs`, `mpN`, `unusedN`. Source: pve-container, `PVE::LXC::Config`. */
import {
  parseSize,
  readProperties,
  writeProperties,
  type PropertyFormat,
  type UnknownProperties,
} from "./property-format";

/** `volume`: on a storage; `bind`: a folder of the node; `device`: a block device of the node. */
export type MountPointKind = "volume" | "bind" | "device";

/** `rootfs` or `mpN` of a container. */
export interface MountPoint {
  readonly kind: MountPointKind;
  /** Volume id, `storage:SIZE` for a new volume, or a path of the node. */
  readonly volume: string;
  /** Path inside the container; `/` for the root disk, empty for an unused one. */
  readonly mount: string;
  /** Bytes. */
  readonly size?: number;
  readonly backup?: boolean;
  readonly readOnly?: boolean;
  readonly acl?: boolean;
  readonly quota?: boolean;
  readonly replicate?: boolean;
  readonly shared?: boolean;
  readonly keepAttributes?: boolean;
  /** Such as `noatime`, `discard`. */
  readonly mountOptions?: readonly string[];
  /** Everything else, by Proxmox's names. */
  readonly options?: ReadonlyMap<string, string>;
}

/**
 * `.` and `..` as parts of a path are refused; a path without a leading slash is not. Source: `verify_lxc_mp_string`.
 */
function pathProblem(value: string): string | undefined {
  return /(^|\/)\.\.?(\/|$)/.test(value) ? `invalid format - ${value} contains illegal character sequences` : undefined;
}

const mountOption = "(?:discard|lazytime|noatime|nodev|noexec|nosuid)";
const mountOptions = new RegExp(`^${mountOption}(?:;${mountOption})*$`);
const idMap = /^(?:passthrough|[ug]:\d+:\d+:[1-9]\d*(?:;[ug]:\d+:\d+:[1-9]\d*)*)$/;

function matches(pattern: RegExp): (value: string) => string | undefined {
  return (value) => (pattern.test(value) ? undefined : "value does not match the regex pattern");
}

const rootFormat = {
  defaultKey: "volume",
  required: ["volume"],
  properties: {
    volume: { type: "text", check: pathProblem },
    acl: { type: "boolean" },
    idmap: { type: "text", check: matches(idMap) },
    mountoptions: { type: "text", check: matches(mountOptions) },
    quota: { type: "boolean" },
    replicate: { type: "boolean" },
    ro: { type: "boolean" },
    shared: { type: "boolean" },
    size: { type: "size" },
  },
} as const satisfies PropertyFormat;

const mountFormat: PropertyFormat = {
  ...rootFormat,
  required: ["volume", "mp"],
  properties: {
    ...rootFormat.properties,
    backup: { type: "boolean" },
    keepattrs: { type: "boolean" },
    mp: { type: "text", check: pathProblem },
  },
};

const unusedFormat: PropertyFormat = {
  defaultKey: "volume",
  required: ["volume"],
  properties: { volume: { type: "text", check: pathProblem } },
};

function formatOf(key: string): PropertyFormat {
  if (key === "rootfs") {
    return rootFormat;
  }
  return key.startsWith("unused") ? unusedFormat : mountFormat;
}

const knownProperties = new Set(Object.keys(mountFormat.properties).filter((key) => key !== "idmap"));

/**
 * Reads `rootfs`, `mpN` or `unusedN` of a container.
 *
 * @throws PropertyStringError
 */
export function parseMountPoint(key: string, text: string, unknown: UnknownProperties = "refuse"): MountPoint {
  const properties = readProperties(formatOf(key), key, text, unknown);
  const volume = properties.get("volume") ?? "";
  const size = parseSize(properties.get("size") ?? "");
  const options = new Map([...properties].filter(([name]) => !knownProperties.has(name)));
  const list = properties.get("mountoptions")?.split(";");
  return {
    kind: kindOf(volume),
    volume,
    mount: key === "rootfs" ? "/" : (properties.get("mp") ?? ""),
    ...(size === undefined ? {} : { size }),
    ...flag(properties, "backup", "backup"),
    ...flag(properties, "ro", "readOnly"),
    ...flag(properties, "acl", "acl"),
    ...flag(properties, "quota", "quota"),
    ...flag(properties, "replicate", "replicate"),
    ...flag(properties, "shared", "shared"),
    ...flag(properties, "keepattrs", "keepAttributes"),
    ...(list === undefined ? {} : { mountOptions: list }),
    ...(options.size === 0 ? {} : { options }),
  };
}

/** Source: `PVE::LXC::Config::classify_mountpoint`. */
function kindOf(volume: string): MountPointKind {
  if (!volume.startsWith("/")) {
    return "volume";
  }
  return volume.startsWith("/dev/") ? "device" : "bind";
}

type FlagName = "backup" | "readOnly" | "acl" | "quota" | "replicate" | "shared" | "keepAttributes";

function flag(
  properties: ReadonlyMap<string, string>,
  property: string,
  name: FlagName,
): { [Name in FlagName]?: boolean } {
  const value = properties.get(property);
  return value === undefined ? {} : { [name]: value === "1" };
}

/**
 * Writes a mount point in Proxmox's order: volume, mount, then the rest by name.
 *
 * @throws PropertyStringError when it could not be read again.
 */
export function formatMountPoint(key: string, mountPoint: MountPoint, unknown: UnknownProperties = "refuse"): string {
  const properties = new Map<string, string>(mountPoint.options);
  const set = (property: string, value: string | number | boolean | undefined): void => {
    if (value !== undefined) {
      properties.set(property, typeof value === "boolean" ? String(Number(value)) : String(value));
    }
  };
  set("volume", mountPoint.volume);
  set("mp", formatOf(key) === mountFormat ? mountPoint.mount : undefined);
  set("size", mountPoint.size);
  set("backup", mountPoint.backup);
  set("ro", mountPoint.readOnly);
  set("acl", mountPoint.acl);
  set("quota", mountPoint.quota);
  set("replicate", mountPoint.replicate);
  set("shared", mountPoint.shared);
  set("keepattrs", mountPoint.keepAttributes);
  set("mountoptions", mountPoint.mountOptions?.join(";"));
  return writeProperties(formatOf(key), key, properties, unknown);
}

/** `rootfs`, `mp0` to `mp255`. */
export function isMountPointKey(key: string): boolean {
  return /^(rootfs|mp(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5]))$/.test(key);
}

/** `unused0` to `unused255`: volumes that the guest owns and does not use. */
export function isUnusedKey(key: string): boolean {
  return /^unused(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])$/.test(key);
}
