import { plainText } from "../../proxmox/api/plain-text";

/** Characters of a line; what is longer is of no use to a reader. */
const longestLine = 300;

/** The longest fence that a line could close, with one more to be longer. */
const shortestFence = 3;

/**
 * A block of Markdown in which nothing of a text means anything: no markup, no HTML, no link, and no mention that would send
 * somebody a message. A line cannot end the block, because the fence is longer than every run of its character in it.
 *
 * @param lines text from anywhere; each becomes one line without control characters.
 * @param syntax how the block is coloured: `diff` for lines that begin with a sign.
 */
export function codeBlock(lines: readonly string[], syntax: "diff" | "text"): string {
  const safe = lines.map((line) => cut(plainText(line.slice(0, 2 * longestLine))));
  const runs = safe.flatMap((line) => [...line.matchAll(/`+/gu)].map(([run]) => run.length));
  const fence = "`".repeat(Math.max(shortestFence, ...runs.map((length) => length + 1)));
  return [`${fence}${syntax}`, ...safe, fence].join("\n");
}

/** Nothing here is aligned, so that letters need not be counted as a terminal counts them. */
function cut(line: string): string {
  return line.length <= longestLine ? line : `${line.slice(0, longestLine - 1).replace(/[\ud800-\udbff]$/u, "")}…`;
}

/**
 * The first lines of a list and how many were left out.
 *
 * @param total how many there are, where the list itself was cut before.
 */
export function firstLines(lines: readonly string[], most: number, total = lines.length): string[] {
  const kept = lines.slice(0, most);
  const left = total - kept.length;
  return left > 0 ? [...kept, `  … and ${String(left)} more`] : kept;
}
