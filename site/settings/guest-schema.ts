import { optOutSchema, snapshotsSchema } from "./backup-schema";
import { checksSchema as checks } from "./checks-schema";
import type { Address, Disk } from "./environment";
import { objectivesSchema } from "./policy-schema";
import {
  at,
  checked,
  choose,
  entries,
  flag,
  isMapping,
  list,
  listWords,
  mapping,
  oneOf,
  optional,
  refusing,
  text,
  value,
  wholeNumber,
  type Finding,
  type Schema,
} from "./schema-tools";
import { arrangeDisks, hiddenDisk } from "./slots";
import { isInNetwork, parseHostAddress, parseIp } from "./values/addresses";
import {
  bridgeName,
  dnsName,
  guestName,
  imageId,
  nodeName,
  paragraphs,
  poolId,
  publicKey,
  sentence,
  storageId,
  tagName,
  templateId,
  userName,
} from "./values/names";
import { parsePath, pathFormat } from "./values/paths";
import { parseMemorySize, parseSwapSize, parseVolumeSize, sizeFormat } from "./values/sizes";

/** Proxmox's `ostype` for containers, as far as the provider passes it on. */
const osTypes = [
  "alpine",
  "archlinux",
  "centos",
  "debian",
  "devuan",
  "fedora",
  "gentoo",
  "nixos",
  "opensuse",
  "ubuntu",
  "unmanaged",
] as const;

/** Proxmox's `pve-vmid`. */
export const guestId = wholeNumber("a guest's id", 100, 999_999_999);

const volumeSize = value("the size of a volume", "whole GiB such as 8GiB; above 1TiB whole TiB", parseVolumeSize);
const mountPath = value("a path", pathFormat, parsePath);
const ip = value("an IP address", "an IPv4 or IPv6 address such as 192.0.2.1", (raw) =>
  typeof raw === "string" && parseIp(raw) !== undefined ? raw : undefined,
);

