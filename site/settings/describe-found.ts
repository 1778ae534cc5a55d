import { isMapping, listWords } from "./schema-tools";

/** Keys whose value is never shown. */
export const secretKeys: ReadonlySet<string> = new Set([
  "proxmoxToken",
  "proxmoxRootPassword",
  "password",
  "encryptionKey",
  "stateKey",
  "stateStoreKeys",
  "stateStoreOffsiteKey",
  "monitoringSecrets",
  "offsiteKeys",
  "bucketKeys",
  "dataSecrets",
]);

/** A value of the settings for a message: short, on one line, without control characters, and never a secret. */
export function describeFound(value: unknown, path: readonly string[]): string {
  if (value === undefined || value === null) return "nothing";
  if (typeof value === "symbol") return "an output, whose value comes later";
  if (path.some((key) => secretKeys.has(key))) return "a value that is kept secret";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (isMapping(value)) return describeMapping(Object.keys(value));
  return typeof value === "string" ? describeText(value) : String(value);
}

function describeMapping(keys: readonly string[]): string {
  if (keys.length === 0) return "an empty mapping";
  const shown = keys.slice(0, 5).map((key) => plainKey(key));
  return `a mapping with ${listWords(keys.length > 5 ? [...shown, "more"] : shown, "and")}`;
}

/** Somebody may paste a private key where the public one belongs. */
function describeText(text: string): string {
  return text.includes("PRIVATE KEY") ? "a private key" : quote(text);
}

/** A key of a path: as it is where that is safe to print, quoted otherwise. */
export function plainKey(key: string): string {
  return /^[\w-]{1,63}$/.test(key) ? key : quote(key);
}

/** In quotes, cut to one line's worth, with everything that a terminal could take for a command escaped. */
function quote(text: string): string {
  const short = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return JSON.stringify(short).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
  });
}
