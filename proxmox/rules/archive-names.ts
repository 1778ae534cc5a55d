/**
 * File names of vzdump archives in a storage's `dump` folder.
 *
 * Source: pve-storage, `PVE::Storage::archive_info`, `PVE::Storage::Plugin::parse_volname` and `get_subdir_files`; pve-container,
 * `PVE::LXC::Create::restore_tar_archive`.
 */

import { daysInMonth, localTime, utcOffset, utcSeconds } from "./time-zones";

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

const compressions = "zst|gz|lzo|bz2";
const extensions = `tgz|(?:tar|vma)(?:\\.(?:${compressions}))?`;
const anyArchive = new RegExp(`^vzdump-(lxc|openvz|qemu)-.+\\.(${extensions})$`);
const standardArchive = new RegExp(
  `^(vzdump-(?:lxc|openvz|qemu)-([1-9]\\d{2,8})-(\\d{4})_(\\d{2})_(\\d{2})-(\\d{2})_(\\d{2})_(\\d{2}))\\.(?:${extensions})$`,
);
const listedFile = new RegExp(`^[^/]+\\.(${extensions})$`);

/**
 * Reads an archive's file name.
 *
 * @returns undefined where Proxmox could not say what the archive is: other names, and dates that do not exist.
 */
export function parseArchiveName(fileName: string, timeZone: string): ArchiveName | undefined {
  const match = anyArchive.exec(fileName);
  const guestType = parseGuestType(match?.[1]);
  const extension = match?.[2];
  if (guestType === undefined || extension === undefined || /[/\n]/.test(fileName)) {
    return undefined;
  }
  const common = { fileName, guestType, ...formatOf(extension) };
  const standard = standardArchive.exec(fileName);
  if (standard === null) {
    return { ...common, standard: false };
  }
  const [, base = "", vmid = "", ...clock] = standard;
  const time = timeOf(clock.map(Number), timeZone);
  return time === undefined
    ? undefined
    : {
        ...common,
        standard: true,
        vmid: Number(vmid),
        time,
        logFileName: `${base}.log`,
        notesFileName: `${fileName}.notes`,
      };
}

function parseGuestType(text: string | undefined): ArchiveGuestType | undefined {
  return text === "lxc" || text === "qemu" || text === "openvz" ? text : undefined;
}

/** Taken apart from the extension; `.tgz` is a short form of `.tar.gz`. */
function formatOf(extension: string): Pick<AnyArchiveName, "format" | "compression"> {
  if (extension === "tgz") {
    return { format: "tar", compression: "gz" };
  }
  const [format, compression] = extension.split(".");
  return {
    format: format === "vma" ? "vma" : "tar",
    compression: knownCompressions.find((known) => known === compression),
  };
}

const knownCompressions: readonly ArchiveCompression[] = ["zst", "gz", "lzo", "bz2"];

/** Unix time of the wall clock in a name, undefined when no calendar has that date. */
function timeOf(clock: readonly number[], timeZone: string): number | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = clock;
  const isDate = month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
  return isDate && hour < 24 && minute < 60 && second < 60
    ? timeLikePerl(utcSeconds({ year, month, day, hour, minute, second }), timeZone)
    : undefined;
}

/**
 * Unix time of a wall clock as Perl's `timelocal` gives it, which Proxmox uses here. A name has no time zone, so in the
 * hour that autumn repeats it fits two moments. Perl looks back by one hour: in most zones that gives the first of
 * both, in zones that are on UTC in winter (London) the second, and where summer time is half an hour (Lord Howe)
 * neither. Times of archives are only comparable with those that Proxmox lists if the same is done here; differences to
 * `unixSeconds` are in the tests.
 *
 * @param wallClock the clock's reading as if it ran on UTC, in seconds.
 */
function timeLikePerl(wallClock: number, timeZone: string): number {
  const offset = utcOffset(wallClock, timeZone);
  if (offset === 0) {
    return wallClock;
  }
  const guess = wallClock - offset;
  const correction = offset - utcOffset(guess, timeZone);
  if (correction === 0) {
    const anHourBefore = guess - 3600;
    return offset < utcOffset(anHourBefore, timeZone) ? anHourBefore : guess;
  }
  const corrected = guess + correction;
  const showsTheName = corrected + utcOffset(corrected, timeZone) === wallClock;
  return correction > 0 || showsTheName ? corrected : guess;
}

/** Writes the name that vzdump gives to an archive begun at `time`. */
export function formatArchiveName(parts: ArchiveNameParts): string {
  const { year, month, day, hour, minute, second } = localTime(parts.time, parts.timeZone);
  const date = [String(year).padStart(4, "0"), twoDigits(month), twoDigits(day)].join("_");
  const clock = [hour, minute, second].map(twoDigits).join("_");
  const compression = parts.compression === undefined ? "" : `.${parts.compression}`;
  return `vzdump-${parts.guestType}-${parts.vmid}-${date}-${clock}.${parts.format}${compression}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

/** How a storage lists the file, undefined when it does not list it (logs, notes, `.tar.xz`, unfinished `.dat`). */
export function listArchive(fileName: string, timeZone: string): ListedArchive | undefined {
  const format = listedFile.exec(fileName)?.[1];
  if (format === undefined) {
    return undefined;
  }
  const name = parseArchiveName(fileName, timeZone);
  const vmid = /-([1-9]\d{2,8})-[^/]+$/.exec(fileName.slice(0, -format.length - 1))?.[1];
  return {
    format,
    vmid: vmid === undefined ? undefined : Number(vmid),
    subtype: name?.guestType ?? "unknown",
    time: name?.standard === true ? name.time : undefined,
  };
}

/** True when a list that is limited to one guest shows the file. Proxmox matches `-101-` anywhere in the name. */
export function isListedFor(fileName: string, vmid: number): boolean {
  return listedFile.test(fileName) && new RegExp(`\\S+-${vmid}-\\S+`).test(fileName);
}

/** The number that a volume id of an archive belongs to: of any length, as Proxmox checks rights on it. */
export function ownerOfArchive(fileName: string): string | undefined {
  return listedFile.test(fileName) ? /^vzdump-(?:openvz|lxc|qemu)-(\d+)-.+/.exec(fileName)?.[1] : undefined;
}

const unpackedForContainers = new RegExp(`\\.tar(?:\\.(?:${compressions}))?$`);

/**
 * Why Proxmox restores no guest of that kind from a file that it lists, as a sentence about it; undefined: its name does not
 * keep it from that. Of a container it reads the configuration whatever the name is, destroys the old guest, and looks at the
 * name only then.
 */
export function whyNotRestorable(fileName: string, guestType: "lxc" | "qemu"): string | undefined {
  const format = listedFile.exec(fileName)?.[1];
  if (guestType !== "lxc" || format === undefined || unpackedForContainers.test(fileName)) return undefined;
  const cure = format === "tgz" ? "; it does once the file is renamed to .tar.gz" : "";
  return `Proxmox lists it, but restores no container from a file whose name ends in .${format}${cure}`;
}
