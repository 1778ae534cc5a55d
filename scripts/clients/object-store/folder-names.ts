import { isAbsolute, join, relative, sep } from "node:path";

/**
 * File names of a `file://` backend: those of go-cloud's `fileblob` (`escapeKey`), which Pulumi uses. Control characters,
 * and slashes that a file system would swallow (`../`, `//`, at the end), stand as `__0x2f__`.
 */
export function escapeKey(key: string): string {
  const runes = [...key];
  return runes.map((rune, index) => (mustEscape(runes, index) ? `__0x${codeOf(rune).toString(16)}__` : rune)).join("");
}

/** The key of a file name. */
export function unescapeKey(name: string): string {
  return name.replace(/__0x([0-9a-fA-F]+)__/gu, (whole, digits: string) => {
    const code = Number.parseInt(digits, 16);
    return code <= 0x10_ff_ff ? String.fromCodePoint(code) : whole;
  });
}

/** What `fileblob` leaves beside every file; never an object. */
export const attributesSuffix = ".attrs";

/** Path of a key's file below a folder; undefined for a key that no file may have. */
export function pathOfKey(folder: string, key: string): string | undefined {
  if (key === "" || key.endsWith(attributesSuffix)) return undefined;
  const path = join(folder, escapeKey(key));
  const inside = relative(folder, path);
  return inside === "" || inside.startsWith(`..${sep}`) || inside === ".." || isAbsolute(inside) ? undefined : path;
}

function mustEscape(runes: readonly string[], index: number): boolean {
  const rune = runes[index] ?? "";
  if (codeOf(rune) < 32) return true;
  if (rune !== "/") return false;
  const [before, beforeThat] = [runes[index - 1], runes[index - 2]];
  return (before === "." && beforeThat === ".") || before === "/" || index === runes.length - 1;
}

function codeOf(rune: string): number {
  return rune.codePointAt(0) ?? 0;
}
