import { markTag } from "../mark";

/** Tag of every copy that a restore makes beside a guest, for people and lists. The notes decide. */
export const copyTag = `${markTag}-copy`;

/** What a copy is of. */
export interface CopyOrigin {
  /** The original's name. */
  readonly name: string;
  /** The original's id. */
  readonly id: number;
  /** Volume id of the archive. */
  readonly archive: string;
}

/** The line of a copy's notes for people. */
export function copyLine({ name, id, archive }: CopyOrigin): string {
  return `Copy of ${name} (${String(id)}), restored from ${archive}.`;
}

/**
 * The last line of a copy's notes says which operation has made it: the same archive may be copied to the same number
 * again, by another.
 */
const linePattern = /^lifeboat copy ([A-Za-z0-9][A-Za-z0-9._-]{0,63})$/;

/** A copy's notes with the id of the operation that makes it. */
export function formatCopyNotes(text: string, operation: string): string {
  return `${text}\n\nlifeboat copy ${operation}`;
}

/** The operation that has made a copy, by its notes; undefined: they do not say. */
export function readCopyNotes(notes: string | undefined): string | undefined {
  return linePattern.exec((notes ?? "").trimEnd().split("\n").at(-1) ?? "")?.[1];
}

/** What a copy is of, by its notes; undefined: they do not say that a restore has made it. */
export function readCopyOrigin(notes: string | undefined): CopyOrigin | undefined {
  if (readCopyNotes(notes) === undefined) return undefined;
  const [first = ""] = (notes ?? "").split("\n");
  const [, name, id, archive] = /^Copy of (\S+) \((\d{1,9})\), restored from (\S+)\.$/u.exec(first.trim()) ?? [];
  return name === undefined || archive === undefined ? undefined : { name, id: Number(id), archive };
}
