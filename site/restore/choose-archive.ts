import { parseArchiveName, whyNotRestorable } from "../../proxmox/rules/archive-names";
import { archiveFileName, backupServerOwner } from "../../proxmox/rules/volume-ids";
import { isShrunk } from "../health";
import type { VerificationRecord } from "./verification-record";
import { doubtOf } from "./doubt";
import { formatMoment } from "./moments";
import { isSavePoint } from "./save-point";

export { formatMoment, MomentError, parseMoment } from "./moments";

/** An archive as a storage lists it. Archives of several storages may be mixed. */
export interface ListedArchive {
  readonly volid: string;
  readonly type: "lxc" | "qemu";
  /** Bytes; undefined where the storage tells none. */
  readonly size: number | undefined;
  /** Unix seconds: when the backup started. */
  readonly time: number;
  /** First line of the notes; empty when there are none. */
  readonly notes: string;
  /** What a backup server found when it verified it: `ok`, `failed`; undefined where nobody has. */
  readonly verification?: string | undefined;
  /** What was recorded when Lifeboat verified it. */
  readonly verified?: VerificationRecord | undefined;
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
  /** The node's clock, unix seconds, read after the archives were listed. */
  readonly now: number;
}

/** An archive that cannot be chosen by its date, and why. */
export interface LeftOutArchive<Archive> {
  readonly archive: Archive;
  readonly reason: string;
  /** It is a backup of this guest, and something speaks against it (D17): it may be named. */
  readonly doubtful: boolean;
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
 * moment, or one by its name. A save point, an archive with a strange name, or a doubtful one, is only taken when it is
 * named. One without content, or of a name from which Proxmox restores nothing, never.
 */
export function chooseArchive<Archive extends ListedArchive>(
  archives: readonly Archive[],
  wish: ArchiveWish,
  context: ChoiceContext,
): ArchiveChoice<Archive> {
  const newestFirst = archives.toSorted((a, b) => b.time - a.time || (a.volid < b.volid ? 1 : -1));
  const leftOut = newestFirst.flatMap((archive) => {
    const other = whyLeftOut(archive, context);
    const reason = other ?? doubtOf(archive, context);
    return reason === undefined ? [] : [{ archive, reason, doubtful: other === undefined }];
  });
  const out = new Set(leftOut.map(({ archive }) => archive));
  const candidates = newestFirst.filter((archive) => !out.has(archive));
  const { chosen, reason } = choose(newestFirst, candidates, leftOut, wish, context);
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

/** Why an archive is not chosen by its date, whatever is to be thought of it; undefined when it may be. */
function whyLeftOut(archive: ListedArchive, context: ChoiceContext): string | undefined {
  if (isEmpty(archive)) {
    return "it is empty";
  }
  if (context.type !== undefined && archive.type !== context.type) {
    return `it is of a ${nameOfType(archive.type)}, and ${context.vmid} is a ${nameOfType(context.type)}`;
  }
  const unrestorable = whyUnrestorable(archive);
  if (unrestorable !== undefined) {
    return unrestorable;
  }
  if (isSavePoint(archive.notes)) {
    return "it is a save point, which is restored by undo or by its name";
  }
  return whyStrangeName(archive, context);
}

function nameOfType(type: "lxc" | "qemu"): string {
  return type === "lxc" ? "container" : "virtual machine";
}

function isEmpty({ size }: ListedArchive): boolean {
  return size !== undefined && size <= 0;
}

function whyUnrestorable({ volid, type }: ListedArchive): string | undefined {
  return whyNotRestorable(archiveFileName(volid) ?? "", type);
}

function whyStrangeName(archive: ListedArchive, { vmid, timeZone }: ChoiceContext): string | undefined {
  const name = parseArchiveName(archiveFileName(archive.volid) ?? "", timeZone);
  const owner = backupServerOwner(archive.volid) ?? (name?.standard === true ? name.vmid : undefined);
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
  leftOut: readonly LeftOutArchive<Archive>[],
  wish: ArchiveWish,
  context: ChoiceContext,
): Chosen<Archive> {
  if (wish.kind === "named") {
    return chooseNamed(all, wish.volid, context);
  }
  const none = whyNone(candidates, leftOut, context);
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
  candidates: readonly ListedArchive[],
  leftOut: readonly LeftOutArchive<ListedArchive>[],
  { vmid }: ChoiceContext,
): string | undefined {
  if (candidates.length > 0) return undefined;
  if (leftOut.length === 0) return `there is no archive of guest ${vmid}`;
  const count = leftOut.length === 1 ? "1 archive" : `${leftOut.length} archives`;
  const reasons = [...new Set(leftOut.map(({ reason }) => reason))].join("; ");
  return `there is no backup of guest ${vmid} that could be chosen by its date (${count} left out: ${reasons})`;
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
  if (isEmpty(named)) {
    return { chosen: undefined, reason: `${volid} is empty` };
  }
  if (type !== undefined && named.type !== type) {
    return {
      chosen: undefined,
      reason: `${volid} is of a ${nameOfType(named.type)}, and ${vmid} is a ${nameOfType(type)}`,
    };
  }
  const unrestorable = whyUnrestorable(named);
  if (unrestorable !== undefined) {
    return { chosen: undefined, reason: `${volid}: ${unrestorable}` };
  }
  return { chosen: named, reason: "it was named" };
}

/**
 * Size of the backup before one, in bytes, as far as both are measured alike: a backup server tells what was read of the
 * guest, other storages how large the packed file is.
 */
export function comparableSize(
  archive: Pick<ListedArchive, "volid">,
  before: Pick<ListedArchive, "volid" | "size"> | undefined,
): number | undefined {
  const [one, other] = [archive, before].map((of) => backupServerOwner(of?.volid ?? "") !== undefined);
  return one === other ? before?.size : undefined;
}

function warningsOf(chosen: ListedArchive, predecessor: ListedArchive | undefined, context: ChoiceContext): string[] {
  const warnings: string[] = [];
  const [size, before] = [chosen.size, comparableSize(chosen, predecessor)];
  if (size !== undefined && before !== undefined && isShrunk(size, before)) {
    const share = Math.floor((size / before) * 100);
    const date = formatMoment(predecessor?.time ?? 0, context.timeZone);
    warnings.push(
      `${chosen.volid} has ${share} % of the size of the backup before it (${date}): something may be missing`,
    );
  }
  const strange = isSavePoint(chosen.notes) ? undefined : whyStrangeName(chosen, context);
  for (const reason of [strange, doubtOf(chosen, context)]) {
    if (reason !== undefined) warnings.push(`${chosen.volid}: ${reason}`);
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
