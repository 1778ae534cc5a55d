import { parseDumpName } from "./dump-name";
import { isCount, isRecord, isText, parseJson } from "./json";
import { parseStatus, type SourceStatus } from "./status";

/** How the copies elsewhere of one guest's dumps are. */
export interface CopiesReport {
  /** Whether the last run copied what was to be copied, and when it ended, in unix seconds. */
  readonly succeeded: boolean;
  readonly time: number;
  /** When the newest dump of each source was made that lies elsewhere. */
  readonly newest: ReadonlyMap<string, number>;
}

/** What a guest tells of its dumps to whoever watches, without the words of its logs. */
export interface DataReport {
  readonly sources: readonly SourceStatus[];
  /** Undefined: nothing was copied yet, or nothing is to be. */
  readonly copies: CopiesReport | undefined;
}

/** @returns undefined for what is no report of this version: nothing is known of the guest then */
export function parseReport(text: string): DataReport | undefined {
  const raw = parseJson(text);
  if (!isRecord(raw) || raw["version"] !== 1) return undefined;
  const { sources, copies } = raw;
  if (!Array.isArray(sources)) return undefined;
  const parsed = sources.map((source) => parseStatus(JSON.stringify(source)));
  if (!parsed.every((source) => source !== undefined)) return undefined;
  if (copies === undefined) return { sources: parsed, copies: undefined };
  const found = parseCopies(copies);
  return found === undefined ? undefined : { sources: parsed, copies: found };
}

function parseCopies(raw: unknown): CopiesReport | undefined {
  if (!isRecord(raw)) return undefined;
  const { result, time, newest } = raw;
  if (!isRecord(newest)) return undefined;
  if ((result !== "success" && result !== "error") || !isCount(time)) return undefined;
  const times = Object.entries(newest).flatMap(([source, dump]) => {
    const name = isText(dump) ? parseDumpName(dump) : undefined;
    return name?.source === source ? [[source, name.time] as const] : [];
  });
  return { succeeded: result === "success", time, newest: new Map(times) };
}
