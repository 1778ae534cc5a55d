import { optOutSchema } from "./backup-schema";
import type { Disk } from "./environment";
import { at, choose, flag, isMapping, mapping, optional, value, wholeNumber, type Finding } from "./schema-tools";
import { arrangeDisks, hiddenDisk } from "./slots";
import { sentence, storageId } from "./values/names";
import { parsePath, pathFormat } from "./values/paths";
import { parseVolumeSize } from "./values/sizes";

export const volumeSize = value(
  "the size of a volume",
  "whole GiB such as 8GiB; above 1TiB whole TiB",
  parseVolumeSize,
);
const mountPath = value("a path", pathFormat, parsePath);

export const rootSchema = mapping(
  {
    /** Storage of the root disk. */
    storage: storageId,
    /** Size of the root disk. */
    size: volumeSize,
  },
  { backup: "the root disk is in every backup of its guest; it has no flag" },
);

const slotSchema = wholeNumber("a slot", 0, 255);

const volumeDisk = mapping({
  /** Absolute path in the guest. */
  mount: mountPath,
  /** Number of its mount point: 2 is `mp2`. Slots have no gaps. Default: what is left, by the order of the paths. */
  slot: optional(slotSchema),
  /** Storage of the disk. */
  storage: storageId,
  /** Size of the disk. */
  size: volumeSize,
  /** Only to opt out: why the disk is not backed up, who answers for it, and until when. Default: backed up. */
  backup: optional(optOutSchema),
});

const bindMount = mapping(
  {
    /** Absolute path in the guest. */
    mount: mountPath,
    /** Number of its mount point: 2 is `mp2`. Slots have no gaps. Default: what is left, by the order of the paths. */
    slot: optional(slotSchema),
    /** Absolute path of the folder on the node. */
    bind: mountPath,
    /** What protects the data: Proxmox never backs up a bind mount. */
    protectedBy: sentence,
    /** The guest can only read it. Default: false. */
    readOnly: optional(flag),
  },
  {
    backup: "Proxmox never backs up a bind mount; say with protectedBy what does",
    storage: "a bind mount is a folder of the node and has no storage",
    size: "a bind mount is a folder of the node and has no size",
  },
);

type UnnamedDisk<T extends Disk = Disk> = T extends Disk
  ? Omit<T, "name"> & { readonly slot?: number | undefined }
  : never;

export const diskSchema = choose<UnnamedDisk>([volumeDisk, bindMount], (raw) =>
  at(raw, "bind") === undefined && at(raw, "protectedBy") === undefined
    ? volumeDisk.transform(({ backup, ...rest }) => ({ kind: "volume", ...rest, optOut: backup }))
    : bindMount.transform(({ readOnly = false, ...rest }) => ({ kind: "bind", ...rest, readOnly })),
);

/** Two disks at one place: the second would hide the first. */
export function mountsDiffer(raw: unknown): Finding[] {
  if (!isMapping(raw)) return [];
  const seen = new Map<string, string>();
  return Object.entries(raw).flatMap(([name, disk]) => {
    const path = parsePath(at(disk, "mount"));
    if (path === undefined) return [];
    const other = seen.get(path);
    seen.set(path, other ?? name);
    if (other === undefined) return [];
    return [
      { path: [name, "mount"], message: `disk ${other} is mounted there`, allowed: "a path of its own for each disk" },
    ];
  });
}

/** The provider knows no numbers, only a list: a gap would close, and a disk would be mounted twice. */
export function slotsFit(raw: unknown): Finding[] {
  if (!isMapping(raw)) return [];
  const disks = Object.keys(raw)
    .sort()
    .map((name) => placedDisk(name, at(raw, name)));
  const named = disks.filter(({ slot }) => slot !== undefined);
  const last = disks.length - 1;
  const allowed = `each of 0 to ${String(last)} for one disk: there are ${String(disks.length)}`;
  const wrong = named.flatMap(({ name, slot = 0 }): Finding[] => {
    const first = named.find((other) => other.slot === slot)?.name ?? name;
    if (first !== name) return [{ path: [name, "slot"], message: `disk ${first} has the same slot`, allowed }];
    return slot > last ? [{ path: [name, "slot"], message: "slots have no gaps", allowed }] : [];
  });
  if (wrong.length > 0 || disks.some(({ mount }) => mount === "")) return wrong;
  const hidden = hiddenDisk(arrangeDisks(disks));
  if (hidden === undefined) return [];
  return [
    {
      path: [hidden.disk.name, "slot"],
      message: `disk ${hidden.above.name} is mounted above it and comes later, which would hide it`,
      allowed: "a slot behind that of the disk above",
      found: `slot ${String(arrangeDisks(disks).indexOf(hidden.disk))}`,
    },
  ];
}

/** A disk whose path or slot is wrong has that told elsewhere: it takes part without. */
function placedDisk(name: string, raw: unknown) {
  const slot = slotSchema.safeParse(at(raw, "slot"));
  return { name, mount: parsePath(at(raw, "mount")) ?? "", slot: slot.success ? slot.data : undefined };
}
