/** What a guest tells of a PostgreSQL cluster and of its archive: all that a recovery is planned from. */

/** A physical backup in the archive. */
export interface ArchivedBackup {
  /** `20261122-132908F` */
  readonly label: string;
  /** Archive of WAL that belongs to it: `15-1`. */
  readonly archive: string;
  /** Unix seconds. */
  readonly start: number;
  readonly stop: number;
  /** The first WAL segment that it needs. */
  readonly startSegment: string;
  /** From here on the database is consistent. */
  readonly stopPosition: bigint;
  /** Of the whole data directory. */
  readonly bytes: number;
}

/** Where a timeline comes from. */
export interface TimelineHistory {
  readonly archive: string;
  readonly timeline: number;
  /** Its ancestors, the oldest first: until which position each of them counts. */
  readonly ancestors: readonly { readonly timeline: number; readonly until: bigint }[];
  /** When it began: unix seconds of the file in the archive. */
  readonly began: number;
}

export interface PointInTimeFacts {
  /** Clock of the guest, unix seconds. */
  readonly now: number;
  /** `15/main` */
  readonly cluster: string;
  /** Path of the data directory. */
  readonly data: string;
  readonly running: boolean;
  /** Undefined: there is no data directory to tell. */
  readonly timeline: number | undefined;
  readonly tablespaces: number;
  /** Bytes that are free beside the data directory. */
  readonly free: number;
  /** Id of a recovery that is half done. */
  readonly recovery: string | undefined;
  /** Folders that recoveries have left beside the data directory. */
  readonly beside: readonly string[];
  /** Archive of this cluster: the newest one. */
  readonly archive: string;
  readonly segmentSize: number;
  /** The oldest first. */
  readonly backups: readonly ArchivedBackup[];
  /** Names of the WAL segments in that archive. */
  readonly segments: ReadonlySet<string>;
  /** When each of them was archived: unix seconds of its file. */
  readonly archivedAt: ReadonlyMap<string, number>;
  readonly histories: readonly TimelineHistory[];
  /** Why the running cluster is not the one whose past the archive holds. Undefined: it is, or is not known to be another. */
  readonly stray?: string | undefined;
}
