import { isMap, isPair, isScalar, type Pair, type YAMLMap } from "yaml";

/** The text is not of a form into which guests can be put without changing something else. */
export class InsertError extends Error {
  override readonly name = "InsertError";
}

/** What is to be put into the text in place of the part from `from` to `to`. */
export interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** Puts edits of different places into a text. Everything else stays as it is, byte for byte. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  return [...edits]
    .sort((a, b) => b.from - a.from)
    .reduce((all, { from, to, text: put }) => all.slice(0, from) + put + all.slice(to), text);
}

/** The map `config` of a settings file, and its pair. @throws InsertError */
export function configOf(contents: unknown): { readonly pair: Pair; readonly map: YAMLMap } {
  const pair = isMap(contents) ? pairAt(contents, "config") : undefined;
  if (pair === undefined || !isMap(pair.value)) throw new InsertError("it has no mapping 'config'");
  return { pair, map: pair.value };
}

export function insertion(at: number, text: string): Edit {
  return { from: at, to: at, text };
}

/** As the file has it: the first line decides. */
export function lineEnd(text: string): string {
  return /\r?\n/u.exec(text)?.[0] ?? "\n";
}

/** What stands between two entries: a line end, and a blank line where the last two entries are apart. */
export function separatorOf(text: string, map: YAMLMap): string {
  const last = map.items.at(-1);
  if (map.items.length < 2 || !isPair(last)) return lineEnd(text);
  const above = text.slice(0, startOf(last)).split(/\r?\n/u).slice(0, -1).reverse();
  const between = above.slice(
    0,
    above.findIndex((line) => !/^\s*(?:#|$)/u.test(line)),
  );
  return lineEnd(text).repeat(between.some((line) => line.trim() === "") ? 2 : 1);
}

/** The end of the line, or of the comments below it that are indented at least as far as the entries. */
export function behindComments(text: string, position: number, indent: number): number {
  let end = endOfLine(text, text.slice(0, position).trimEnd().length);
  for (let next = end; ;) {
    const start = text.indexOf("\n", next) + 1;
    if (start === 0) return end;
    next = endOfLine(text, start);
    const line = text.slice(start, next);
    if (/^\s*$/u.test(line) && next < text.length) continue;
    if (!/^\s*#/u.test(line) || line.search(/\S/u) < indent) return end;
    end = next;
  }
}

/** Before the line end, whichever it is. */
function endOfLine(text: string, position: number): number {
  const newline = text.indexOf("\n", position);
  if (newline === -1) return text.length;
  return newline > position && text[newline - 1] === "\r" ? newline - 1 : newline;
}

export function pairAt(map: YAMLMap, key: string): Pair | undefined {
  return map.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === key);
}

export function endOfLast(map: YAMLMap): number {
  const last = map.items.at(-1);
  if (!isPair(last)) throw new InsertError("an entry of it cannot be told");
  return endOf(last);
}

export function endOf(pair: Pair): number {
  const value = rangeOf(pair.value);
  return Math.max(endOfKey(pair), value?.[1] ?? 0);
}

export function endOfKey(pair: Pair): number {
  const range = rangeOf(pair.key);
  if (range === undefined) throw new InsertError("the place of a key cannot be told");
  // The colon is part of the line in any case; without a value it is all that follows.
  return range[1] + 1;
}

export function startOf(pair: Pair): number {
  const range = rangeOf(pair.key);
  if (range === undefined) throw new InsertError("the place of a key cannot be told");
  return range[0];
}

export function columnOf(text: string, map: YAMLMap): number {
  const [first] = map.items;
  if (!isPair(first)) throw new InsertError("a mapping without entries has no indentation");
  return columnOfPair(text, first);
}

export function columnOfPair(text: string, pair: Pair): number {
  const start = startOf(pair);
  return start - (text.lastIndexOf("\n", start - 1) + 1);
}

export function rangeOf(node: unknown): readonly [number, number] | undefined {
  if (typeof node !== "object" || node === null || !("range" in node) || !Array.isArray(node.range)) return undefined;
  const [start, end]: unknown[] = node.range;
  return typeof start === "number" && typeof end === "number" ? [start, end] : undefined;
}
