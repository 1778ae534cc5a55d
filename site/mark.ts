/**
 * The mark that every guest made by Lifeboat carries (A14): a tag, for people and lists, and a line at the end of the
 * description, which says whose guest it is. Both are part of the guest's configuration, so that they survive a backup
 * and a restore.
 */
export interface Mark {
  readonly environment: string;
  readonly guest: string;
}

/** Tag of every guest that Lifeboat made. The tag alone decides nothing: anybody may set it in a browser. */
export const markTag = "lifeboat";

const linePattern = /^lifeboat: ([^/\s]+)\/([^/\s]+)$/;

/** The line `lifeboat: prod/web`. */
export function markOf({ environment, guest }: Mark): string {
  return `lifeboat: ${environment}/${guest}`;
}

/** A guest's description: the settings' own text, then the mark as its last line. */
export function describe(mark: Mark, description: string | undefined): string {
  const line = markOf(mark);
  return description === undefined || description.trim() === "" ? line : `${description.trimEnd()}\n\n${line}`;
}

/** The mark in a description as Proxmox returns it; the last one, should a text quote another. */
export function readMark(description: string | undefined): Mark | undefined {
  for (const line of (description ?? "").split("\n").reverse()) {
    const [, environment, guest] = linePattern.exec(line.trim()) ?? [];
    if (environment !== undefined && guest !== undefined) return { environment, guest };
  }
  return undefined;
}
