import { isDeepStrictEqual } from "node:util";
import { isMap, isPair, isScalar, type Pair, parseDocument, type YAMLMap } from "yaml";
import { isMapping } from "../../site/settings/schema-tools";
import type { GuestBlock } from "./guest-block";

/** The text is not of a form into which guests can be put without changing something else. */
export class InsertError extends Error {
  override readonly name = "InsertError";
}

/** What is to be put into the text in place of the part from `from` to `to`. */
interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

const guestsKey = "lifeboat:guests";

/**
 * Puts guests behind the others of `lifeboat:guests` in the text of a `Pulumi.<env>.yaml`. Everything else stays as it is,
 * byte for byte: comments, blank lines, quotes, line ends.
 *
 * @throws InsertError
 */
export function insertGuests(text: string, guests: readonly GuestBlock[]): string {
  const edits = editsFor(text, guests).sort((a, b) => b.from - a.from);
  const edited = edits.reduce((all, { from, to, text: put }) => all.slice(0, from) + put + all.slice(to), text);
  requireOnlyAdded(text, edited, guests);
  return edited;
}

function editsFor(text: string, guests: readonly GuestBlock[]): Edit[] {
  const { contents } = parseDocument(text);
  const config = isMap(contents) ? pairAt(contents, "config") : undefined;
  if (config === undefined || !isMap(config.value)) throw new InsertError("it has no mapping 'config'");
  const map = config.value;
  const pair = pairAt(map, guestsKey);
  const step = Math.max(1, map.flow === true ? 2 : columnOf(text, map) - columnOfPair(text, config));
  if (pair === undefined) return [addKey(text, map, guests, step)];
  const { value } = pair;
  if (isMap(value) && value.items.length > 0) return [behindLast(text, value, guests, step)];
  if (isMap(value)) return intoEmpty(text, pair, rangeOf(value), map, guests, step);
  if (value === null || (isScalar(value) && value.value === null)) {
    return intoEmpty(text, pair, value === null ? undefined : rangeOf(value), map, guests, step);
  }
  throw new InsertError(`${guestsKey} is not a mapping of its own`);
}

/** A map without the key: a new entry behind its last one. */
function addKey(text: string, map: YAMLMap, guests: readonly GuestBlock[], step: number): Edit {
  const end = endOfLast(map);
  if (map.flow === true) return insertion(end, `, ${guestsKey}: ${flowMap(guests)}`);
  const indent = columnOf(text, map);
  const separator = separatorOf(text, map);
  const body = guests.map((guest) => writeBlock(guest, indent + step, step, text));
  const head = " ".repeat(indent) + `${guestsKey}:`;
  return insertion(behindComments(text, end, indent), separator + [head, ...body].join(lineEnd(text)));
}

function behindLast(text: string, map: YAMLMap, guests: readonly GuestBlock[], step: number): Edit {
  const end = endOfLast(map);
  if (map.flow === true) return insertion(end, guests.map(({ flow }) => `, ${flow}`).join(""));
  const indent = columnOf(text, map);
  const separator = separatorOf(text, map);
  const written = guests.map((guest) => separator + writeBlock(guest, indent, step, text));
  return insertion(behindComments(text, end, indent), written.join(""));
}

/** `lifeboat:guests:` without a value, with `{}`, or with `null`. */
function intoEmpty(
  text: string,
  pair: Pair,
  [start, end]: readonly [number, number] = [endOfKey(pair), endOfKey(pair)],
  parent: YAMLMap,
  guests: readonly GuestBlock[],
  step: number,
): Edit[] {
  const source = text.slice(start, end);
  if (source.startsWith("{") && !/^\{\s*\}$/u.test(source)) {
    // The comments in it stay, behind the entries.
    return [insertion(start + 1, ` ${guests.map(({ flow }) => flow).join(", ")},`)];
  }
  if (parent.flow === true) {
    const space = text[start - 1] === ":" ? " " : "";
    return [{ from: start, to: end, text: space + flowMap(guests) }];
  }
  const column = columnOfPair(text, pair);
  const from = text.slice(0, start).trimEnd().length;
  const body = guests.map((guest) => lineEnd(text) + writeBlock(guest, column + step, step, text));
  return [
    ...(source === "" ? [] : [{ from, to: end, text: "" }]),
    insertion(behindComments(text, end, column + 1), body.join("")),
  ];
}

