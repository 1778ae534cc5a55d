import * as z from "zod";

/**
 * The answers that are used, as the API of Proxmox VE 8 and 9 gives them. Proxmox is careless about types (VM memory is a
 * string, container memory a number, a job's retention an object of strings): every number is read from both, every text
 * too. Members that nobody reads are not listed and are dropped.
 */

/** A number that may arrive as a string. An empty string is no number. */
export const numberAnswer = z.union([
  z.number(),
  z
    .string()
    .regex(/^-?\d+(?:\.\d+)?$/u)
    .transform(Number),
]);

/** A text that may arrive as a number (a container named `101`, a tag `7`). */
const textAnswer = z.union([z.string(), z.number().transform(String)]);

/** 1, "1" or true. Proxmox leaves a member out for "no" as often as it sends 0. */
export const flagAnswer = z.union([z.boolean(), numberAnswer.transform((value) => value !== 0)]);

export const versionAnswer = z.object({ version: z.string(), release: z.string() });
export type Version = z.infer<typeof versionAnswer>;

/** Path to privileges; the value says whether the privilege also holds below the path. */
export const permissionsAnswer = z.record(z.string(), z.record(z.string(), flagAnswer));
export type Permissions = z.infer<typeof permissionsAnswer>;

export const nodeAnswer = z.object({
  node: z.string(),
  status: z.string().optional(),
  /** Processors; missing without `Sys.Audit` on the node. */
  maxcpu: numberAnswer.optional(),
});
export type NodeEntry = z.infer<typeof nodeAnswer>;

export const nodeTimeAnswer = z.object({
  /** Unix seconds, UTC. */
  time: numberAnswer,
  /** IANA name, such as `Europe/Amsterdam`. */
  timezone: z.string(),
});
export type NodeTime = z.infer<typeof nodeTimeAnswer>;

export const clusterStatusAnswer = z.object({
  type: z.string(),
  name: z.string(),
  ip: z.string().optional(),
  online: flagAnswer.optional(),
  local: flagAnswer.optional(),
});
export type ClusterStatusEntry = z.infer<typeof clusterStatusAnswer>;

/** Kinds of guests in Proxmox's words: `lxc` is a container, `qemu` a virtual machine. */
export const guestTypeAnswer = z.enum(["lxc", "qemu"]);
export type GuestType = z.infer<typeof guestTypeAnswer>;

/** A guest as `/cluster/resources` lists it: a few seconds old; status `unknown` until the node has reported. */
export const guestAnswer = z.object({
  type: guestTypeAnswer,
  vmid: numberAnswer,
  node: z.string(),
  status: z.string(),
  name: textAnswer.optional(),
  tags: textAnswer.optional(),
  pool: z.string().optional(),
  lock: z.string().optional(),
  template: flagAnswer.optional(),
});
export type Guest = z.infer<typeof guestAnswer>;

/** A network interface of a node, as far as it says where a bridge leads. */
export const nodeInterfaceAnswer = z.object({
  iface: z.string(),
  type: z.string(),
  bridge_ports: z.string().optional(),
  address: z.string().optional(),
  address6: z.string().optional(),
  cidr: z.string().optional(),
  cidr6: z.string().optional(),
  gateway: z.string().optional(),
  gateway6: z.string().optional(),
  method: z.string().optional(),
  method6: z.string().optional(),
  "vlan-raw-device": z.string().optional(),
  ovs_bridge: z.string().optional(),
  ovs_ports: z.string().optional(),
});
export type NodeInterface = z.infer<typeof nodeInterfaceAnswer>;

/** Options of the firewall of a datacenter, a node or a guest. */
export const firewallOptionsAnswer = z.object({ enable: flagAnswer.optional() });

/** A rule, alias, set or address of a firewall, or its options: members as texts. */
export const firewallEntryAnswer = z.record(z.string(), textAnswer);
export type FirewallEntry = Readonly<Record<string, string>>;

/** The present state of a guest, asked of its own node. */
export const guestStatusAnswer = z.object({
  status: z.string(),
  name: textAnswer.optional(),
  lock: z.string().optional(),
  tags: textAnswer.optional(),
  template: flagAnswer.optional(),
  /** Seconds since its start. */
  uptime: numberAnswer.optional(),
  /** Bytes of the root disk (container) or boot disk (VM). */
  maxdisk: numberAnswer.optional(),
  ha: z.object({ managed: flagAnswer }).optional(),
});
export type GuestStatus = z.infer<typeof guestStatusAnswer>;

/**
 * Keys of a guest's configuration as texts, as in its file, with `digest`: a hash of the file. Raw `lxc.*` lines, which
 * arrive as a list of pairs under `lxc`, become JSON.
 */
export const guestConfigurationAnswer = z.record(
  z.string(),
  z.union([textAnswer, z.unknown().transform((value) => JSON.stringify(value))]),
);
export type GuestConfiguration = Readonly<Record<string, string>>;

