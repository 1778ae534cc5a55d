import { isCount, isRecord, isText, parseJson } from "./json";

/** How the last run of a source ended, or that it has not: then it runs, or was killed. */
export type RunResult = "success" | "error" | "running";

/** What a drill has found of a dump. */
export interface DrilledDump {
  readonly dump: string;
  /** Unix seconds. */
  readonly time: number;
  readonly isProven: boolean;
  /** Why not; empty: it is proven. */
  readonly why: string;
}

/** What `lifeboat-data status` prints, from the last run and from what lies there now. */
export interface SourceStatus {
  readonly source: string;
  readonly result: RunResult | "never";
  /** Unix seconds of the last run's start and end; undefined where there is none. */
  readonly started?: number | undefined;
  readonly ended?: number | undefined;
  /** The line that the log has of it. */
  readonly message: string;
  /** A run holds the lock now. `running` without it was killed. */
  readonly isRunning: boolean;
  /** The newest whole dump that lies there now. */
  readonly newest?: { readonly dump: string; readonly time: number; readonly bytes: number } | undefined;
  /** Number of whole dumps that lie there now. */
  readonly dumps: number;
  /** What the last drill has found, and when by the guest's clock; undefined: there was none. */
  readonly drill?: DrilledDump | undefined;
  /** Why nothing was removed by the retention, where the clock forbade it. */
  readonly held?: string | undefined;
}

/** @returns undefined for a text that is no status of this version: nothing is known of the source then */
export function parseStatus(text: string): SourceStatus | undefined {
  const raw = parseJson(text);
  if (!isRecord(raw) || raw["version"] !== 1) return undefined;
  const { source, result, started, ended, message, running, newest, dumps, drill, held } = raw;
  if (!isText(source) || !isResult(result) || !isText(message)) return undefined;
  if (typeof running !== "boolean" || !isCount(dumps) || !isTime(started) || !isTime(ended)) return undefined;
  const found = newest === undefined ? undefined : parseNewest(newest);
  if ((newest !== undefined && found === undefined) || !(held === undefined || isText(held))) return undefined;
  const drilled = drill === undefined ? undefined : parseDrilled(drill);
  if (drill !== undefined && drilled === undefined) return undefined;
  return { source, result, started, ended, message, isRunning: running, newest: found, dumps, drill: drilled, held };
}

function parseDrilled(raw: unknown): DrilledDump | undefined {
  if (!isRecord(raw)) return undefined;
  const { dump, time, proven, why } = raw;
  if (!isText(dump) || !isCount(time) || typeof proven !== "boolean" || !isText(why)) return undefined;
  return { dump, time, isProven: proven, why };
}

function parseNewest(raw: unknown): SourceStatus["newest"] {
  if (!isRecord(raw)) return undefined;
  const { dump, time, bytes } = raw;
  return isText(dump) && isCount(time) && isCount(bytes) ? { dump, time, bytes } : undefined;
}

function isResult(raw: unknown): raw is SourceStatus["result"] {
  return raw === "success" || raw === "error" || raw === "running" || raw === "never";
}

function isTime(raw: unknown): raw is number | undefined {
  return raw === undefined || isCount(raw);
}