function insertion(at: number, text: string): Edit {
  return { from: at, to: at, text };
}

function flowMap(guests: readonly GuestBlock[]): string {
  return `{ ${guests.map(({ flow }) => flow).join(", ")} }`;
}

function writeBlock({ lines }: GuestBlock, indent: number, step: number, text: string): string {
  return lines.map(({ depth, text: line }) => " ".repeat(indent + depth * step) + line).join(lineEnd(text));
}

/** As the file has it: the first line decides. */
function lineEnd(text: string): string {
  return /\r?\n/u.exec(text)?.[0] ?? "\n";
}

/** What stands between two entries: a line end, and a blank line where the last two entries are apart. */
function separatorOf(text: string, map: YAMLMap): string {
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
function behindComments(text: string, position: number, indent: number): number {
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

function pairAt(map: YAMLMap, key: string): Pair | undefined {
  return map.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === key);
}

function endOfLast(map: YAMLMap): number {
  const last = map.items.at(-1);
  if (!isPair(last)) throw new InsertError("an entry of it cannot be told");
  return endOf(last);
}

function endOf(pair: Pair): number {
  const value = rangeOf(pair.value);
  return Math.max(endOfKey(pair), value?.[1] ?? 0);
}

function endOfKey(pair: Pair): number {
  const range = rangeOf(pair.key);
  if (range === undefined) throw new InsertError("the place of a key cannot be told");
  // The colon is part of the line in any case; without a value it is all that follows.
  return range[1] + 1;
}

function startOf(pair: Pair): number {
  const range = rangeOf(pair.key);
  if (range === undefined) throw new InsertError("the place of a key cannot be told");
  return range[0];
}

function columnOf(text: string, map: YAMLMap): number {
  const [first] = map.items;
  if (!isPair(first)) throw new InsertError("a mapping without entries has no indentation");
  return columnOfPair(text, first);
}

function columnOfPair(text: string, pair: Pair): number {
  const start = startOf(pair);
  return start - (text.lastIndexOf("\n", start - 1) + 1);
}

function rangeOf(node: unknown): readonly [number, number] | undefined {
  if (typeof node !== "object" || node === null || !("range" in node) || !Array.isArray(node.range)) return undefined;
  const [start, end]: unknown[] = node.range;
  return typeof start === "number" && typeof end === "number" ? [start, end] : undefined;
}

/** Reads both texts again: all that may differ are the new guests. */
function requireOnlyAdded(before: string, after: string, guests: readonly GuestBlock[]): void {
  const document = parseDocument(after);
  const [old, present] = [contentOf(parseDocument(before).toJS()), contentOf(document.toJS())];
  const names = new Set(guests.map(({ name }) => name));
  const kept = Object.entries(present.guests).filter(([name]) => !names.has(name));
  const sameGuests = isDeepStrictEqual(Object.fromEntries(kept), old.guests);
  const added = guests.every(({ name }) => isMapping(present.guests[name]));
  if (document.errors.length > 0 || !sameGuests || !added || !isDeepStrictEqual(present.rest, old.rest)) {
    throw new InsertError("its form does not let guests be added without changing something else");
  }
}

function contentOf(content: unknown): { guests: Record<string, unknown>; rest: unknown } {
  const top = isMapping(content) ? content : {};
  const config = isMapping(top["config"]) ? top["config"] : {};
  const { [guestsKey]: guests, ...rest } = config;
  return { guests: isMapping(guests) ? { ...guests } : {}, rest: { ...top, config: rest } };
}
