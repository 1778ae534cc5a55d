/**
 * The persistent state of a site: plain data, written to `site.json` of the state folder after each change.
 * Tasks have files of their own (tasks.ts), volumes and archives are real files below each node's root folder.
 */

export type GuestType = "lxc" | "qemu";

export interface SiteState {
  /** Form of this file. */
  format: 1;
  clusters: ClusterState[];
  /** Proxmox Backup Servers that storages can name. */
  backupServers?: BackupServerState[];
  /** Seconds by which the site's clock is ahead of the machine's. */
  clockOffset: number;
  faults: FaultState[];
  /** Signs tickets and CSRF tokens; made once. */
  ticketSecret: string;
}

/** One node alone, or several that share everything under /etc/pve. */
export interface ClusterState {
  /** Name of the cluster; null for a node of its own. */
  name: string | null;
  nodes: NodeState[];
  /** storage.cfg, in order. */
  storages: StorageEntry[];
  access: AccessState;
  /** jobs.cfg, in order: key to value as in the file, without `id`. */
  jobs: BackupJobEntry[];
  guests: GuestState[];
  /** Volumes that exist; archives, templates and snippets are found in the storages' folders instead. */
  volumes: VolumeState[];
  /** Text of /etc/pve/firewall/cluster.fw; undefined when there is none. */
  firewall?: string;
  /** datacenter.cfg. */
  options: Record<string, string>;
  /** ha/resources.cfg, in order. */
  highAvailability?: HaResourceEntry[];
  /** ha/rules.cfg, in order. */
  haRules?: HaRuleEntry[];
  /** What the HA manager knows of nodes that do not answer: since when, unix seconds. */
  haSilent?: Record<string, number>;
  /** replication.cfg, in order. */
  replication?: ReplicationEntry[];
  /** What URLs answer where no HTTP server is asked (fixtures). */
  urls: UrlState[];
}

export interface NodeState {
  node: string;
  /** Address by which the other nodes and `cluster/status` know it. */
  address: string;
  /** IANA name: archive names and retention use the node's local time. */
  timezone: string;
  version: { version: string; release: string; repoid: string };
  /** Text of /etc/network/interfaces. */
  interfaces: string;
  /** What the node's scheduler remembers of each backup job, by the job's id. */
  jobRuns?: Record<string, JobRun>;
  /** /etc/pve/nodes/NODE/config: values as text, as in the file. */
  config?: Record<string, string>;
  /** Services that somebody has stopped. */
  stoppedServices?: string[];
  /** Text of /etc/pve/nodes/NODE/host.fw; undefined when there is none. */
  firewall?: string;
  /** Text of /etc/network/interfaces.new: changes that are not applied. */
  pendingInterfaces?: string;
}

/** Below /var/lib/pve-manager/jobs. */
export interface JobRun {
  /** The schedule that `since` belongs to. */
  schedule: string;
  /** Unix seconds: the last start, or when the job came to be. The next start is counted from here. */
  since: number;
  /** The last run's task. */
  upid?: string;
}

/** A section of storage.cfg: values as text, as in the file. */
export interface StorageEntry {
  storage: string;
  type: string;
  options: Record<string, string>;
  /** Sandbox only: bytes that fit on it, with each disk at its full size; the machine's room when left out. */
  capacity?: number;
}

/** A Proxmox Backup Server: its data lies in files of their own (backup-servers.ts). */
export interface BackupServerState {
  /** Name or address by which storages know it. */
  server: string;
  datastores: string[];
  /** SHA-256 of its certificate, which no CA has signed; undefined: the nodes' CAs know it. */
  fingerprint?: string;
  /** SHA-256 of the passwords, in hex. */
  users: { userid: string; secretHash: string }[];
}

/** A section of jobs.cfg: values as text, as in the file. */
export interface BackupJobEntry {
  id: string;
  options: Record<string, string>;
  /** `exclude-path`, the one option that is a list. */
  excludePaths?: string[];
}

