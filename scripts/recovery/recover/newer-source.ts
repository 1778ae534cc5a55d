import type { Finding } from "../engine/step";

/** Where something newer comes from: a dump, or the archive of WAL. */
export type NewerFrom =
  | {
      readonly kind: "dump";
      readonly dump: string;
      /** It is a copy in the bucket elsewhere. */
      readonly isElsewhere: boolean;
      /** One database of it; undefined: all of its files. */
      readonly database: string | undefined;
    }
  | {
      readonly kind: "point";
      /** The last transaction in the archive. */
      readonly xid: string;
      readonly timeline: number;
    };

/** One thing that a restore of data brings. */
export interface NewerThing {
  readonly from: NewerFrom;
  /** The command that does it by hand. */
  readonly command: string;
}

/** A source of data of which something newer is left than the archive that its guest came back from. */
export interface NewerSource {
  /** `prod/web`. */
  readonly guest: string;
  readonly source: string;
  /** As of when the newer data are, unix seconds by the guest's clock. */
  readonly time: number;
  /** What brings them; empty: no command does. */
  readonly things: readonly NewerThing[];
  /** What is told where they are not brought. */
  readonly finding: Finding;
}

/** What a look at sources came to. */
export interface NewerLook {
  readonly sources: readonly NewerSource[];
  /** What could not be looked at, or cannot be restored. */
  readonly findings: readonly Finding[];
}

/** A guest as an archive has brought it back. */
export interface GuestAsOf {
  /** `prod/web`. */
  readonly guest: string;
  /** When the archive was begun, unix seconds. */
  readonly time: number;
}