export const snapshotAnswer = z.object({
  name: z.string(),
  description: textAnswer.optional(),
  /** Unix seconds. */
  snaptime: numberAnswer.optional(),
  parent: z.string().optional(),
  /** Only while it is made or removed, or when that was broken off: `prepare`, `delete`. */
  snapstate: z.string().optional(),
  /** It holds a virtual machine's memory. */
  vmstate: flagAnswer.optional(),
});
export type Snapshot = z.infer<typeof snapshotAnswer>;

/** What the guest agent says of a machine's cards. */
export const agentInterfacesAnswer = z.object({
  result: z.array(
    z.object({
      name: z.string(),
      "ip-addresses": z.array(z.object({ "ip-address": z.string(), "ip-address-type": z.string() })).optional(),
    }),
  ),
});

/** What has become of a command that the guest agent was told to run; only what it has printed so far, if it runs. */
export const agentExecStatusAnswer = z.object({
  exited: flagAnswer,
  /** Absent: a signal ended it. */
  exitcode: numberAnswer.optional(),
  signal: numberAnswer.optional(),
  "out-data": z.string().optional(),
  "err-data": z.string().optional(),
  "out-truncated": flagAnswer.optional(),
});
export type AgentExecStatus = z.infer<typeof agentExecStatusAnswer>;

export const interfaceAnswer = z.object({
  name: z.string(),
  hwaddr: z.string().optional(),
  /** Address with prefix, such as `192.0.2.101/24`. */
  inet: z.string().optional(),
  inet6: z.string().optional(),
});
export type Interface = z.infer<typeof interfaceAnswer>;

/** A storage as one node sees it. Sizes are in bytes, and missing while the storage is not active. */
export const storageStatusAnswer = z.object({
  type: z.string(),
  /** Comma-separated kinds of content, such as `backup,iso`. */
  content: z.string().optional(),
  enabled: flagAnswer.optional(),
  active: flagAnswer.optional(),
  shared: flagAnswer.optional(),
  total: numberAnswer.optional(),
  used: numberAnswer.optional(),
  avail: numberAnswer.optional(),
});
export type StorageStatus = z.infer<typeof storageStatusAnswer>;

export const storageEntryAnswer = storageStatusAnswer.extend({ storage: z.string() });
export type StorageEntry = z.infer<typeof storageEntryAnswer>;

/** A storage as it is defined for the whole cluster. Needs `Datastore.Allocate` on it. */
export const storageDefinitionAnswer = z.object({
  storage: z.string(),
  type: z.string(),
  content: z.string().optional(),
  path: z.string().optional(),
  nodes: z.string().optional(),
  shared: flagAnswer.optional(),
  disable: flagAnswer.optional(),
  /** Of a folder: whether a file system must be mounted there, `yes`, `no`, or where else. Undefined: nobody has said. */
  is_mountpoint: textAnswer.optional(),
  "prune-backups": z.string().optional(),
  "max-protected-backups": numberAnswer.optional(),
});
export type StorageDefinition = z.infer<typeof storageDefinitionAnswer>;

/** A storage on a Proxmox Backup Server, as it is defined for the whole cluster. */
export const backupServerStorageAnswer = z.object({
  storage: z.string(),
  datastore: z.string(),
  /** Fingerprint of its key, or 1 for a key without one. */
  "encryption-key": textAnswer.optional(),
});
export type BackupServerStorage = z.infer<typeof backupServerStorageAnswer>;

const listedArchive = z.object({
  volid: z.string(),
  /** File name's extension, such as `tar.zst`; on a Proxmox Backup Server `pbs-ct` or `pbs-vm`. */
  format: z.string().optional(),
  /**
   * Bytes, exact (the single-volume answer rounds up to 512). On a Proxmox Backup Server it is what was read of the guest,
   * before it was packed.
   */
  size: numberAnswer.nullish().transform((value) => value ?? undefined),
  /** Unix seconds: when the backup started, from the file's name. */
  ctime: numberAnswer,
  vmid: numberAnswer.optional(),
  /** What a Proxmox Backup Server found when it verified the snapshot: `ok` or `failed`; missing where it has not. */
  verification: z
    .object({ state: z.string(), upid: z.string().optional() })
    .nullish()
    .transform((value) => value ?? undefined),
  /** Of a file whose name is not Proxmox's own it is something else, which is left out here. */
  subtype: guestTypeAnswer.optional().catch(undefined),
  /** First line of the notes only. */
  notes: textAnswer.optional(),
  protected: flagAnswer.optional().transform((value) => value ?? false),
  /** On a Proxmox Backup Server: fingerprint of the key that it is encrypted with, or 1 where the server does not know it. */
  encrypted: textAnswer.nullish().transform((value) => value ?? undefined),
});

/**
 * A backup as a storage lists it. Where a backup server tells no size, of a snapshot that is not whole or whose manifest it
 * cannot read, Proxmox VE says 1 (`PVE::Storage::PBSPlugin::list_volumes`): that is none.
 */
