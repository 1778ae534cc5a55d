import { parseArchiveName } from "../../proxmox/rules/archive-names";
import { archiveFileName, parseVolumeId } from "../../proxmox/rules/volume-ids";
import { formatMoment } from "./moments";
import { isSavePoint } from "./save-point";

export { formatMoment, MomentError, parseMoment } from "./moments";

/** An archive as a storage lists it. Archives of several storages may be mixed. */
export interface ListedArchive {
  readonly volid: string;
  readonly type: "lxc" | "qemu";
  /** Bytes. */
  readonly size: number;
  /** Unix seconds: when the backup started. */
  readonly time: number;
  /** First line of the notes; empty when there are none. */
  readonly notes: string;
}

/** Which archive the operator wants. */
export type ArchiveWish =
  | { readonly kind: "newest" }
  /** The newest that is not later than this, in unix seconds. */
  | { readonly kind: "at"; readonly time: number }
  /** This one, by its volume id. */
  | { readonly kind: "named"; readonly volid: string };

export interface ChoiceContext {
  /** The guest whose archives these are. */
  readonly vmid: number;
  /**
   * What the guest is; undefined when that is not known. Archives of another kind are of another guest with the same
   * id.
   */
  readonly type?: "lxc" | "qemu" | undefined;
  /** The node's, for texts and for the names of archives. */
  readonly timeZone: string;
}

/** An archive that cannot be chosen by its date, and why. */
export interface LeftOutArchive<Archive> {
  readonly archive: Archive;
  readonly reason: string;
}

export interface ArchiveChoice<Archive> {
  /** Undefined when there is nothing to restore from; `reason` says why. */
  readonly chosen: Archive | undefined;
  /** Why this one, or why none, as a sentence without a full stop. */
  readonly reason: string;
  /** The three newest backups, newest first; save points are not among them. */
  readonly newest: readonly Archive[];
  /** Backups before the chosen one that could be chosen instead, newest first. */
  readonly older: readonly Archive[];
  readonly warnings: readonly string[];
  readonly leftOut: readonly LeftOutArchive<Archive>[];
}

/**
 * Chooses the archive to restore (D2): the newest finished backup that is not a save point, the newest not later than a
 * moment, or one by its name. A save point, or an archive with a strange name, is only taken when it is named. One
 * without content never.
 */
export function chooseArchive<Archive extends ListedArchive>(
  archives: readonly Archive[],
  wish: ArchiveWish,
  context: ChoiceContext,
): ArchiveChoice<Archive> {
  const newestFirst = archives.toSorted((a, b) => b.time - a.time || (a.volid < b.volid ? 1 : -1));
  const leftOut = newestFirst.flatMap((archive) => {
    const reason = whyLeftOut(archive, context);
    return reason === undefined ? [] : [{ archive, reason }];
  });
  const out = new Set(leftOut.map(({ archive }) => archive));
  const candidates = newestFirst.filter((archive) => !out.has(archive));
  const { chosen, reason } = choose(newestFirst, candidates, wish, context);
  const older = candidates.filter((candidate) => chosen !== undefined && candidate.time < chosen.time);
  return {
    chosen,
    reason,
    newest: candidates.slice(0, 3),
    older,
    warnings:
      chosen === undefined
        ? []
        : [...warningsOf(chosen, older[0], context), ...skippedWarnings(chosen, wish, leftOut, context)],
    leftOut,
  };
}

/** Why an archive is not chosen by its date; undefined when it may be. */
function whyLeftOut(archive: ListedArchive, context: ChoiceContext): string | undefined {
  if (archive.size <= 0) {
    return "it is empty";
  }
  if (context.type !== undefined && archive.type !== context.type) {
    return `it is of a ${nameOfType(archive.type)}, and ${context.vmid} is a ${nameOfType(context.type)}`;
  }
  if (isSavePoint(archive.notes)) {
    return "it is a save point, which is restored by undo or by its name";
  }
  return whyStrangeName(archive, context);
}

function nameOfType(type: "lxc" | "qemu"): string {
  return type === "lxc" ? "container" : "virtual machine";
}

/** Volume of an archive on a Proxmox Backup Server: `backup/ct/101/2026-11-20T01:00:00Z`. */
const serverVolume = /^backup\/(?:ct|vm)\/(\d+)\/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;

