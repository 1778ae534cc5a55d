/** Drives of a virtual machine. Source: qemu-server, `PVE::QemuServer::Drive`. */
import {
  parseSize,
  readProperties,
  writeProperties,
  type PropertyFormat,
  type PropertyType,
  type UnknownProperties,
} from "./property-format";

/** A drive of a virtual machine (`scsi0`, `virtio1`, `ide2`, `sata0`, `efidisk0`, `tpmstate0`, `unused0`). */
export interface Drive {
  /** Volume id, `storage:SIZE` for a new one, a path, `none` or `cdrom`. */
  readonly file: string;
  readonly media?: "disk" | "cdrom";
  /** Bytes. */
  readonly size?: number;
  readonly backup?: boolean;
  /** Everything else, by Proxmox's names, booleans as `1` and `0`. */
  readonly options: ReadonlyMap<string, string>;
}

const boolean = { type: "boolean" } as const;
const integer = { type: "integer" } as const;
const seconds = { type: "integer", minimum: 1 } as const;
const number = { type: "number" } as const;

function choice(...choices: string[]): PropertyType {
  return { type: "choice", choices };
}

function text(pattern: RegExp): PropertyType {
  return {
    type: "text",
    check: (value) => (pattern.test(value) ? undefined : "value does not match the regex pattern"),
  };
}

const onFailure = ["ignore", "report", "stop"];
const file = { type: "text" } as const;
const imageFormats = choice("raw", "qcow", "qed", "qcow2", "vmdk", "cloop");

/** Limits of speed: each direction has a rate, a burst and the seconds that a burst may last. */
const limits: Readonly<Record<string, PropertyType>> = Object.fromEntries(
  ["", "_rd", "_wr"].flatMap((direction): [string, PropertyType][] => [
    [`bps${direction}`, integer],
    [`bps${direction}_max_length`, seconds],
    [`iops${direction}`, integer],
    [`iops${direction}_max`, integer],
    [`iops${direction}_max_length`, seconds],
    [`mbps${direction}`, number],
    [`mbps${direction}_max`, number],
  ]),
);

const aliases: Readonly<Record<string, string>> = {
  volume: "file",
  bps_rd_length: "bps_rd_max_length",
  bps_wr_length: "bps_wr_max_length",
  iops_rd_length: "iops_rd_max_length",
  iops_wr_length: "iops_wr_max_length",
};

const disk: Readonly<Record<string, PropertyType>> = {
  file,
  aio: choice("native", "threads", "io_uring"),
  backup: boolean,
  cache: choice("none", "writethrough", "writeback", "unsafe", "directsync"),
  detect_zeroes: boolean,
  discard: choice("ignore", "on"),
  format: imageFormats,
  media: choice("cdrom", "disk"),
  replicate: boolean,
  rerror: choice(...onFailure),
  serial: text(/^.{1,60}$/),
  shared: boolean,
  size: { type: "size" },
  snapshot: boolean,
  werror: choice("enospc", ...onFailure),
  ...limits,
};
const ssd = boolean;
const wwn = text(/^0x[0-9a-fA-F]{16}$/);

const propertiesByBus: Readonly<Record<string, Readonly<Record<string, PropertyType>>>> = {
  ide: { ...disk, model: text(/^.{1,120}$/), ssd, wwn },
  sata: { ...disk, ssd, wwn },
  virtio: { ...disk, iothread: boolean, ro: boolean },
  scsi: {
    ...disk,
    iothread: boolean,
    product: text(/^[A-Za-z0-9\-_\s]{0,16}$/),
    queues: { type: "integer", minimum: 2 },
    ro: boolean,
    scsiblock: boolean,
    ssd,
    vendor: text(/^[A-Za-z0-9\-_\s]{0,8}$/),
    wwn,
  },
  efidisk: {
    file,
    efitype: choice("2m", "4m"),
    format: imageFormats,
    "ms-cert": choice("2011", "2023", "2023w", "2023k"),
    "pre-enrolled-keys": boolean,
    size: { type: "size" },
  },
  tpmstate: {
    file,
    format: choice("raw", "qcow2", "vmdk"),
    size: { type: "size" },
    version: choice("v1.2", "v2.0"),
  },
  unused: { file },
};

/** @throws RangeError when the key is none of a drive. */
function formatOf(key: string): PropertyFormat {
  const properties = propertiesByBus[key.replace(/\d+$/, "")];
  if (properties === undefined) {
    throw new RangeError(`${key} is no drive of a virtual machine`);
  }
  return { defaultKey: "file", required: ["file"], properties, aliases };
}

/** A request that makes a drive may also name an image to copy from; a configuration never holds that. */
function requestFormatOf(key: string): PropertyFormat {
  const format = formatOf(key);
  return { ...format, properties: { ...format.properties, "import-from": { type: "text" } } };
}

/**
 * Reads a drive. `import-from` is allowed, as in a request that makes one.
 *
 * @throws PropertyStringError, RangeError for a key that no drive has.
 */
export function parseDrive(key: string, text: string, unknown: UnknownProperties = "refuse"): Drive {
  const options = readProperties(requestFormatOf(key), key, text, unknown);
  const take = (property: string): string | undefined => {
    const value = options.get(property);
    options.delete(property);
    return value;
  };
  const file = take("file") ?? "";
  const media = take("media");
  const size = parseSize(take("size") ?? "");
  const backup = take("backup");
  return {
    file,
    ...(media === "disk" || media === "cdrom" ? { media } : {}),
    ...(size === undefined ? {} : { size }),
    ...(backup === undefined ? {} : { backup: backup === "1" }),
    options,
  };
}

/**
 * Writes a drive in Proxmox's order.
 *
 * @throws PropertyStringError for what a configuration cannot hold (`import-from`).
 */
export function formatDrive(key: string, drive: Drive, unknown: UnknownProperties = "refuse"): string {
  const properties = new Map(drive.options);
  const set = (property: string, value: string | undefined): void => {
    if (value !== undefined) {
      properties.set(property, value);
    }
  };
  set("file", drive.file);
  set("media", drive.media);
  set("size", drive.size?.toString());
  set("backup", drive.backup === undefined ? undefined : String(Number(drive.backup)));
  return writeProperties(formatOf(key), key, properties, unknown);
}

/** Keys of drives that a virtual machine can have, without `unusedN`. */
export function isDriveKey(key: string): boolean {
  return /^(ide[0-3]|sata[0-5]|scsi(\d|[12]\d|30)|virtio(\d|1[0-5])|efidisk0|tpmstate0)$/.test(key);
}