export const archiveAnswer = listedArchive.transform(({ size, ...archive }) => ({
  ...archive,
  size: archive.format?.startsWith("pbs-") === true && size !== undefined && size <= 1 ? undefined : size,
}));
export type Archive = z.infer<typeof archiveAnswer>;

/** What only the single-volume answer knows. */
export const archiveDetailsAnswer = z.object({
  /** File on the node. */
  path: z.string(),
  /** Complete notes; empty when there are none. */
  notes: textAnswer.optional().transform((value) => value ?? ""),
  protected: flagAnswer.optional().transform((value) => value ?? false),
});
export type ArchiveDetails = z.infer<typeof archiveDetailsAnswer>;

/** Anything on a storage, as its list shows it. */
export const storedVolumeAnswer = z.object({
  volid: z.string(),
  /** `rootdir`, `images`, `backup`, … */
  content: z.string(),
  vmid: numberAnswer.optional(),
  /** Of a linked clone: what it builds upon. */
  parent: z.string().nullish(),
});
export type StoredVolume = z.infer<typeof storedVolumeAnswer>;

/** Of the options of a node's backups those that matter here. */
export const vzdumpDefaultsAnswer = z.object({
  /** Patterns of files that no container's backup holds. */
  "exclude-path": z.array(z.string()).optional(),
});
export type VzdumpDefaults = z.infer<typeof vzdumpDefaultsAnswer>;

/** Retention as Proxmox prints it: an object of strings in jobs, one string in storages. */
const retentionAnswer = z.union([z.string(), z.record(z.string(), textAnswer)]);

export const backupJobAnswer = z.object({
  id: z.string(),
  enabled: flagAnswer.optional().transform((value) => value ?? true),
  schedule: z.string().optional(),
  storage: z.string().optional(),
  /** Comma-separated ids. */
  vmid: textAnswer.optional(),
  all: flagAnswer.optional(),
  exclude: textAnswer.optional(),
  pool: z.string().optional(),
  node: z.string().optional(),
  mode: z.string().optional(),
  compress: textAnswer.optional(),
  "prune-backups": retentionAnswer.optional(),
  "notes-template": z.string().optional(),
  comment: z.string().optional(),
  /** Unix seconds. */
  "next-run": numberAnswer.optional(),
});
export type BackupJob = z.infer<typeof backupJobAnswer>;

/** One disk of a guest and whether a job backs it up. `reason` is not to be trusted: it says `backup=no` for an included disk. */
const includedVolumeAnswer = z.object({
  /** `101:mp0`. */
  id: z.string(),
  /** Volume id, or the path of a bind mount. */
  name: z.string(),
  included: flagAnswer,
  reason: z.string().optional(),
});

export const includedVolumesAnswer = z.object({
  children: z.array(
    z.object({
      id: numberAnswer,
      type: z.string().optional(),
      /** Null for a guest without a name. */
      name: textAnswer.nullish(),
      children: z.array(includedVolumeAnswer).default([]),
    }),
  ),
});
export type IncludedVolumes = z.infer<typeof includedVolumesAnswer>;

export const notBackedUpAnswer = z.object({ vmid: numberAnswer, name: textAnswer.optional(), type: guestTypeAnswer });
export type NotBackedUp = z.infer<typeof notBackedUpAnswer>;

export const poolAnswer = z.object({ poolid: z.string(), comment: z.string().optional() });
export type Pool = z.infer<typeof poolAnswer>;

export const haResourceAnswer = z.object({
  /** `ct:101` or `vm:101`. */
  sid: z.string(),
  state: z.string().optional(),
  group: z.string().optional(),
});
export type HaResource = z.infer<typeof haResourceAnswer>;

export const replicationJobAnswer = z.object({
  /** `101-0`. */
  id: z.string(),
  guest: numberAnswer,
  /** Node that gets the copy. */
  target: z.string(),
  schedule: z.string().optional(),
});
export type ReplicationJob = z.infer<typeof replicationJobAnswer>;

export const taskStatusAnswer = z.object({
  upid: z.string(),
  type: z.string(),
  id: textAnswer.optional(),
  user: z.string().optional(),
  status: z.string(),
  exitstatus: z.string().optional(),
  starttime: numberAnswer,
});
export type TaskStatus = z.infer<typeof taskStatusAnswer>;

/** A task in a node's list. */
export const taskEntryAnswer = z.object({
  upid: z.string(),
  type: z.string(),
  id: textAnswer.optional(),
  user: z.string().optional(),
  tokenid: z.string().optional(),
  /** Unix seconds. */
  starttime: numberAnswer,
  /** Unix seconds; missing while the task runs. */
  endtime: numberAnswer.optional(),
  /** Exit status; missing while the task runs. */
  status: z.string().optional(),
});
export type TaskEntry = z.infer<typeof taskEntryAnswer>;

/** One line of a task's log; `n` counts from 1. */
export const logLineAnswer = z.object({ n: numberAnswer, t: z.string() });
export type LogLine = z.infer<typeof logLineAnswer>;
