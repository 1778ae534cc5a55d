import { counted } from "../../../terminal/text";
import { plainText } from "../../../../proxmox/api/plain-text";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { backupServerOwner } from "../../../../proxmox/rules/volume-ids";
import type { Verdict } from "../../../../site/verify/judge-archive";
import type { VerificationRecord } from "../../../../site/restore/verification-record";
import { runBounded } from "../../../machine/bounded";
import { groupBy } from "../../../machine/group-by";
import { copiedSince } from "../../../terminal/copied";
import { formatBytes } from "../../../terminal/durations";
import type { Ending, Progress, ShowStep } from "../../../terminal/progress";
import type { ListedArchive } from "./listed";
import type { MomentOn } from "./node-clocks";
import { remember } from "./remember";
import type { ArchiveVerifier } from "./verifier";

/** What became of one archive. */
export interface VerifiedArchive {
  readonly listed: ListedArchive;
  readonly result: Verdict["kind"] | "removed";
  readonly problems: readonly string[];
  /** As it was found now. */
  readonly sha256: string | undefined;
  /** What is remembered of it. */
  readonly record: VerificationRecord | undefined;
  readonly notRecorded: string | undefined;
  /** Clock of its node when it was read: unix seconds. */
  readonly now: number;
}

export interface VerifyRun {
  readonly client: ProxmoxClient;
  readonly files: ArchiveVerifier;
  /** For snapshots on backup servers. */
  readonly servers: ArchiveVerifier;
  /** Processors of a node. */
  readonly coresOf: (node: string) => number;
  readonly momentOn: MomentOn;
  /** Whether nothing new is begun any more. */
  readonly isOver: () => boolean;
  readonly signal: AbortSignal;
  readonly progress: Pick<Progress, "strands">;
}

/**
 * Verifies archives in their order, on each node as many side by side as it has processors. What is found of one is recorded
 * before the next is begun in its place: a run that is interrupted has done what it has done.
 */
export async function verifyArchives(archives: readonly ListedArchive[], run: VerifyRun): Promise<VerifiedArchive[]> {
  if (archives.length === 0) return [];
  const bytes = archives.reduce((sum, { archive }) => sum + (archive.size ?? 0), 0);
  const what = counted(archives.length, "archive");
  const readAll = async (strand: (name: string) => ShowStep): Promise<VerifiedArchive[]> => {
    const nodes = [...groupBy(archives, ({ archive }) => archive.node)].map(async ([node, own]) => {
      const parallel = run.coresOf(node);
      return runBounded(own, { parallel, perKey: parallel, keyOf: () => "" }, (one) => verifyOne(one, run, strand));
    });
    return (await Promise.all(nodes)).flat().filter((one) => one !== undefined);
  };
  return run.progress.strands(`read ${what} (${formatBytes(bytes)})`, readAll, (verified) => {
    const seen = verified.filter(({ result }) => result !== "unseen" && result !== "removed").length;
    const isRead = seen === archives.length;
    return {
      mark: worstOf(verified.map(markOf), isRead),
      ...(isRead ? {} : { title: `read ${String(seen)} of ${what}` }),
    };
  });
}

/** Only what is damaged is bad: what nobody could see may be whole. */
function markOf({ result }: VerifiedArchive): Ending["mark"] {
  if (result === "whole") return "good";
  return result === "damaged" ? "bad" : "odd";
}

function worstOf(marks: readonly Ending["mark"][], isRead: boolean): Ending["mark"] {
  if (marks.includes("bad")) return "bad";
  return isRead && !marks.includes("odd") ? "good" : "odd";
}

/** @returns undefined where it was not begun, or not ended */
async function verifyOne(
  listed: ListedArchive,
  run: VerifyRun,
  strand: (name: string) => ShowStep,
): Promise<VerifiedArchive | undefined> {
  if (run.isOver() || run.signal.aborted) return undefined;
  const { volid, size } = listed.archive;
  const verifier = backupServerOwner(volid) === undefined ? run.files : run.servers;
  try {
    const title = plainText(volid.slice(volid.indexOf(":") + 1));
    const read = (update: (detail: string) => void): Promise<VerifiedArchive> =>
      verify(listed, run, verifier, copiedSince(size, update));
    return await strand(listed.label)(title, read, (verified) => ({ mark: markOf(verified) }));
  } catch (error) {
    if (run.signal.aborted) return undefined;
    throw error;
  }
}

async function verify(
  listed: ListedArchive,
  { client, momentOn }: VerifyRun,
  verifier: ArchiveVerifier,
  onBytes: (bytes: number) => void,
): Promise<VerifiedArchive> {
  const { verdict, sha256 } = await verifier.verify(listed, onBytes);
  const { kind, problems } = verdict;
  const { now } = await momentOn(listed.archive.node);
  const seen = { listed, result: kind, problems, sha256, record: listed.record, notRecorded: undefined, now };
  // Without a sum there is nothing to compare with later: it was not there, or changed while it was read.
  const isTold = kind === "damaged" || sha256 !== undefined;
  if (kind === "unseen" || kind === "writing" || !isTold || !verifier.isRecorded) return seen;
  const damage = kind === "damaged" ? problems.join("; ") : undefined;
  const remembered = await remember(client, listed, { sha256, damage }, now);
  if (remembered === "gone") return { ...seen, result: "removed", problems: ["it was removed meanwhile"] };
  const { record, notRecorded } = remembered;
  const isOther = record.damage !== undefined && record.damage !== damage;
  return {
    ...seen,
    ...(isOther ? { result: "damaged", problems: [record.damage ?? ""] } : {}),
    record,
    notRecorded,
  };
}
