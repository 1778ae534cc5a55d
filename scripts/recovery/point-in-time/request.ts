import type { PointWish } from "../../../site/data/point-in-time/choose";
import type { PointInTimeProgram } from "../../clients/data-program/point-in-time-program";
import { usageError } from "../../terminal/command-error";
import type { GivenAnswers } from "../engine/consent";

/** What `lifeboat` is asked to recover. */
export interface PointInTimeRequest {
  /** Name of the source. */
  readonly source: string;
  readonly wish: PointWish;
  /** The timeline that is meant. */
  readonly timeline: number | undefined;
  /** Asked of what was recovered, before it takes the place of what is there. */
  readonly question: { readonly sql: string; readonly database: string } | undefined;
  /** Opened when it is first asked for. */
  readonly program: () => Promise<PointInTimeProgram>;
  readonly given: GivenAnswers;
  /** The command line that does the same again. */
  readonly command: string;
}

/** A point by the flags that name it. Exactly one of them does. */
export interface PointFlags {
  readonly at?: string | undefined;
  readonly xid?: string | undefined;
  readonly point?: string | undefined;
}

/** @throws CommandError (2) */
export function wishOf({ at, xid, point }: PointFlags): PointWish {
  if (at !== undefined) return { kind: "time", milliseconds: parseInstant(at) };
  if (xid !== undefined) return { kind: "xid", xid };
  if (point !== undefined) return { kind: "name", name: point };
  throw usageError("no point is named", "name one: --at TIME, --xid NUMBER or --point NAME");
}

const instant = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2}(?:\.\d{1,3})?)?\s?(Z|UTC|[+-]\d{2}:?\d{2})?$/u;

/**
 * A time to the millisecond, since a day is no point: `2026-11-22 13:29:15.786`, in UTC unless it says another zone.
 *
 * @returns unix time in milliseconds
 * @throws CommandError (2)
 */
export function parseInstant(text: string): number {
  const [, date = "", minutes = "", seconds = ":00", zone = "Z"] = instant.exec(text.trim()) ?? [];
  const milliseconds = Date.parse(`${date}T${minutes}${seconds}${zone === "UTC" ? "Z" : zone}`);
  // JavaScript makes March 2 of February 30.
  const isDay = date !== "" && new Date(`${date}T00:00:00Z`).toJSON()?.slice(0, 10) === date;
  if (!Number.isNaN(milliseconds) && isDay) return milliseconds;
  throw usageError(
    `--at: '${text}' is no point in time`,
    "write the time to the minute or better, in UTC or with its zone: '2026-11-22 13:29:15+01:00'",
  );
}
