import type { ArchivedBackup, PointInTimeFacts } from "./facts";
import { knownTimelines, TimelinePath } from "./timelines";

/** How far a cluster can go back and forth by its archive, on the timeline on which it runs. */
export interface ArchiveReach {
  /** Backups on the way of that timeline, the oldest first. */
  readonly backups: readonly ArchivedBackup[];
  /** The oldest one from which WAL leads without a gap as far as from the newest; undefined: from none. */
  readonly from: ArchivedBackup | undefined;
  /** When the last WAL on that way was archived: unix seconds. */
  readonly until: number | undefined;
  /** The first segment that is missing behind the newest backup, or behind an older one where that is whole. */
  readonly missing: string | undefined;
}

export function reachOf(facts: PointInTimeFacts): ArchiveReach {
  const path = new TimelinePath(facts, knownTimelines(facts).current);
  const backups = path.backups();
  const ways = backups.map((backup) => ({ backup, ...path.from(backup.startSegment) }));
  const last = ways.at(-1)?.names.at(-1);
  return {
    backups,
    from: last === undefined ? undefined : ways.find(({ names }) => names.at(-1) === last)?.backup,
    until: last === undefined ? undefined : facts.archivedAt.get(last),
    missing: ways.findLast(({ missing }) => missing !== undefined)?.missing,
  };
}
