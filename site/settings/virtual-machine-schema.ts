import { archiveChoice, optOutSchema, snapshotsSchema } from "./backup-schema";
import { checksSchema as checks } from "./checks-schema";
import { dataSchema } from "./data-schema";
import { objectivesSchema } from "./policy-schema";
import {
  checked,
  entries,
  flag,
  isMapping,
  list,
  mapping,
  oneOf,
  optional,
  text,
  value,
  wholeNumber,
  type Finding,
} from "./schema-tools";
import {
  dnsName,
  imageId,
  nodeName,
  paragraphs,
  poolId,
  publicKey,
  storageId,
  tagName,
  userName,
} from "./values/names";
import { sizeFormat } from "./values/sizes";
import { volumeSize } from "./disk-schema";
import { guestId, needs, atLeast16MiB } from "./guest-values";
import { networkSchema, ip } from "./network-schema";

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
  /**
   * Whether archives of the whole guest are copied to `lifeboat:offsite`: `newest`, each one of the schedule, or `weekly`, one in seven
   * days. Their node does it. Default: none.
   */
  offsite: optional(archiveChoice),
  /** Data inside it that are dumped by themselves, by names of your own: databases, files, the output of commands. Default: none. */
  data: dataSchema,
  /** Only to opt out: the whole guest is not backed up. */
  backup: optional(optOutSchema),
};

export const virtualMachineSchema = mapping(virtualMachineKeys);

/** The provider would make up a disk of 8 GiB on a storage that may not be there. */
function atLeastOneDisk(raw: unknown): Finding[] {
  if (!isMapping(raw) || Object.keys(raw).length > 0) return [];
  return [{ path: [], message: "a virtual machine needs a disk", allowed: "at least one, such as scsi0" }];
}
