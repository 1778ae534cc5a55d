import { parseDumpName, type DumpName } from "./dump-name";
import { isCount, isRecord, isText, parseJson } from "./json";

/** One thing in a dump: a database, a folder, a volume, the output of a command. */
export interface DumpItem {
  /** In the dump's folder: `item-1.dump.zst`, with `.age` where it is encrypted. */
  readonly file: string;
  /** `database`, `roles`, `path`, `volume` or `output`. */
  readonly type: string;
  /** As its owner has named it: it may hold any character. */
  readonly name: string;
  /** Bytes and checksum of the file as it lies there. */
  readonly bytes: number;
  readonly sha256: string;
  /** Bytes and checksum of what went in, before compression and encryption. */
  readonly plainBytes: number;
  readonly plainSha256: string;
  /** What the proof counted when it was made: `{ tables: 12, rows: 3400 }`. */
  readonly counts: Readonly<Record<string, number>>;
}

/** `manifest.json` of a dump. */
export interface DumpManifest extends DumpName {
  readonly items: readonly DumpItem[];
  /** Public keys of age that it is encrypted for. Empty: it is not. */
  readonly recipients: readonly string[];
  /** What made it, in its own words: `PostgreSQL 15.20`. */
  readonly server: string;
}

/**
 * Reads one manifest. What it says is data: a file's name that could lead elsewhere makes it none.
 *
 * @returns undefined for a text that is no manifest of this version
 */
export function parseManifest(text: string): DumpManifest | undefined {
  const raw = parseJson(text);
  if (!isRecord(raw) || raw["version"] !== 1) return undefined;
  const { dump, items, recipients, server } = raw;
  const name = isText(dump) ? parseDumpName(dump) : undefined;
  if (name === undefined || !Array.isArray(items) || !isTexts(recipients) || !isText(server)) return undefined;
  const parsed = items.map(parseItem);
  if (parsed.length === 0 || !parsed.every((item) => item !== undefined)) return undefined;
  return { ...name, items: parsed, recipients, server };
}

/** Every manifest that `lifeboat-data list` prints. @throws Error at a line that is none: fewer dumps are not what is there */
export function parseManifests(lines: string): DumpManifest[] {
  return lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const manifest = parseManifest(line);
      if (manifest === undefined) throw new Error(`not a dump's manifest: ${line.slice(0, 80)}`);
      return manifest;
    });
}

function parseItem(raw: unknown): DumpItem | undefined {
  if (!isRecord(raw)) return undefined;
  const { file, type, name, bytes, sha256, plainBytes, plainSha256, counts } = raw;
  if (!isText(file) || !/^item-[1-9]\d*\.dump\.zst(?:\.age)?$/u.test(file)) return undefined;
  if (!isText(type) || !isText(name) || !isCount(bytes) || !isCount(plainBytes)) return undefined;
  if (!isSum(sha256) || !isSum(plainSha256) || !isRecord(counts)) return undefined;
  const counted = Object.entries(counts).flatMap(([what, count]) => (isCount(count) ? [[what, count] as const] : []));
  if (counted.length !== Object.keys(counts).length) return undefined;
  return { file, type, name, bytes, sha256, plainBytes, plainSha256, counts: Object.fromEntries(counted) };
}

function isSum(raw: unknown): raw is string {
  return isText(raw) && /^[0-9a-f]{64}$/u.test(raw);
}

function isTexts(raw: unknown): raw is string[] {
  return Array.isArray(raw) && raw.every(isText);
}
