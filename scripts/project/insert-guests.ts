import { isDeepStrictEqual } from "node:util";
import { isMap, isScalar, type Pair, parseDocument, type YAMLMap } from "yaml";
import { isMapping } from "../../site/settings/schema-tools";
import type { GuestBlock } from "./guest-block";
import {
  applyEdits,
  behindComments,
  columnOf,
  columnOfPair,
  configOf,
  type Edit,
  endOfKey,
  endOfLast,
  InsertError,
  insertion,
  lineEnd,
  pairAt,
  rangeOf,
  separatorOf,
} from "./yaml-places";

const guestsKey = "lifeboat:guests";

/**
 * Puts guests behind the others of `lifeboat:guests` in the text of a `Pulumi.<env>.yaml`. Everything else stays as it is,
 * byte for byte: comments, blank lines, quotes, line ends.
 *
 * @throws InsertError
 */
export function insertGuests(text: string, guests: readonly GuestBlock[]): string {
  const edited = applyEdits(text, editsFor(text, guests));
  requireOnlyAdded(text, edited, guests);
  return edited;
}

function editsFor(text: string, guests: readonly GuestBlock[]): Edit[] {
  const { contents } = parseDocument(text);
  const { pair: config, map } = configOf(contents);
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

function flowMap(guests: readonly GuestBlock[]): string {
  return `{ ${guests.map(({ flow }) => flow).join(", ")} }`;
}

function writeBlock({ lines }: GuestBlock, indent: number, step: number, text: string): string {
  return lines.map(({ depth, text: line }) => " ".repeat(indent + depth * step) + line).join(lineEnd(text));
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