const rootSchema = mapping(
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

const diskSchema = choose<UnnamedDisk>([volumeDisk, bindMount], (raw) =>
  at(raw, "bind") === undefined && at(raw, "protectedBy") === undefined
    ? volumeDisk.transform(({ backup, ...rest }) => ({ kind: "volume", ...rest, optOut: backup }))
    : bindMount.transform(({ readOnly = false, ...rest }) => ({ kind: "bind", ...rest, readOnly })),
);

const networkSchema = checked(
  mapping({
    /** Bridge of the node. */
    bridge: bridgeName,
    /** `dhcp`, or the address with its prefix. */
    address: value("an address", "dhcp, or the guest's address with its prefix such as 192.0.2.101/24", parseAddress),
    /** Router, in the network of the guest. Default: none. */
    gateway: optional(ip),
    /** Fixed MAC address. Default: Proxmox makes one up. */
    mac: optional(value("a MAC address", "a unicast address such as BC:24:11:00:01:01", parseMac)),
    /** VLAN tag. Default: none. */
    vlan: optional(wholeNumber("a VLAN", 1, 4094)),
    /** Proxmox's firewall on this interface. Default: false. */
    firewall: optional(flag),
  }),
  gatewayFits,
);

function parseAddress(raw: unknown): Address | undefined {
  if (raw === "dhcp") return { kind: "dhcp" };
  const address = parseHostAddress(raw);
  if (address === undefined) return undefined;
  const { family, prefix } = address;
  return { kind: "static", family, ip: address.ip, prefix, cidr: `${address.ip}/${prefix}` };
}

function parseMac(raw: unknown): string | undefined {
  const pattern = /^[0-9A-Fa-f][02468ACEace](?::[0-9A-Fa-f]{2}){5}$/;
  return typeof raw === "string" && pattern.test(raw) ? raw.toUpperCase() : undefined;
}

function gatewayFits(raw: unknown): Finding[] {
  const gateway = parseIp(at(raw, "gateway"));
  if (gateway === undefined) return [];
  const allowed = "another address of the guest's own network";
  if (at(raw, "address") === "dhcp") {
    return [{ path: ["gateway"], message: "DHCP brings the gateway", allowed: "no gateway beside address: dhcp" }];
  }
  const address = parseHostAddress(at(raw, "address"));
  if (address === undefined) return [];
  if (!isInNetwork(address, gateway)) return [{ path: ["gateway"], message: "not in the guest's network", allowed }];
  return address.value === gateway.value ? [{ path: ["gateway"], message: "the guest's own address", allowed }] : [];
}

/** Disks of a guest that was made by hand go by Proxmox's own keys. */
const diskKey = text(
  "a disk's key",
  "a key of Proxmox such as mp1, scsi0 or virtio2",
  /^(?:mp|ide|sata|scsi|virtio|efidisk|tpmstate)\d{1,3}$/u,
);

/** Proxmox's `ostype` for virtual machines. */
const machineOsTypes = ["l26", "l24", "win11", "win10", "win8", "win7", "w2k8", "solaris", "other"] as const;

const machineDisk = mapping({
  /** Storage of the disk. */
  storage: storageId,
  /** Size of the disk. It can grow later, and never shrinks. */
  size: volumeSize,
  /** `raw` works on every storage; `qcow2` makes snapshots possible on a folder. Default: `raw`. */
  format: optional(oneOf("a format of disks", ["raw", "qcow2"])),
  /** Image that the disk is made from, on a storage with content `import`. Default: an empty disk. */
  image: optional(imageId),
  /** Only to opt out: why the disk is not backed up, who answers for it, and until when. Default: backed up. */
  backup: optional(optOutSchema),
});

const machineDiskKey = text(
  "a disk's key",
  "a key of Proxmox: scsi0 to scsi30, virtio0 to virtio15, or sata0 to sata5",
  /^(?:scsi(?:[0-9]|[12][0-9]|30)|virtio(?:[0-9]|1[0-5])|sata[0-5])$/u,
);

const cloudInitSchema = mapping({
  /** Storage of the drive that cloud-init reads. */
  storage: storageId,
  /** User that it makes. Default: the environment's `ssh.user`. */
  user: optional(userName),
  /** Public keys that the user lets in. Default: the environment's. */
  sshKeys: optional(list("public SSH keys", publicKey)),
  /** Default: those of the node. */
  nameservers: optional(list("IP addresses", ip)),
  /** Domain that names without a dot are looked up in. Default: that of the node. */
  searchDomain: optional(dnsName),
});

const needs = optional(list("guests", guestName, 1));

/** Every key of a container. */
export const containerKeys = {
  /** A container that the program makes. */
  kind: oneOf("a kind of guest", ["container"]),
  /** Id in Proxmox. It must be free: a guest that is there already is never taken over. */
  id: guestId,
  /** Node that it lives on. Default: the environment's. */
  node: optional(nodeName),
  /** Host name. Default: its name here. */
  hostname: optional(dnsName),
  /** Volume id of the template that it is unpacked from when it is made. */
  template: templateId,
  /** Proxmox's kind of operating system. Default: by the name of the template. */
  osType: optional(oneOf("an operating system", osTypes)),
  /** The root disk. Proxmox backs it up always. */
  root: rootSchema,
  /** Further disks and bind mounts, by names of your own. */
  disks: optional(checked(entries("disks", guestName, diskSchema), (raw) => [...mountsDiffer(raw), ...slotsFit(raw)])),
  /** The interface `eth0`. */
  network: networkSchema,
  /** Default: 1. */
  cores: optional(wholeNumber("a number of cores", 1, 8192)),
  /** Default: 512MiB. */
  memory: optional(value("a size of memory", `${sizeFormat}; at least 16MiB`, atLeast16MiB)),
  /** Default: 0. */
  swap: optional(value("a size of swap", "0, or whole MiB such as 512MiB", parseSwapSize)),
  /** Default: those of the node. */
  nameservers: optional(list("IP addresses", ip)),
  /** Domain that names without a dot are looked up in. Default: that of the node. */
  searchDomain: optional(dnsName),
  /** What proves after a restore that it is back: `running`, `ping`, `ssh`, `tcp:PORT`, `http:PATH=STATUS`, `{ command }`. Default: ping and ssh with a fixed address, running otherwise. */
  checks,
  /** Guests of the environment that it cannot work without. `lifeboat drill` brings them up first, in the same network. */
  needs,
  /** Its root is nobody on the node. Default: true. */
  unprivileged: optional(flag),
  /** Containers inside the container, as Docker needs. Default: false. */
  nesting: optional(flag),
  /** Started with the node. Default: true. */
  startOnBoot: optional(flag),
  /** Running after `pulumi up`. Default: true. */
  started: optional(flag),
  /** Proxmox's own protection, which also refuses a restore in place. Default: false. */
  protection: optional(flag),
  /** Tags in Proxmox, beside that of Lifeboat. */
  tags: optional(list("tags", tagName)),
  /** Pool in Proxmox. Default: none. */
  pool: optional(poolId),
  /** Notes in Proxmox, above the mark of Lifeboat. */
  description: optional(paragraphs),
  /** It may be made empty although the storage for backups holds archives of its id. Default: false. */
  fresh: optional(flag),
  /** Public keys that it lets in when it is made. Default: the environment's. */
  sshKeys: optional(list("public SSH keys", publicKey)),
  /** What its backups and restores have to achieve. Default: the environment's. */
  objectives: optional(objectivesSchema),
  /** Only to opt out: the whole guest is not backed up. */
  backup: optional(optOutSchema),
  /** Snapshots on a schedule, without interrupting the guest. They lie with its disks and are no backups. Default: none. */
  snapshots: optional(snapshotsSchema),
};

const containerSchema = checked(mapping(containerKeys), (raw) => [
  ...osTypeIsKnown(raw),
  ...snapshotsArePossible(raw),
  ...noAgentIsAsked(raw),
]);

function asksAgent(check: unknown): boolean {
  return check === "agent" || at(check, "agent-exec") !== undefined;
}

/** Only a virtual machine has a guest agent. */
function noAgentIsAsked(raw: unknown): Finding[] {
  const wanted: unknown = at(raw, "checks");
  const index = Array.isArray(wanted) ? wanted.findIndex(asksAgent) : -1;
  if (index < 0) return [];
  return [
    { path: ["checks", index], message: "a container has no guest agent", allowed: "running, ping, ssh or a port" },
  ];
}

/** Every key of a virtual machine. */
export const virtualMachineKeys = {
  /** A virtual machine that the program makes. */
  kind: oneOf("a kind of guest", ["virtual-machine"]),
  /** Id in Proxmox. It must be free: a guest that is there already is never taken over. */
  id: guestId,
  /** Node that it lives on. Default: the environment's. */
  node: optional(nodeName),
  /** Name in Proxmox, and host name by cloud-init. Default: its name here. */
  hostname: optional(dnsName),
  /** Proxmox's kind of operating system. Default: `l26`, Linux. */
  osType: optional(oneOf("an operating system", machineOsTypes)),
  /** Disks by Proxmox's keys, such as `scsi0`: a disk keeps its key for ever. The first one is booted from. */
  disks: checked(entries("disks", machineDiskKey, machineDisk), atLeastOneDisk),
  /** The first network card; its address is set by cloud-init. */
  network: networkSchema,
  /** Default: 1. */
  cores: optional(wholeNumber("a number of cores", 1, 8192)),
  /** Model of the CPU. Default: `x86-64-v2-AES`. */
  cpu: optional(
    text("a model of CPU", "a name of Proxmox such as x86-64-v2-AES or host", /^[A-Za-z0-9][A-Za-z0-9._-]*$/u),
  ),
  /** Default: 1GiB. */
  memory: optional(value("a size of memory", `${sizeFormat}; at least 16MiB`, atLeast16MiB)),
  /** `ovmf` is UEFI. Default: `seabios`. */
  firmware: optional(oneOf("a firmware", ["seabios", "ovmf"])),
  /** The QEMU guest agent is installed in it. `pulumi up` then waits for it when it starts the guest. Default: false. */
  agent: optional(flag),
  /** What cloud-init sets up at the first start. Default: nothing does. */
  cloudInit: optional(cloudInitSchema),
  /**
   * What proves after a restore that it is back. Default: agent with `agent: true`, ping and ssh with a fixed address; running
   * where there is neither. `agent-exec` has the guest agent run a command: a text by `/bin/sh -c`, a list as program and
   * arguments. It must end with `exit` (default 0) and, where `output` stands, print that.
   */
  checks,
  /** Guests of the environment that it cannot work without. `lifeboat drill` brings them up first, in the same network. */
  needs,
  /** Started with the node. Default: true. */
  startOnBoot: optional(flag),
  /** Running after `pulumi up`. Default: true. */
  started: optional(flag),
  /** Proxmox's own protection, which also refuses a restore in place. Default: false. */
  protection: optional(flag),
  /** Tags in Proxmox, beside that of Lifeboat. */
  tags: optional(list("tags", tagName)),
  /** Pool in Proxmox. Default: none. */
  pool: optional(poolId),
  /** Notes in Proxmox, above the mark of Lifeboat. */
  description: optional(paragraphs),
  /** It may be made empty although the storage for backups holds archives of its id. Default: false. */
  fresh: optional(flag),
  /** What its backups and restores have to achieve. Default: the environment's. */
  objectives: optional(objectivesSchema),
  /** Snapshots on a schedule, with rotation. Default: none. */
  snapshots: optional(snapshotsSchema),
  /** Only to opt out: the whole guest is not backed up. */
  backup: optional(optOutSchema),
};

const virtualMachineSchema = mapping(virtualMachineKeys);

/** The provider would make up a disk of 8 GiB on a storage that may not be there. */
function atLeastOneDisk(raw: unknown): Finding[] {
  if (!isMapping(raw) || Object.keys(raw).length > 0) return [];
  return [{ path: [], message: "a virtual machine needs a disk", allowed: "at least one, such as scsi0" }];
}

const adoptedDisk = mapping({
  /** Why the disk is not backed up, who answers for it, and until when. */
  backup: optOutSchema,
});

const adoptedSchema = mapping(
  {
    /** Id of a guest that was made by hand. It is backed up and can be restored, and is never changed or deleted. */
    adopt: guestId,
    /** Node that it lives on. Default: the environment's. */
    node: optional(nodeName),
    /** Name that its archives carry. Default: its name here. */
    hostname: optional(dnsName),
    /** What proves after a restore that it is back. Default: that it runs. */
    checks,
    /** Guests of the environment that it cannot work without. `lifeboat drill` brings them up first, in the same network. */
    needs,
    /** What its backups and restores have to achieve. Default: the environment's. */
    objectives: optional(objectivesSchema),
    /** Disks that Proxmox leaves out of backups, by Proxmox's key such as `mp1`: each has to opt out here. */
    disks: optional(entries("disks", diskKey, adoptedDisk)),
    /** Only to opt out: the whole guest is not backed up. */
    backup: optional(optOutSchema),
    /** Snapshots on a schedule, without interrupting the guest. They lie with its disks and are no backups. Default: none. */
    snapshots: optional(snapshotsSchema),
  },
  { id: "adopt names the id", kind: "Proxmox says what an adopted guest is" },
);

export type ContainerEntry = ReturnType<typeof containerSchema.parse>;
export type AdoptedEntry = ReturnType<typeof adoptedSchema.parse>;
export type VirtualMachineEntry = ReturnType<typeof virtualMachineSchema.parse>;
export type GuestEntry =
  | ({ readonly as: "container" } & ContainerEntry)
  | ({ readonly as: "virtual-machine" } & VirtualMachineEntry)
  | ({ readonly as: "adopted" } & AdoptedEntry);

/** A guest is adopted or made; only the keys of what it is are looked at. */
export const guestSchema: Schema<GuestEntry> = choose<GuestEntry>(
  [containerSchema, virtualMachineSchema, adoptedSchema],
  (raw) => {
    if (at(raw, "adopt") !== undefined) return adoptedSchema.transform((entry) => ({ as: "adopted", ...entry }));
    if (isMapping(raw) && (at(raw, "kind") === "container" || at(raw, "template") !== undefined)) {
      return containerSchema.transform((entry) => ({ as: "container", ...entry }));
    }
    if (at(raw, "kind") === "virtual-machine") {
      return virtualMachineSchema.transform((entry) => ({ as: "virtual-machine", ...entry }));
    }
    return refusing(guestWithoutKind);
  },
);

function guestWithoutKind(raw: unknown): Finding[] {
  if (!isMapping(raw))
    return [{ path: [], noun: "a guest", allowed: "{ kind: container, id: …, … } or { adopt: ID }" }];
  return [
    {
      path: ["kind"],
      noun: "a kind of guest",
      allowed: "container or virtual-machine; or adopt: ID for a guest made by hand",
    },
  ];
}

function atLeast16MiB(raw: unknown): number | undefined {
  const bytes = parseMemorySize(raw);
  return bytes === undefined || bytes < 16 * 2 ** 20 ? undefined : bytes;
}

/** The operating system that a template's file name begins with: Proxmox's own templates are named so. */
export function osTypeOf(template: string): (typeof osTypes)[number] | undefined {
  const file = template.slice(template.indexOf("/") + 1).toLowerCase();
  return osTypes.find((type) => file.startsWith(`${type}-`) || file.startsWith(`${type}_`));
}

/** Without a type Proxmox leaves network and host name inside the container alone, and nobody would reach it. */
export function osTypeIsKnown(raw: unknown): Finding[] {
  const template = at(raw, "template");
  if (at(raw, "osType") !== undefined || !templateId.safeParse(template).success) return [];
  if (typeof template !== "string" || osTypeOf(template) !== undefined) return [];
  return [
    { path: ["osType"], message: "missing, and the template's name does not tell", allowed: listWords(osTypes, "or") },
  ];
}

/** Proxmox takes snapshots of all disks of a guest or of none, and of a folder of the node it takes none. */
function snapshotsArePossible(raw: unknown): Finding[] {
  const disks = at(raw, "disks");
  if (at(raw, "snapshots") === undefined || !isMapping(disks)) return [];
  const bound = Object.keys(disks).filter((name) => at(at(disks, name), "bind") !== undefined);
  if (bound.length === 0) return [];
  return [
    {
      path: ["snapshots"],
      message: `Proxmox takes no snapshots of a guest with a bind mount (${bound.sort().join(", ")})`,
      allowed: "snapshots of guests whose disks are all volumes",
    },
  ];
}

/** Two disks at one place: the second would hide the first. */
function mountsDiffer(raw: unknown): Finding[] {
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
function slotsFit(raw: unknown): Finding[] {
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
