import type { DataKind } from "../settings/data";

/** A dump's name, which is its path below the source's folder: `2026-11-22/postgres/shop-030000Z`. */
export interface DumpName {
  readonly name: string;
  readonly kind: DataKind;
  readonly source: string;
  /** Unix seconds, from the name. */
  readonly time: number;
}

const pattern =
  /^(\d{4}-\d{2}-\d{2})\/(postgres|mariadb|files|command)\/([a-z](?:[a-z0-9-]{0,38}[a-z0-9])?)-(\d{2})(\d{2})(\d{2})Z$/u;

/** @returns undefined for whatever else lies there, also for a day or an hour that there is none of */
export function parseDumpName(name: string): DumpName | undefined {
  const [, day, kind, source, hours, minutes, seconds] = pattern.exec(name) ?? [];
  if (day === undefined || source === undefined || kind === undefined || !isKind(kind)) return undefined;
  const text = `${day}T${hours ?? ""}:${minutes ?? ""}:${seconds ?? ""}.000Z`;
  const time = Date.parse(text);
  return Number.isNaN(time) || new Date(time).toISOString() !== text
    ? undefined
    : { name, kind, source, time: time / 1000 };
}

function isKind(word: string): word is DataKind {
  return word === "postgres" || word === "mariadb" || word === "files" || word === "command";
}
