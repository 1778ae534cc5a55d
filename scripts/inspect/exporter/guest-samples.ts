import { uncoveredDisks } from "../../../site/coverage";
import { isSavePoint } from "../../../site/restore/save-point";
import { parseMoment } from "../../../site/restore/moments";
import { diskOptOuts } from "../../../site/opt-outs";
import type { Guest } from "../../../site/settings/environment";
import { backupsOf } from "../status/guest-backups";
import type { GuestStatus } from "../status/guest-status";
import { secondsOf } from "./backup-seconds";
import { isTaken } from "../status/ownership";
import { nodeOf } from "../status/read-environment";
import type { EnvironmentLook } from "./look";
import { type Sample, sample } from "./sample";

interface GuestLabels {
  readonly environment: string;
  readonly guest: string;
  readonly id: string;
}

/** Series of one guest of the settings. */
export function guestSamples(guest: Guest, status: GuestStatus, look: EnvironmentLook): Sample[] {
  const labels = { environment: look.environment.name, guest: guest.name, id: String(guest.id) };
  const type = isAnothers(guest, look) ? "" : (look.facts.onNode.get(guest.id)?.type ?? "");
  const { timeZone } = look.facts;
  return [
    ...sample("lifeboat_guest_info", { ...labels, type, node: guest.node }, 1),
    ...sample("lifeboat_guest_backup_expected", labels, guest.optOut === undefined),
    ...(guest.optOut === undefined
      ? backupSamples(guest, status, labels, look)
      : sample("lifeboat_guest_opt_out_until_timestamp_seconds", labels, endOf(guest.optOut.until, timeZone))),
    ...diskOptOuts(guest).flatMap(({ disk, optOut }) =>
      sample("lifeboat_disk_opt_out_until_timestamp_seconds", { ...labels, disk }, endOf(optOut.until, timeZone)),
    ),
  ];
}

/** The last second of a day by the node's wall clock. */
function endOf(day: string, timeZone: string): number {
  return parseMoment(day, timeZone);
}

function backupSamples(guest: Guest, status: GuestStatus, labels: GuestLabels, look: EnvironmentLook): Sample[] {
  const { facts } = look;
  const disks = isAnothers(guest, look) ? [] : (facts.inJob.get(guest.id) ?? []);
  const allSeen = status.allSeen && isListed(guest, look);
  return [
    ...sample("lifeboat_guest_rpo_seconds", labels, status.rpoSeconds),
    ...sample("lifeboat_guest_archives_seen", labels, allSeen),
    ...(allSeen ? archiveSamples(guest, status, labels, look) : []),
    ...sample("lifeboat_guest_backup_failed", labels, hasFailed(guest, status, look)),
    ...proofSamples(status, labels, look),
    ...sample("lifeboat_guest_not_covered", labels, isForgotten(guest, look) ? 1 : undefined),
    ...uncoveredDisks(guest, disks).flatMap(({ name: disk }) =>
      sample("lifeboat_disk_not_covered", { ...labels, disk }, 1),
    ),
  ];
}

/** Named by the settings, and not in the job: adopted or declared, and no update has come to the job since. Without its job every guest is. */
function isForgotten(guest: Guest, look: EnvironmentLook): boolean {
  const { job, inJob, onNode } = look.facts;
  return job !== undefined && onNode.has(guest.id) && !inJob.has(guest.id) && !isAnothers(guest, look);
}

/** Whether another guest has its number: what is there, and how its backup went, says nothing of this one. */
function isAnothers(guest: Guest, { facts }: Pick<EnvironmentLook, "facts">): boolean {
  return isTaken(guest, facts.ownership.get(guest.id));
}

/** A storage that its node lists no more, as when somebody has removed or renamed it, shows none of the archives that lie there. */
function isListed(guest: Guest, { environment, facts }: EnvironmentLook): boolean {
  const { id } = environment.settings.backup.storage;
  return facts.storages.storages.some(({ storage, node, shared }) => storage === id && (shared || node === guest.node));
}

/** Of archives that are all seen: otherwise there may be newer ones. */
function archiveSamples(
  guest: Guest,
  { newest, backups }: GuestStatus,
  labels: GuestLabels,
  { facts }: EnvironmentLook,
): Sample[] {
  const seconds = newest && secondsOf(facts.runs, { volid: newest.archive, time: newest.time }, guest.id);
  return [
    ...sample("lifeboat_guest_backups", labels, backups),
    ...sample("lifeboat_guest_last_backup_timestamp_seconds", labels, newest?.time),
    ...sample("lifeboat_guest_last_backup_size_bytes", labels, newest?.size),
    ...sample("lifeboat_guest_last_backup_duration_seconds", labels, seconds),
    ...sample("lifeboat_guest_previous_backup_size_bytes", labels, newest?.previousSize),
    ...sample("lifeboat_guest_verification_timestamp_seconds", labels, newest?.verified),
    ...sample("lifeboat_guest_verification_failed", labels, isBad(guest, facts)),
  ];
}

/** What was found of the newest backup, whether it counts as one or not; undefined: nobody has verified it. */
function isBad(guest: Guest, facts: EnvironmentLook["facts"]): boolean | undefined {
  const { archives } = backupsOf(guest, facts);
  const [newest] = archives.filter(({ notes }) => !isSavePoint(notes)).toSorted((a, b) => b.time - a.time);
  if (newest?.verified !== undefined) return newest.verified.damage !== undefined;
  return newest?.verification === undefined ? undefined : newest.verification !== "ok";
}

/** Undefined: the newest run on its node is not known, or there was none; or another guest has its number. */
function hasFailed(guest: Guest, { newest }: GuestStatus, { facts }: EnvironmentLook): boolean | undefined {
  if (isAnothers(guest, { facts })) return undefined;
  const { id } = guest;
  const node = nodeOf(guest, facts);
  const run = facts.runs.flatMap(({ last }) => last ?? []).find((last) => last.node === node);
  if (run === undefined) return undefined;
  if (run.succeeded || (newest?.time ?? 0) >= run.started) return false;
  // A run that came to no guest at all has failed for each of them.
  return run.failed.length === 0 || run.failed.some((guest) => guest.id === id);
}

function proofSamples({ drill }: GuestStatus, labels: GuestLabels, { drillGap }: EnvironmentLook): Sample[] {
  if (drill === undefined || drill.result === "unknown") return [];
  const { result, time } = drill;
  return [
    ...sample("lifeboat_guest_proof_timestamp_seconds", labels, time),
    ...sample("lifeboat_guest_proof_success", labels, result === "never" ? undefined : result === "proven"),
    ...sample("lifeboat_guest_proof_max_age_seconds", labels, drillGap && 2 * drillGap),
  ];
}
