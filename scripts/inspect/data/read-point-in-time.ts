import { longestWait } from "../../../site/data/longest-wait";
import { reachOf } from "../../../site/data/point-in-time/reach";
import type { PointInTimeSettings } from "../../../site/settings/point-in-time";
import type { ArchiverStatus, PointInTimeProgram } from "../../clients/data-program/point-in-time-program";
import { formatDuration } from "../../terminal/durations";
import type { ValueOf } from "../../terminal/shapes";
import type { pointInTimeShape } from "./shape";

export type SeenPointInTime = ValueOf<typeof pointInTimeShape>;

/** How far a source's cluster can go back, and whether its WAL is archived. @throws GuestUnreachable, CommandError */
export async function readPointInTime(
  settings: PointInTimeSettings,
  program: PointInTimeProgram,
  signal: AbortSignal,
): Promise<SeenPointInTime> {
  const archiver = await program.status(signal);
  // What waits for its first archive has none that could be looked at.
  if (archiver.state === restartNeeded)
    return { ...nothingKnown, ...ofArchiver(archiver), unseen: null, problem: notYet };
  const facts = await program.facts(signal);
  const { backups, from, until, missing } = reachOf(facts);
  const newest = backups.at(-1);
  const problem =
    facts.stray ??
    archiverProblem(archiver) ??
    (newest === undefined ? "its archive has no backup" : undefined) ??
    (missing === undefined ? undefined : `WAL segment ${missing} is missing in its archive: nothing leads over it`) ??
    (newest !== undefined && facts.now - newest.stop > longestWait(settings.differential, newest.stop)
      ? `its newest backup is ${formatDuration(facts.now - newest.stop)} old`
      : null);
  return {
    unseen: null,
    fullBackup: backups.findLast(({ label }) => label.endsWith("F"))?.stop ?? null,
    backups: backups.length,
    earliest: from?.stop ?? null,
    latest: until ?? null,
    ...ofArchiver(archiver),
    problem,
  };
}

/** What cannot be asked is unknown: no backup is absent for that. */
export function unseenPointInTime(why: string): SeenPointInTime {
  return { ...nothingKnown, unseen: why, problem: "it could not be looked at" };
}

const nothingKnown = {
  fullBackup: null,
  backups: null,
  earliest: null,
  latest: null,
  failures: null,
  waitingSeconds: null,
};

const restartNeeded = "restart-needed";
const notYet = "nothing is archived before PostgreSQL has been restarted once";

/** WAL that waits longer than its timeout and then some is not archived. */
const patience = 600;

function ofArchiver({ failures, waitingSeconds }: ArchiverStatus) {
  return { failures, waitingSeconds };
}

function archiverProblem({ state, running, waitingSeconds, archiveTimeout }: ArchiverStatus): string | undefined {
  if (!running) return "PostgreSQL does not run, and archives nothing";
  if (waitingSeconds > archiveTimeout + patience) {
    return `finished WAL has been waiting for its archive for ${formatDuration(waitingSeconds)}`;
  }
  return state.startsWith("failed ") ? `its last backup failed: ${state.slice("failed ".length)}` : undefined;
}
