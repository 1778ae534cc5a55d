import { series } from "./promql";
import { lastKnown, latestEver } from "./remembered";
import { alert, listOf, type Rules, unlessAlerting, value } from "./rule";

const guest = ["environment", "guest", "id"] as const;

const lastBackup = series("lifeboat_guest_last_backup_timestamp_seconds");
const expected = series("lifeboat_guest_backup_expected").is(1);
/** Where not all archives can be seen nothing is said about them: other alerts say that. */
const seen = series("lifeboat_guest_archives_seen").is(1);

/** Whether every guest has the backups that it is to have. One fault has one alert: the first in this order. */
export const backupRules: Rules = (options) => {
  const { missing, memory, hold, shrunkShare } = options;
  const known = lastKnown({
    name: "lifeboat:guest_last_backup_timestamp_seconds:last_known",
    moment: lastBackup,
    of: expected,
    memory,
  });
  const latest = latestEver({
    name: "lifeboat:guest_last_backup_timestamp_seconds:latest",
    moment: lastBackup,
    of: expected,
    memory,
  });
  // Another alert says of a guest in no job that it has no backups.
  const age = known.series.elapsed().unless(series("lifeboat_guest_not_covered").is(1), guest);
  const gap = series("lifeboat_job_max_gap_seconds");
  const late = age
    .aboveThatOf(gap.plus(missing.margin).atLeast(missing.least))
    // A job that nobody sees has no schedule.
    .or(age.above(missing.least).unless(gap, ["environment"]));
  const size = series("lifeboat_guest_last_backup_size_bytes");
  const failed = series("lifeboat_guest_backup_failed").is(1);
  const failedRun = series("lifeboat_job_last_run_success").is(0);
  const run = series("lifeboat_job_last_run_timestamp_seconds");

  return [
    known.rule,
    latest.rule,
    alert("BackupJobFailed", {
      severity: "critical",
      when: failed,
      summary: (the) => `The backup of guest ${the("guest")} (${the("id")}) in ${the("environment")} failed`,
      description: (the) =>
        `The newest run of the backup job could not back up ${the("guest")}, and nothing has since. It still has the backups from before.`,
    }),
    // A run that came to no guest at all names none. It is over once every guest has a backup that is younger.
    alert("BackupRunFailed", {
      severity: "critical",
      when: failedRun
        .and(expected.unless(lastBackup.notBeforeThatOf(run)), ["environment"])
        .unless(failed, ["environment"]),
      summary: (the) => `Backup job ${the("backup_job")} of ${the("environment")} failed on ${the("node")}`,
      description: () =>
        `The newest run failed, and no guest is named. Backed up are to be: ${listOf("lifeboat_guest_backup_expected", 1, "guest")}.`,
    }),
    alert("ArchiveDamaged", {
      severity: "critical",
      when: series("lifeboat_guest_verification_failed").is(1),
      summary: (the) =>
        `The newest archive of guest ${the("guest")} (${the("id")}) in ${the("environment")} is damaged`,
      description: (the) =>
        `The last verification found it bad: ${the("guest")} can only be restored from an older backup, or not at all.`,
    }),
    alert("BackupJobDisabled", {
      severity: "warning",
      when: series("lifeboat_job_enabled")
        .is(0)
        .and(expected, ["environment"])
        .unless(series("lifeboat_permission_missing").is(1), ["environment"]),
      hold: hold.long,
      summary: (the) => `Backup job ${the("backup_job")} of ${the("environment")} is switched off, or gone`,
      description: () =>
        `Without it there are no new backups of: ${listOf("lifeboat_guest_backup_expected", 1, "guest")}.`,
    }),
    alert("BackupJobMissing", {
      severity: "warning",
      when: unlessAlerting(
        unlessAlerting(late.and(seen), guest, "BackupJobFailed"),
        ["environment"],
        "BackupJobDisabled",
      ),
      summary: (the) => `Guest ${the("guest")} (${the("id")}) in ${the("environment")} has no recent backup`,
      description: (the) =>
        `For ${value.duration} there has been no new backup of ${the("guest")}, though the schedule of its job wanted one.`,
    }),
    alert("BackupGone", {
      severity: "warning",
      when: unlessAlerting(
        latest.series.above(lastBackup).or(latest.series.unless(lastBackup)).and(seen),
        guest,
        "BackupJobMissing",
        "ArchiveDamaged",
      ),
      summary: (the) => `The newest backup of guest ${the("guest")} (${the("id")}) in ${the("environment")} is gone`,
      description: (the) =>
        `There was a good backup of ${the("guest")} from ${value.moment}; it is there no more, or no good one any more, and none is newer.`,
    }),
    alert("RpoMissed", {
      severity: "warning",
      when: unlessAlerting(
        unlessAlerting(
          age.above(series("lifeboat_guest_rpo_seconds")).and(seen),
          guest,
          "BackupJobFailed",
          "ArchiveDamaged",
          "BackupJobMissing",
          "BackupGone",
        ),
        ["environment"],
        "BackupJobDisabled",
      ),
      summary: (the) => `Guest ${the("guest")} (${the("id")}) in ${the("environment")} misses its RPO`,
      description: (the) =>
        `The work of ${value.duration} would be lost with ${the("guest")} now: more than its settings allow.`,
    }),
    alert("BackupSuddenlySmaller", {
      severity: "warning",
      when: size.dividedBy(series("lifeboat_guest_previous_backup_size_bytes")).below(shrunkShare).and(seen),
      summary: (the) =>
        `The newest backup of guest ${the("guest")} (${the("id")}) in ${the("environment")} is much smaller`,
      description: () =>
        `It has ${value.share} of the size of the one before: something may be missing, and retention will remove what still holds it.`,
    }),
  ];
};
