import { unbroken } from "./command-units";
import { plainText } from "../../proxmox/api/plain-text";

/** How a piece of text looks on a terminal with colours. Meaning never depends on it: `NO_COLOR` shows the same words. */
export type Style = "bold" | "dim" | "red" | "green" | "yellow";

/** Text with a style. */
export class Styled {
  constructor(
    readonly text: string,
    readonly style: Style,
  ) {}
}

/** What can be printed in one line. Plain strings may come from anywhere: they are made safe when they are printed. */
export type Words = string | Styled | readonly (string | Styled)[];

export const bold = (text: string): Styled => new Styled(text, "bold");
export const dim = (text: string): Styled => new Styled(text, "dim");
export const red = (text: string): Styled => new Styled(text, "red");
export const green = (text: string): Styled => new Styled(text, "green");
export const yellow = (text: string): Styled => new Styled(text, "yellow");

const codes: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
};

const escape = "\u001b";

/** The parts of a line, in order. */
export function parts(words: Words): readonly (string | Styled)[] {
  return typeof words === "string" || words instanceof Styled ? [words] : words;
}

/**
 * A line as it goes to the terminal. This is the one place where control characters are made: whatever was in the text
 * itself is dropped before, so a name from Proxmox cannot steer the terminal.
 */
export function render(words: Words, colours: boolean): string {
  return parts(words)
    .map((part) => {
      if (typeof part === "string") return keepSpaces(part);
      if (!colours) return keepSpaces(part.text);
      const [on, off] = codes[part.style];
      return `${escape}[${String(on)}m${keepSpaces(part.text)}${escape}[${String(off)}m`;
    })
    .join("")
    .trimEnd();
}

/** `plainText` cuts spaces at the end, which here stand between two parts of a line. */
function keepSpaces(text: string): string {
  return plainText(text) + (/ *$/u.exec(text)?.[0] ?? "");
}

/** How many columns a text takes: letters of East Asian scripts and pictures take two, combining marks none. */
export function width(words: Words): number {
  const text = parts(words)
    .map((part) => keepSpaces(typeof part === "string" ? part : part.text))
    .join("");
  if (!/[^ -~]/u.test(text)) return text.length;
  let columns = 0;
  for (const segment of letters(text)) columns += wide.test(segment) ? 2 : 1;
  return columns;
}

let segmenter: Intl.Segmenter | undefined;

/** What a reader takes for one letter each. Loading the tables for it takes a tenth of the command line's start. */
function letters(text: string): string[] {
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

/** Words followed by spaces up to a number of columns. */
export function padEnd(words: Words, columns: number): Words {
  const missing = columns - width(words);
  return missing > 0 ? [...parts(words), " ".repeat(missing)] : words;
}

/** Text cut to a number of columns, with an ellipsis where something was cut. */
export function shorten(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  let kept = "";
  let used = 0;
  for (const segment of letters(plainText(text))) {
    used += width(segment);
    if (used > columns - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

/**
 * A name cut to a number of columns. What it ends with is kept too: names of one kind often differ only there
 * (`customer-portal-backend-01`, `…-02`).
 */
export function shortenName(name: string, columns: number): string {
  if (width(name) <= columns) return name;
  const tail = lastColumns(name, Math.floor((columns - 1) / 3));
  return shorten(name, columns - width(tail)) + tail;
}

function lastColumns(text: string, columns: number): string {
  let kept = "";
  for (const segment of letters(plainText(text)).reverse()) {
    if (width(segment + kept) > columns) break;
    kept = segment + kept;
  }
  return kept;
}

/**
 * Text broken between words into lines of at most so many columns. A longer word (a path, an id) stays whole, and so does a
 * command line.
 */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of unbroken(text)) {
    const last = lines.at(-1);
    if (last !== undefined && width(last) + 1 + width(word) <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** A number of things in words: `1 guest`, `2 guests`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${String(count)} ${count === 1 ? one : many}`;
}
