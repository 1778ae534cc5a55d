/**
 * The log of a backup run. The task itself only says `job errors`; what became of each guest is in these lines.
 *
 * Source: pve-manager, `PVE::VZDump::exec_backup_task` and `exec_backup`; recordings of runs with a failing guest.
 */

/** A backup as its run names it: a file in the storage's folder, or a snapshot on a Proxmox Backup Server. */
export type WrittenArchive =
  { readonly kind: "file"; readonly name: string } | { readonly kind: "snapshot"; readonly name: string };

/** What a run did with one guest. */
export interface GuestRun {
  readonly vmid: number;
  /** `begun`: the log ends while the guest is backed up. */
  readonly state: "finished" | "failed" | "begun";
  /** The archive that was begun for it. */
  readonly archive: WrittenArchive | undefined;
  /** How long it took; undefined unless it finished. */
  readonly seconds: number | undefined;
  /** Why it failed, in one line. */
  readonly reason: string | undefined;
}

export interface VzdumpRun {
  /** In the order in which the run came to them. */
  readonly guests: readonly GuestRun[];
  /** Errors that belong to no guest: the lock of the node, a storage that cannot be used, a stopped run. */
  readonly errors: readonly string[];
}

/** What is known of a guest while its lines are read. */
interface OpenGuest {
  vmid: number;
  state: GuestRun["state"];
  archive: WrittenArchive | undefined;
  seconds: number | undefined;
  reasons: string[];
  /** Last line of a program that writes the archive; that of the backup server's client begins with `Error: `. */
  told: string | undefined;
}

const begin = /^INFO: Starting Backup of VM (\d+) /u;
const file = /^INFO: creating vzdump archive '(?:.*\/)?([^/]+)'$/u;
const snapshot = /^INFO: creating Proxmox Backup Server archive '(.+)'$/u;
const finish = /^INFO: Finished Backup of VM (\d+) \((\d+):(\d{2}):(\d{2})\)$/u;
const failure = /^ERROR: Backup of VM (\d+) failed - (.*)$/u;
const program = /^INFO: ((?:tar|zstd|gzip|pigz|lzop)\b.*|Error: .*)$/u;

/** Reads the log of a run, also of one that is not at its end. */
export function parseVzdumpLog(lines: readonly string[]): VzdumpRun {
  const guests: OpenGuest[] = [];
  const errors: string[] = [];
  let failing: OpenGuest | undefined;
  for (const line of lines) {
    const current = guests.at(-1);
    const failed = failure.exec(line);
    if (failed !== null) {
      failing = failedGuest(Number(failed[1]), guests);
      failing.reasons.push(failed[2] ?? "");
    } else if (line.startsWith("ERROR: ")) {
      // A reason of several lines is one line of the log each.
      (failing?.reasons ?? errors).push(line.slice("ERROR: ".length));
    } else {
      failing = undefined;
      const started = begin.exec(line)?.[1];
      if (started !== undefined) guests.push(openGuest(Number(started)));
      else if (current !== undefined) readGuestLine(line, current);
    }
  }
  return { guests: guests.map(closeGuest), errors };
}

function openGuest(vmid: number): OpenGuest {
  return { vmid, state: "begun", archive: undefined, seconds: undefined, reasons: [], told: undefined };
}

/** A guest that does not exist fails without ever having begun. */
function failedGuest(vmid: number, guests: OpenGuest[]): OpenGuest {
  const last = guests.at(-1);
  const guest = last?.vmid === vmid ? last : openGuest(vmid);
  if (guest !== last) guests.push(guest);
  guest.state = "failed";
  return guest;
}

function readGuestLine(line: string, guest: OpenGuest): void {
  const name = file.exec(line)?.[1];
  if (name !== undefined) guest.archive = { kind: "file", name };
  const onServer = snapshot.exec(line)?.[1];
  if (onServer !== undefined) guest.archive = { kind: "snapshot", name: onServer };
  guest.told = program.exec(line)?.[1] ?? guest.told;
  const [, vmid, hours, minutes, seconds] = finish.exec(line) ?? [];
  if (Number(vmid) !== guest.vmid) return;
  guest.state = "finished";
  guest.seconds = Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
}

function closeGuest({ reasons, told, ...guest }: OpenGuest): GuestRun {
  const reason = reasons.length === 0 ? undefined : reasons.map((text) => shortReason(text, told)).join("; ");
  return { ...guest, reason };
}

/** A failed command is reported with its whole command line; what went wrong stands in the lines of its programs. */
function shortReason(reason: string, told: string | undefined): string {
  const status = /^command '.*' failed: (.+)$/su.exec(reason)?.[1];
  return status === undefined ? reason : `${told ?? "the archive could not be written"} (${status})`;
}
