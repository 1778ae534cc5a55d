import type { DataSource } from "../../../site/settings/data";
import type { Guest } from "../../../site/settings/environment";
import type { DumpItem } from "../../../site/data/manifest";
import type { PointWish } from "../../../site/data/point-in-time/choose";
import type { DataProgram } from "../../clients/data-program/data-program";
import type { PointInTimeProgram } from "../../clients/data-program/point-in-time-program";
import type { LoadedEnvironment } from "../../project/site";
import type { GivenAnswers } from "../engine/consent";
import type { DumpShelf } from "./dump-shelf";

/** A source in a guest, and the way to it. */
export interface SourcePlace {
  readonly environment: LoadedEnvironment;
  readonly guest: Guest;
  readonly source: DataSource;
  /** Opened when it is first asked for: a guest that is gone must not keep `undo` from saying so. */
  program(): Promise<DataProgram>;
}

/** Whether two sources are in one guest. */
export function isSamePlace(one: SourcePlace, other: SourcePlace): boolean {
  return one.environment.name === other.environment.name && one.guest.name === other.guest.name;
}

/** What is restored from: a dump, by which it is chosen, the save point of an operation, or a point of the cluster's archive. */
export type RestorePoint =
  | { readonly kind: "newest" }
  | { readonly kind: "at"; readonly text: string }
  | { readonly kind: "dump"; readonly name: string }
  | { readonly kind: "save-point"; readonly operation: string }
  | { readonly kind: "archive"; readonly wish: PointWish; readonly timeline: number | undefined };

/** What `lifeboat restore database` and `restore files` are asked for. */
export interface RestoreDataRequest {
  readonly from: SourcePlace;
  readonly to: SourcePlace;
  /** Where its dumps lie. */
  readonly shelf: DumpShelf;
  /** `database shop`, `files of config`, for messages. */
  readonly what: string;
  /** Which things of a dump are meant. */
  readonly isWanted: (item: DumpItem) => boolean;
  /** Names that a dump must have, each of them; empty: whatever it has. */
  readonly names: readonly string[];
  readonly point: RestorePoint;
  /** The program by which the cluster of `to` is recovered; undefined: it is no PostgreSQL with an archive. */
  readonly recovery: (() => Promise<PointInTimeProgram>) | undefined;
  /** Another name than it has in the dump. */
  readonly into: string | undefined;
  /** File with age identities. */
  readonly identity: string | undefined;
  readonly given: GivenAnswers;
  /** The command line that does the same again. */
  readonly command: string;
  /** The same without what it says of a dump. */
  readonly plain: string;
  /** Words that tell this request from another. */
  readonly request: Readonly<Record<string, string>>;
  /** Called when every step is done. */
  readonly beforeEnd?: (() => void) | undefined;
}
