import { archiveChoice, optOutSchema, snapshotsSchema } from "./backup-schema";
import { checksSchema as checks } from "./checks-schema";
import { dataSchema } from "./data-schema";
import { objectivesSchema } from "./policy-schema";
import {
  at,
  checked,
  entries,
  flag,
  isMapping,
  list,
  listWords,
  mapping,
  oneOf,
  optional,
  value,
  wholeNumber,
  type Finding,
} from "./schema-tools";
import { dnsName, guestName, nodeName, paragraphs, poolId, publicKey, tagName, templateId } from "./values/names";
import { parseSwapSize, sizeFormat } from "./values/sizes";
import { diskSchema, mountsDiffer, rootSchema, slotsFit } from "./disk-schema";
import { guestId, needs, atLeast16MiB } from "./guest-values";
import { networkSchema, ip } from "./network-schema";

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
  /**
   * Whether archives of the whole guest are copied to `lifeboat:offsite`: `newest`, each one of the schedule, or `weekly`, one in seven
   * days. Their node does it. Default: none.
   */
  offsite: optional(archiveChoice),
  /** Data inside it that are dumped by themselves, by names of your own: databases, files, the output of commands. Default: none. */
  data: dataSchema,
};

export const containerSchema = checked(mapping(containerKeys), (raw) => [
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
