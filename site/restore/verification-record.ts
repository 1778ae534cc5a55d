/**
 * What is remembered of an archive's last verification, in a line of its own among the archive's notes: so every machine that
 * verifies it later, or restores from it, knows. Notes that somebody wrote, and Lifeboat's own of save points, stay as they are.
 */
export interface VerificationRecord {
  /** Unix seconds. */
  readonly time: number;
  /** SHA-256 of the file when it was first found whole. */
  readonly sha256: string | undefined;
  /** What was wrong with it; undefined: it was whole. */
  readonly damage: string | undefined;
}

/** What reading it found this time. */
export type FoundNow = Pick<VerificationRecord, "sha256" | "damage">;

const pattern =
  /^lifeboat verify (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)(?: sha256:([0-9a-f]{64}))? (?:whole|damaged: (\S.*))$/u;

/**
 * The record among an archive's notes. Where somebody has copied another archive's line there, they are taken together: nothing that
 * was found damaged counts as whole for it, the sum stays the first one, and the time the earliest.
 */
export function readVerification(notes: string): VerificationRecord | undefined {
  const records = notes.split("\n").flatMap((text): VerificationRecord[] => {
    const [, date, sha256, damage] = pattern.exec(text.trimEnd()) ?? [];
    const time = Date.parse(date ?? "") / 1_000;
    return Number.isNaN(time) ? [] : [{ time, sha256, damage }];
  });
  if (records.length === 0) return undefined;
  return {
    time: Math.min(...records.map(({ time }) => time)),
    sha256: records.find(({ sha256 }) => sha256 !== undefined)?.sha256,
    damage: records.findLast(({ damage }) => damage !== undefined)?.damage,
  };
}

function notesWithout(notes: string): string {
  return notes
    .split("\n")
    .filter((line) => !pattern.test(line.trimEnd()))
    .join("\n");
}

/** The notes with this record in place of the one that they have. The first line stays the first: lists show that one alone. */
export function withVerification(notes: string, { time, sha256, damage }: VerificationRecord): string {
  const own = notesWithout(notes).replace(/\n+$/u, "");
  const sum = sha256 === undefined ? "" : ` sha256:${sha256}`;
  const line = `lifeboat verify ${isoOf(time)}${sum} ${damage === undefined ? "whole" : `damaged: ${oneLine(damage)}`}`;
  return own === "" ? line : `${own}\n${line}`;
}

function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();
}

/** Nothing else tells of a bit that has turned over in an archive that is not compressed. */
export const otherSum = "its SHA-256 is another than the one recorded when it was first read: its content has changed";

/**
 * What is to be remembered after a verification. A sum is recorded once, of an archive that was whole, and never replaced by
 * another: that it is another is what it is there to tell. It alone finds a bit turned over in contents that nothing compressed.
 */
export function nextRecord(before: VerificationRecord | undefined, found: FoundNow, now: number): VerificationRecord {
  const { sha256, damage } = found;
  const recorded = before?.sha256;
  if (before === undefined || recorded === undefined) {
    return { time: now, sha256: damage === undefined ? sha256 : undefined, damage };
  }
  const differs = sha256 !== undefined && sha256 !== recorded;
  const all = [...(damage === undefined ? [] : [damage]), ...(differs ? [otherSum] : [])];
  return { time: now, sha256: recorded, damage: all.length === 0 ? undefined : all.join("; ") };
}

/** Unix seconds as `2026-11-20T01:00:00Z`. */
function isoOf(time: number): string {
  return new Date(Math.floor(time) * 1_000).toISOString().replace(/\.\d+Z$/u, "Z");
}
