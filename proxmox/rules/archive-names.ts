/**
 * File names of vzdump archives in a storage's `dump` folder.
 *
 * Source: pve-storage, `PVE::Storage::archive_info`, `PVE::Storage::Plugin::parse_volname` and `get_subdir_files`.
 */

/** `openvz` is what very old archives of containers are called. */
export type ArchiveGuestType = "lxc" | "qemu" | "openvz";
export type ArchiveFormat = "tar" | "vma";
export type ArchiveCompression = "zst" | "gz" | "lzo" | "bz2";

interface AnyArchiveName {
  readonly fileName: string;
  readonly guestType: ArchiveGuestType;
  readonly format: ArchiveFormat;
  /** Undefined when the archive is not compressed. */
  readonly compression: ArchiveCompression | undefined;
}

/** A name that vzdump itself would give: only these are pruned, and only these have notes and a log. */
export interface StandardArchiveName extends AnyArchiveName {
  readonly standard: true;
  readonly vmid: number;
  /** Start of the backup in unix seconds, from the node's wall clock in the name. */
  readonly time: number;
  readonly logFileName: string;
  readonly notesFileName: string;
}

/** A name that only resembles vzdump's: listed, never pruned ("renamed"), its time is that of the file. */
export interface RenamedArchiveName extends AnyArchiveName {
  readonly standard: false;
}

export type ArchiveName = StandardArchiveName | RenamedArchiveName;

/** What a new archive's name is made of. */
export interface ArchiveNameParts {
  readonly guestType: "lxc" | "qemu";
  readonly vmid: number;
  /** Unix seconds. */
  readonly time: number;
  readonly timeZone: string;
  readonly format: ArchiveFormat;
  readonly compression?: ArchiveCompression | undefined;
}

/** How a storage lists a file of its dump folder. */
export interface ListedArchive {
  /** Extension, as in the field `format` of the list: `tar.zst`, `vma`, `tgz`. */
  readonly format: string;
  /** Undefined when the name holds no guest's number; then the field is missing in the list. */
  readonly vmid: number | undefined;
  readonly subtype: ArchiveGuestType | "unknown";
  /** Unix seconds from the name; undefined: the list has the file's own time. */
  readonly time: number | undefined;
}

/**
 * Reads an archive's file name.
 *
 * @returns undefined where Proxmox could not say what the archive is: other names, and dates that do not exist.
 */
export function parseArchiveName(fileName: string, timeZone: string): ArchiveName | undefined {
  throw new Error(`follows ${fileName} ${timeZone}`);
}

/** Writes the name that vzdump gives to an archive begun at `time`. */
export function formatArchiveName(parts: ArchiveNameParts): string {
  throw new Error(`follows ${parts.vmid}`);
}

/** How a storage lists the file, undefined when it does not list it (logs, notes, `.tar.xz`, unfinished `.dat`). */
export function listArchive(fileName: string, timeZone: string): ListedArchive | undefined {
  throw new Error(`follows ${fileName} ${timeZone}`);
}

/** True when a list that is limited to one guest shows the file. Proxmox matches `-101-` anywhere in the name. */
export function isListedFor(fileName: string, vmid: number): boolean {
  throw new Error(`follows ${fileName} ${vmid}`);
}