/** A section of ha/resources.cfg: values as text, as in the file. */
export interface HaResourceEntry {
  type: "ct" | "vm";
  vmid: number;
  options: Record<string, string>;
  /** State of the service as the HA manager has it; undefined until it was seen. */
  service?: string;
  /** What the manager was asked for and has not begun: the last request counts. */
  command?: HaCommand;
  /** Seconds that the guest has to end by itself when it is stopped next; 0: none. */
  patience?: number;
  /** What the guest's node does with it for the manager. */
  work?: HaWork;
  /** How often it did not start on its node. */
  failures?: number;
}

/** A line of ha/crm_commands for one service. */
export interface HaCommand {
  verb: "stop";
  /** Seconds that the guest has to end by itself; 0: at once. */
  timeout: number;
}

/** A task of a node's own manager (PVE::HA::LRM). */
export interface HaWork {
  node: string;
  upid: string;
  doing: "start" | "stop";
}

/** A section of ha/rules.cfg: values as text, as in the file. */
export interface HaRuleEntry {
  rule: string;
  type: "node-affinity" | "resource-affinity";
  options: Record<string, string>;
}

/** A section of replication.cfg: values as text, as in the file. */
export interface ReplicationEntry {
  /** `101-0`: the guest and the job's number. */
  id: string;
  options: Record<string, string>;
}

export interface GuestState {
  vmid: number;
  type: GuestType;
  /** The node that runs it. */
  node: string;
  /** Text of /etc/pve/nodes/NODE/(lxc|qemu-server)/VMID.conf, with its snapshot and pending sections. */
  configuration: string;
  /** Text of /etc/pve/firewall/VMID.fw; undefined when there is none. */
  firewall?: string;
  status: "running" | "stopped";
  /** Unix seconds of the last start. */
  startedAt?: number;
  /** A running machine whose processors are held. */
  isPaused?: true;
}

export interface VolumeState {
  /** The node that holds it; volumes of a shared storage are held by the node that made them. */
  node: string;
  volid: string;
  format: "raw" | "subvol" | "qcow2" | "vmdk";
  /** Path on the node, such as /var/lib/vz/images/101/vm-101-disk-0.raw. */
  path: string;
  /** Bytes a guest sees; 0 for a folder without a limit. */
  size: number;
  /** A virtual machine's disk, rather than a container's tree. */
  isDisk?: true;
}

export interface UrlState {
  url: string;
  contentType: string;
  text: string;
}

export interface AccessState {
  users: UserEntry[];
  tokens: TokenEntry[];
  groups: GroupEntry[];
  pools: PoolEntry[];
  /** Roles besides the built-in ones. */
  roles: RoleEntry[];
  acl: AclEntry[];
}

export interface UserEntry {
  userid: string;
  enable: boolean;
  /** Unix seconds; 0 for never. */
  expire: number;
  /** scrypt of the password; undefined when it has none. */
  password?: { salt: string; hash: string };
  comment?: string;
  email?: string;
  firstname?: string;
  lastname?: string;
  keys?: string;
}

export interface TokenEntry {
  userid: string;
  tokenid: string;
  privsep: boolean;
  /** Unix seconds; 0 for never. */
  expire: number;
  /** SHA-256 of the secret, in hex: the secret itself is in no file. */
  secretHash: string;
  comment?: string;
}

export interface GroupEntry {
  groupid: string;
  comment?: string;
  members: string[];
}

export interface PoolEntry {
  poolid: string;
  comment?: string;
  vmids: number[];
  storages: string[];
}

export interface RoleEntry {
  roleid: string;
  privileges: string[];
}

export interface AclEntry {
  path: string;
  type: "user" | "group" | "token";
  ugid: string;
  roleid: string;
  propagate: boolean;
}

/** A fault that was switched on, and its settings (faults.ts says which each one has). */
export interface FaultState {
  name: string;
  settings: Record<string, string>;
}
