/** How far a task is, as lines of its log tell it. Sources: qemu-server `PVE/VZDump/QemuServer.pm`, `vma` and `pbs-restore` of pve-qemu. */
export interface CopyProgress {
  /** Bytes. */
  readonly done: number;
  readonly total: number;
  /** Seconds since it began, by the node. */
  readonly seconds: number;
}

/** `INFO:  12% (1.2 GiB of 10.0 GiB) in 1m 3s, read: 100.0 MiB/s, write: 90.0 MiB/s` */
const backupLine = /^(?:INFO:)?\s*\d+% \(([\d.]+ [KMGTP]?i?B) of ([\d.]+ [KMGTP]?i?B)\) in ((?:\d+[dhms] ?)+)/u;

/** `progress 12% (read 1288490188 bytes, duration 12 sec)`; from a backup server with zeroes between the two. */
const restoreLine = /^progress (\d+)% \(read (\d+) bytes,.* duration (\d+) sec\)/u;

/** How far a task is by one line of its log; undefined for a line that tells something else. */
export function copyProgressIn(line: string): CopyProgress | undefined {
  const [, done, total, time] = backupLine.exec(line) ?? [];
  if (done !== undefined && total !== undefined && time !== undefined) {
    return { done: bytesOf(done), total: bytesOf(total), seconds: secondsOf(time) };
  }
  const [, share, read, seconds] = restoreLine.exec(line) ?? [];
  if (share === undefined || read === undefined || seconds === undefined) return undefined;
  // The log names no total: at the first per cent it is not known well enough to say anything of the rest.
  const whole = Number(share) < 2 ? Number(read) : Math.round((Number(read) * 100) / Number(share));
  return { done: Number(read), total: whole, seconds: Number(seconds) };
}

const powers = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

function bytesOf(text: string): number {
  const [number = "0", unit = "B"] = text.split(" ");
  return Math.round(Number(number) * 1024 ** Math.max(0, powers.indexOf(unit)));
}

const units: Readonly<Record<string, number>> = { d: 86_400, h: 3_600, m: 60, s: 1 };

function secondsOf(text: string): number {
  const parts = [...text.matchAll(/(\d+)([dhms])/gu)];
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (units[unit ?? ""] ?? 0), 0);
}

/** What `mke2fs` says while it makes the file system of a new volume: numbers of blocks, which nobody wants. */
const mkfsLine =
  /^(?:mke2fs \d|Discarding device blocks|Creating filesystem with|Filesystem UUID|Superblock backups stored|Allocating group tables|Writing inode tables|Creating journal|Writing superblocks|Multiple mount protection|[\d,\s]+$)/u;

/** Whether a line of a task's log tells people nothing. */
export function tellsNothing(line: string): boolean {
  return line.trim() === "" || mkfsLine.test(line.trim());
}
