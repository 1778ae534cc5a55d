import type { TaskOutcome } from "../../../../proxmox/api/tasks";
import { archiveVolumeId, formatVolumeId } from "../../../../proxmox/rules/volume-ids";
import { parseVzdumpLog, type WrittenArchive } from "../../../../proxmox/rules/vzdump-log";

/**
 * The archive that a run of vzdump over one guest has written, from its log: the file name does not follow from anything
 * known before (it holds the second of the start). Undefined when the log names none.
 */
export function archiveOf(outcome: TaskOutcome, storage: string): string | undefined {
  const written = parseVzdumpLog(outcome.log).guests.find(({ archive }) => archive !== undefined)?.archive;
  return written && volumeOf(written, storage);
}

/** Volume id of an archive that a run has written. */
export function volumeOf({ kind, name }: WrittenArchive, storage: string): string {
  return kind === "file" ? archiveVolumeId(storage, name) : formatVolumeId({ storage, volume: `backup/${name}` });
}

/** Why a run failed. The task itself only says `job errors`; the reason is in the guest's lines of the log. */
export function vzdumpError({ exitStatus, log }: TaskOutcome): string {
  const { guests, errors } = parseVzdumpLog(log);
  const reasons = [...guests.flatMap(({ reason }) => reason ?? []), ...errors];
  return reasons.length === 0 ? exitStatus : reasons.join("; ");
}
