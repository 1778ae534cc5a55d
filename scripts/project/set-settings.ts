import { isDeepStrictEqual } from "node:util";
import { type Document, isMap, type Pair, parseDocument, type YAMLMap } from "yaml";
import { isMapping } from "../../site/settings/schema-tools";
import {
  applyEdits,
  behindComments,
  columnOf,
  columnOfPair,
  configOf,
  type Edit,
  endOf,
  endOfLast,
  InsertError,
  insertion,
  lineEnd,
  pairAt,
  rangeOf,
  separatorOf,
  startOf,
} from "./yaml-places";

/** A secret in Pulumi's encrypted form. */
interface SealedValue {
  readonly secure: string;
}

/** What a setting is to be: a text, a secret, or secrets by their names, as `pulumi config set --secret --path` writes them. */
export type SettingValue = string | SealedValue | SealedTree;

export interface SealedTree {
  readonly [name: string]: SealedValue | SealedTree;
}

/** What is to stand in a settings file. */
export interface NewSettings {
  /** By their whole keys: `lifeboat:stateKey`. */
  readonly config: Readonly<Record<string, SettingValue>>;
  /** `encryptionsalt`, where the file has none yet. */
  readonly salt?: string | undefined;
}

/**
 * Sets settings in the text of a `Pulumi.<env>.yaml`: new ones behind the others, those that are there in their place.
 * Everything else stays as it is, byte for byte.
 *
 * @throws InsertError
 */
export function setSettings(text: string, settings: NewSettings): string {
  const document = parseDocument(text);
  const { pair, map } = configOf(document.contents);
  const entries = Object.entries(settings.config);
  const known = entries.flatMap(([key, value]) => {
    const found = pairAt(map, key);
    return found === undefined ? [] : [replacement(text, map, found, key, value)];
  });
  const fresh = entries.filter(([key]) => pairAt(map, key) === undefined);
  const edits = [...known, ...additions(text, map, fresh, columnOfPair(text, pair))];
  const edited = applyEdits(withSalt(text, document, settings.salt), edits);
  requireOnlySet(text, edited, settings);
  return edited;
}

function replacement(text: string, map: YAMLMap, pair: Pair, key: string, value: SettingValue): Edit {
  const sealed = isMap(pair.value) && pair.value.items.length === 1 ? pairAt(pair.value, "secure") : undefined;
  const place = rangeOf(sealed?.value);
  if (typeof value !== "string" && isSealed(value) && place !== undefined) {
    // Only the secret itself: a comment behind it stays.
    return { from: place[0], to: place[1], text: value.secure };
  }
  const [from, end] = [startOf(pair), endOf(pair)];
  // The range of a block text holds the line end behind it.
  const to = text.slice(0, end).trimEnd().length;
  const written = map.flow === true ? flowPair(key, value) : blockPair(key, value, columnOfPair(text, pair), text);
  return { from, to, text: written.trimStart() };
}

function additions(
  text: string,
  map: YAMLMap,
  entries: readonly (readonly [string, SettingValue])[],
  outer: number,
): Edit[] {
  if (entries.length === 0) return [];
  const end = endOfLast(map);
  if (map.flow === true) {
    return [insertion(end, entries.map(([key, value]) => `, ${flowPair(key, value)}`).join(""))];
  }
  const column = columnOf(text, map);
  if (column <= outer) throw new InsertError("the entries of 'config' are not indented");
  const separator = separatorOf(text, map);
  const written = entries.map(([key, value]) => separator + blockPair(key, value, column, text));
  return [insertion(behindComments(text, end, column), written.join(""))];
}

function isSealed(value: SealedValue | SealedTree): value is SealedValue {
  return typeof value["secure"] === "string";
}

function flowPair(key: string, value: SettingValue): string {
  if (typeof value === "string" || !isSealed(value)) return `${key}: ${JSON.stringify(value)}`;
  return `${key}: { secure: ${JSON.stringify(value.secure)} }`;
}

function blockPair(key: string, value: SettingValue, column: number, text: string): string {
  const indent = " ".repeat(column);
  const lines = typeof value === "string" ? textLines(key, value) : sealedLines(key, value);
  return lines.map((line) => indent + line).join(lineEnd(text));
}

function sealedLines(key: string, value: SealedValue | SealedTree): string[] {
  if (isSealed(value)) return [`${key}:`, `  secure: ${value.secure}`];
  const below = Object.entries(value).flatMap(([name, one]) => sealedLines(keyText(name), one));
  return [`${key}:`, ...below.map((line) => `  ${line}`)];
}

/** A name that YAML would read as something else stands in quotes. */
function keyText(name: string): string {
  const isPlain = /^[A-Za-z][\w-]*$/u.test(name) && !/^(?:true|false|null|yes|no|on|off|y|n)$/iu.test(name);
  return isPlain ? name : JSON.stringify(name);
}

/** A text of several lines as it is; any other in quotes. */
function textLines(key: string, value: string): string[] {
  const lines = value.split("\n");
  const isBlock =
    lines.length > 2 && lines.at(-1) === "" && lines.slice(0, -1).every((line) => /^\S+( \S+)*$/u.test(line));
  if (!isBlock) return [`${key}: ${JSON.stringify(value)}`];
  return [`${key}: |`, ...lines.slice(0, -1).map((line) => `  ${line}`)];
}

/** The salt at the end of the file, where `pulumi stack init` would put it. Places before it stay what they are. */
function withSalt(text: string, document: Document, salt: string | undefined): string {
  if (salt === undefined) return text;
  if (!isMap(document.contents) || document.contents.flow === true) {
    throw new InsertError("encryptionsalt has no place in it");
  }
  if (pairAt(document.contents, "encryptionsalt") !== undefined) {
    throw new InsertError("it has an encryptionsalt already");
  }
  const end = lineEnd(text);
  return `${text.trimEnd()}${end}encryptionsalt: ${salt}${end}`;
}

/** Reads both texts again: all that may differ are the settings that were to be set. */
function requireOnlySet(before: string, after: string, settings: NewSettings): void {
  const document = parseDocument(after);
  const wanted = { ...contentOf(parseDocument(before).toJS()) };
  if (settings.salt !== undefined) wanted["encryptionsalt"] = settings.salt;
  wanted["config"] = { ...contentOf(wanted["config"]), ...settings.config };
  if (document.errors.length > 0 || !isDeepStrictEqual(document.toJS(), wanted)) {
    throw new InsertError("its form does not let settings be set without changing something else");
  }
}

function contentOf(content: unknown): Record<string, unknown> {
  return isMapping(content) ? { ...content } : {};
}
