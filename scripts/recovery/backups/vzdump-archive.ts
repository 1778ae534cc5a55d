import type { TaskOutcome } from "../../../proxmox/api/tasks";
import { archiveVolumeId, formatVolumeId } from "../../../proxmox/rules/volume-ids";

/**
 * The archive that a run of vzdump has written, from its log: the file name does not follow from anything known before
 * (it holds the second of the start). Undefined when the log names none.
 */
export function archiveOf(outcome: TaskOutcome, storage: string): string | undefined {
  for (const line of outcome.log) {
    const file = /^INFO: creating vzdump archive '(?:.*\/)?([^/]+)'$/u.exec(line)?.[1];
    if (file !== undefined) return archiveVolumeId(storage, file);
    const snapshot = /^INFO: creating Proxmox Backup Server archive '(.+)'$/u.exec(line)?.[1];
    if (snapshot !== undefined) return formatVolumeId({ storage, volume: `backup/${snapshot}` });
  }
  return undefined;
}

/** Why a run failed. The task itself only says `job errors`; the reason is in the guest's lines of the log. */
export function vzdumpError({ exitStatus, log }: TaskOutcome): string {
  const reasons = log
    .filter((line) => line.startsWith("ERROR: "))
    .map((line) => line.slice("ERROR: ".length).replace(/^Backup of VM \d+ failed - /u, ""))
    .map((reason) => shortReason(reason, log));
  return reasons.length === 0 ? exitStatus : reasons.join("; ");
}

/** Lines of the programs that write an archive. */
const programLine = /^INFO: ((?:tar|zstd|gzip|pigz|lzop)\b.*)$/u;

/** A failed command is reported with its whole command line; what went wrong stands in the lines of its programs. */
function shortReason(reason: string, log: readonly string[]): string {
  const status = /^command '.*' failed: (.+)$/su.exec(reason)?.[1];
  if (status === undefined) return reason;
  const told = log.flatMap((line) => programLine.exec(line)?.[1] ?? []);
  return `${told.at(-1) ?? "the archive could not be written"} (${status})`;
}
