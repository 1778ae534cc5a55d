/** What each type of storage may be given (PVE::Storage::*Plugin). */

interface StorageType {
  /** Options that must be there and can never change. */
  fixed: readonly string[];
  optional: readonly string[];
  /** What it holds unless told otherwise. */
  content: string;
  /** All nodes see the same data, whatever the entry says. */
  isShared: boolean;
}

const ANY = ["nodes", "disable", "content"];
const BACKUPS = ["prune-backups", "max-protected-backups"];
const FOLDER = ["content-dirs", "format", "mkdir", "create-base-path", "create-subdirs", "preallocation"];
const REMOTE = ["username", "password"];
const SAFE_REMOVE = ["saferemove", "saferemove-stepsize", "saferemove_throughput"];
const LOCAL = { content: "images,rootdir", isShared: false };
const SHARED = { content: "images", isShared: true };

export const STORAGE_TYPES: ReadonlyMap<string, StorageType> = new Map([
  [
    "dir",
    {
      ...LOCAL,
      fixed: ["path"],
      optional: [...ANY, ...BACKUPS, ...FOLDER, "shared", "is_mountpoint", "bwlimit", "snapshot-as-volume-chain"],
    },
  ],
  [
    "btrfs",
    { ...LOCAL, fixed: ["path"], optional: [...ANY, ...BACKUPS, ...FOLDER, "shared", "is_mountpoint", "nocow"] },
  ],
  [
    "nfs",
    {
      ...SHARED,
      fixed: ["path", "server", "export"],
      optional: [...ANY, ...BACKUPS, ...FOLDER, "options", "bwlimit", "snapshot-as-volume-chain"],
    },
  ],
  [
    "cifs",
    {
      ...SHARED,
      fixed: ["path", "server", "share"],
      optional: [
        ...ANY,
        ...BACKUPS,
        ...FOLDER,
        ...REMOTE,
        "subdir",
        "domain",
        "smbversion",
        "options",
        "bwlimit",
        "snapshot-as-volume-chain",
      ],
    },
  ],
  [
    "pbs",
    {
      fixed: ["server", "datastore"],
      optional: [...ANY, ...BACKUPS, ...REMOTE, "namespace", "port", "encryption-key", "master-pubkey", "fingerprint"],
      content: "backup",
      isShared: true,
    },
  ],
  [
    "lvm",
    {
      ...LOCAL,
      fixed: ["vgname"],
      optional: [...ANY, ...SAFE_REMOVE, "shared", "base", "tagged_only", "bwlimit", "snapshot-as-volume-chain"],
      content: "images",
    },
  ],
  ["lvmthin", { ...LOCAL, fixed: ["vgname", "thinpool"], optional: [...ANY, "bwlimit"] }],
  ["zfspool", { ...LOCAL, fixed: ["pool"], optional: [...ANY, "blocksize", "sparse", "mountpoint", "bwlimit"] }],
]);

/** Values that are kept in files of their own and never shown. Of a key its fingerprint is in the entry. */
export const SENSITIVE_OPTIONS: readonly string[] = ["password"];

export function isSharedStorage(type: string, options: Readonly<Record<string, string>>): boolean {
  return options.shared === "1" || STORAGE_TYPES.get(type)?.isShared === true;
}
