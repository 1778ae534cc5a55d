import { parseVzdumpLog } from "../../proxmox/rules/vzdump-log";

/** What the log beside an archive says. */
export type LogJudgement =
  | { readonly kind: "agrees" }
  /** It does not say how the backup ended. */
  | { readonly kind: "unfinished" }
  /** Half a sentence: what is odd. `isOfAnother`: what is told is about another archive than this one. */
  | { readonly kind: "contradicts"; readonly why: string };

/** The archive that a log should be about. */
export interface LoggedArchive {
  readonly fileName: string;
  readonly vmid: number;
  /** Bytes; undefined where nobody has told them. */
  readonly size: number | undefined;
}

/** vzdump writes the time before each line of the log that it leaves beside an archive. */
const stamp = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d /u;
const units: Readonly<Record<string, number>> = { B: 0, K: 1, M: 2, G: 3, T: 4 };

/**
 * Whether the log that vzdump left beside an archive agrees with it: it is about this guest and this file, ended well, and tells
 * its size.
 *
 * @param isCut only the end of the log is at hand.
 */
export function judgeLog(text: string, archive: LoggedArchive, isCut: boolean): LogJudgement {
  const told = text.split("\n").map((line) => line.replace(stamp, "").trimEnd());
  const lines = isCut ? [`INFO: Starting Backup of VM ${String(archive.vmid)} `, ...told] : told;
  const { guests, errors } = parseVzdumpLog(lines);
  const own = guests.find(({ vmid }) => vmid === archive.vmid);
  const [other] = guests;
  if (own === undefined && other !== undefined) return contradicts(`its log is of guest ${String(other.vmid)}`);
  const [reason] = [own?.reason, ...errors].filter((one) => one !== undefined);
  if (reason !== undefined) return contradicts(`its log says that the backup failed: ${reason}`);
  if (own?.archive?.kind === "file" && own.archive.name !== archive.fileName) {
    return contradicts(`its log is of another archive, ${own.archive.name}`);
  }
  if (own?.state !== "finished") return { kind: "unfinished" };
  const size = sizeIn(lines);
  if (size === undefined || archive.size === undefined || size.fits(archive.size)) return { kind: "agrees" };
  return contradicts(`its log says that it had ${size.text}`);
}

function contradicts(why: string): LogJudgement {
  return { kind: "contradicts", why };
}

/** vzdump rounds what it tells: to whole units, or to the digits that it prints. */
function sizeIn(lines: readonly string[]): { text: string; fits: (bytes: number) => boolean } | undefined {
  const match = lines
    .map((line) => /^INFO: archive file size: (\d+)(\.\d+)? ?([KMGT]?)i?B$/u.exec(line))
    .findLast((found) => found !== null);
  if (match === undefined || match === null) return undefined;
  const [, whole = "", fraction = "", letter = ""] = match;
  const unit = 1024 ** (units[letter === "" ? "B" : letter] ?? 0);
  const told = Number(`${whole}${fraction}`) * unit;
  const step = unit / 10 ** Math.max(0, fraction.length - 1);
  return { text: `${whole}${fraction} ${letter}B`, fits: (bytes) => Math.abs(bytes - told) <= step };
}
