/** Parameters of storage entries, of all types together (PVE::Storage plugins of 9.2). */
import type { ParameterTable } from "../protocol/parameters";
import { FLAG, STORAGE_ID, TEXT } from "./tables";

const PATH = { type: "string", format: "pve-storage-path", optional: true } as const;

export const STORAGE_TYPE_NAMES: readonly string[] =
  "btrfs cephfs cifs dir esxi iscsi iscsidirect lvm lvmthin nfs pbs rbd zfs zfspool".split(" ");

/** What a PUT may change. */
const CHANGEABLE: ParameterTable = {
  blocksize: { type: "string", format: "pve-storage-zfs-blocksize", optional: true },
  bwlimit: { type: "string", format: "bwlimit", optional: true },
  comstar_hg: TEXT,
  comstar_tg: TEXT,
  content: { type: "string", format: "pve-storage-content-list", optional: true },
  "content-dirs": { type: "string", format: "pve-dir-override-list", optional: true },
  "create-base-path": FLAG,
  "create-subdirs": FLAG,
  "data-pool": TEXT,
  disable: FLAG,
  domain: { type: "string", maxLength: 256, optional: true },
  "encryption-key": TEXT,
  fingerprint: { type: "string", pattern: "([A-Fa-f0-9]{2}:){31}[A-Fa-f0-9]{2}", optional: true },
  format: { type: "string", enum: ["raw", "qcow2", "subvol", "vmdk"], optional: true },
  "fs-name": { type: "string", format: "pve-configid", optional: true },
  fuse: FLAG,
  is_mountpoint: TEXT,
  keyring: TEXT,
  krbd: FLAG,
  lio_tpg: TEXT,
  "master-pubkey": TEXT,
  "max-protected-backups": { type: "integer", minimum: -1, optional: true },
  mkdir: FLAG,
  monhost: { type: "string", format: "pve-storage-portal-dns-list", optional: true },
  mountpoint: PATH,
  namespace: TEXT,
  nocow: FLAG,
  nodes: { type: "string", format: "pve-node-list", optional: true },
  nowritecache: FLAG,
  options: { type: "string", format: "pve-storage-options", optional: true },
  password: { type: "string", maxLength: 256, optional: true },
  pool: TEXT,
  port: { type: "integer", minimum: 1, maximum: 65535, optional: true },
  preallocation: { type: "string", enum: ["off", "metadata", "falloc", "full"], optional: true },
  "prune-backups": { type: "string", format: "prune-backups", optional: true },
  saferemove: FLAG,
  "saferemove-stepsize": { type: "integer", enum: ["1", "2", "4", "8", "16", "32"], optional: true },
  saferemove_throughput: TEXT,
  server: { type: "string", format: "pve-storage-server", optional: true },
  shared: FLAG,
  "skip-cert-verification": FLAG,
  smbversion: { type: "string", enum: ["default", "2.0", "2.1", "3", "3.0", "3.11"], optional: true },
  "snapshot-as-volume-chain": FLAG,
  sparse: FLAG,
  storage: STORAGE_ID,
  subdir: PATH,
  tagged_only: FLAG,
  username: TEXT,
  "zfs-base-path": PATH,
};

export const STORAGE_UPDATE: ParameterTable = {
  ...CHANGEABLE,
  delete: { type: "string", format: "pve-configid-list", maxLength: 4096, optional: true },
  digest: { type: "string", maxLength: 64, optional: true },
};

export const STORAGE_CREATE: ParameterTable = {
  ...CHANGEABLE,
  type: { type: "string", enum: STORAGE_TYPE_NAMES },
  authsupported: TEXT,
  base: { type: "string", format: "pve-volume-id", optional: true },
  datastore: TEXT,
  export: PATH,
  iscsiprovider: TEXT,
  path: PATH,
  portal: { type: "string", format: "pve-storage-portal-dns", optional: true },
  share: TEXT,
  target: TEXT,
  thinpool: { type: "string", format: "pve-storage-vgname", optional: true },
  vgname: { type: "string", format: "pve-storage-vgname", optional: true },
};