function whyStrangeName(archive: ListedArchive, { vmid, timeZone }: ChoiceContext): string | undefined {
  const onServer = serverVolume.exec(parseVolumeId(archive.volid)?.volume ?? "");
  const name = parseArchiveName(archiveFileName(archive.volid) ?? "", timeZone);
  const owner = onServer === null ? (name?.standard === true ? name.vmid : undefined) : Number(onServer[1]);
  if (owner === undefined) {
    return "its name is not one that Proxmox gives, so its age is not certain";
  }
  return owner === vmid ? undefined : `it is an archive of guest ${owner}`;
}

interface Chosen<Archive> {
  readonly chosen: Archive | undefined;
  readonly reason: string;
}

function choose<Archive extends ListedArchive>(
  all: readonly Archive[],
  candidates: readonly Archive[],
  wish: ArchiveWish,
  context: ChoiceContext,
): Chosen<Archive> {
  if (wish.kind === "named") {
    return chooseNamed(all, wish.volid, context);
  }
  const none = whyNone(all, candidates, context);
  if (none !== undefined) {
    return { chosen: undefined, reason: none };
  }
  if (wish.kind === "newest") {
    return { chosen: candidates[0], reason: "it is the newest backup" };
  }
  const chosen = candidates.find(({ time }) => time <= wish.time);
  const limit = formatMoment(wish.time, context.timeZone);
  if (chosen !== undefined) {
    return { chosen, reason: `it is the newest backup that is not later than ${limit}` };
  }
  const oldest = formatMoment(candidates.at(-1)?.time ?? 0, context.timeZone);
  return {
    chosen,
    reason: `no backup of guest ${context.vmid} is from ${limit} or before, the oldest is from ${oldest}`,
  };
}

function whyNone(
  all: readonly ListedArchive[],
  candidates: readonly ListedArchive[],
  { vmid }: ChoiceContext,
): string | undefined {
  if (all.length === 0) {
    return `there is no archive of guest ${vmid}`;
  }
  const count = all.length === 1 ? "1 archive" : `${all.length} archives`;
  return candidates.length === 0
    ? `there is no backup of guest ${vmid} that could be chosen by its date (${count} left out)`
    : undefined;
}

/** The operator takes the responsibility for what is named, as far as it can be an archive of this guest at all. */
function chooseNamed<Archive extends ListedArchive>(
  all: readonly Archive[],
  volid: string,
  { vmid, type }: ChoiceContext,
): Chosen<Archive> {
  const named = all.find((archive) => archive.volid === volid);
  if (named === undefined) {
    return { chosen: undefined, reason: `there is no archive ${volid} of guest ${vmid}` };
  }
  if (named.size <= 0) {
    return { chosen: undefined, reason: `${volid} is empty` };
  }
  if (type !== undefined && named.type !== type) {
    return {
      chosen: undefined,
      reason: `${volid} is of a ${nameOfType(named.type)}, and ${vmid} is a ${nameOfType(type)}`,
    };
  }
  return { chosen: named, reason: "it was named" };
}

function warningsOf(chosen: ListedArchive, predecessor: ListedArchive | undefined, context: ChoiceContext): string[] {
  const warnings: string[] = [];
  if (predecessor !== undefined && chosen.size < predecessor.size / 2) {
    const share = Math.floor((chosen.size / predecessor.size) * 100);
    const date = formatMoment(predecessor.time, context.timeZone);
    warnings.push(
      `${chosen.volid} has ${share} % of the size of the backup before it (${date}): something may be missing`,
    );
  }
  const strange = isSavePoint(chosen.notes) ? undefined : whyStrangeName(chosen, context);
  if (strange !== undefined) {
    warnings.push(`${chosen.volid}: ${strange}`);
  }
  return warnings;
}

/** A newer archive that was passed over may be the one that the operator thinks of. Save points never are. */
function skippedWarnings(
  chosen: ListedArchive,
  wish: ArchiveWish,
  leftOut: readonly LeftOutArchive<ListedArchive>[],
  { timeZone }: ChoiceContext,
): string[] {
  if (wish.kind === "named") return [];
  return leftOut
    .filter(({ archive }) => archive.time > chosen.time && !isSavePoint(archive.notes))
    .filter(({ archive }) => wish.kind === "newest" || archive.time <= wish.time)
    .map(
      ({ archive, reason }) =>
        `${archive.volid} (${formatMoment(archive.time, timeZone)}) is newer and left out: ${reason}`,
    );
}
