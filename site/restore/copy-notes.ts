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
