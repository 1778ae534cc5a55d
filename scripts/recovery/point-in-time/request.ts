import type { PointWish } from "../../../site/data/point-in-time/choose";
import { parseInstant } from "../../../site/restore/moments";
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

/** @throws CommandError (2) where no flag is given; MomentError for a time that cannot be read */
export function wishOf({ at, xid, point }: PointFlags): PointWish {
  if (at !== undefined) return { kind: "time", milliseconds: parseInstant(at) };
  if (xid !== undefined) return { kind: "xid", xid };
  if (point !== undefined) return { kind: "name", name: point };
  throw usageError("no point is named", "name one: --at TIME, --xid NUMBER or --point NAME");
}
