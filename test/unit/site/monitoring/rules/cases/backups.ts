import {
  ago,
  backupJob,
  day,
  db,
  hour,
  later,
  minute,
  missing,
  type RuleCase,
  sample,
  scraped,
  site,
  siteAt,
  web,
} from "../rule-case";

const none: RuleCase["firing"] = [];
const last = "lifeboat_guest_last_backup_timestamp_seconds";
const expected = "lifeboat_guest_backup_expected";
const seen = "lifeboat_guest_archives_seen";
const node = { ...backupJob, node: "pve-prod" };
const renamed = { ...web, guest: "shop" };

const failed = {
  alert: "BackupJobFailed",
  severity: "critical",
  labels: { ...web, ...scraped },
  summary: "The backup of guest web (101) in prod failed",
  description:
    "The newest run of the backup job could not back up web, and nothing has since. It still has the backups from before.",
} as const;
const runFailed = {
  alert: "BackupRunFailed",
  severity: "critical",
  labels: { ...node, ...scraped },
  summary: "Backup job lifeboat-prod of prod failed on pve-prod",
  description: "The newest run failed, and no guest is named. Backed up are to be: db, web.",
} as const;
const damaged = {
  alert: "ArchiveDamaged",
  severity: "critical",
  labels: { ...web, ...scraped },
  summary: "The newest archive of guest web (101) in prod is damaged",
  description: "The last verification found it bad: web can only be restored from an older backup, or not at all.",
} as const;
const disabled = {
  alert: "BackupJobDisabled",
  severity: "warning",
  labels: { ...backupJob, ...scraped },
  summary: "Backup job lifeboat-prod of prod is switched off, or gone",
  description: "Without it there are no new backups of: db, web.",
} as const;
const tooOld = (age: string) =>
  ({
    alert: "BackupJobMissing",
    severity: "warning",
    labels: { ...web, ...scraped },
    summary: "Guest web (101) in prod has no recent backup",
    description: `For ${age} there has been no new backup of web, though the schedule of its job wanted one.`,
  }) as const;
const gone = (moment: string) =>
  ({
    alert: "BackupGone",
    severity: "warning",
    labels: { ...web, ...scraped },
    summary: "The newest backup of guest web (101) in prod is gone",
    description: `There was a good backup of web from ${moment}; it is there no more, or no good one any more, and none is newer.`,
  }) as const;
const rpo = (age: string) =>
  ({
    alert: "RpoMissed",
    severity: "warning",
    labels: { ...web, ...scraped },
    summary: "Guest web (101) in prod misses its RPO",
    description: `The work of ${age} would be lost with web now: more than its settings allow.`,
  }) as const;

export const failureCases: readonly RuleCase[] = [
  { about: "BackupJobFailed", title: "nothing is wrong", at: later, samples: site(), firing: none },
  {
    about: "BackupJobFailed",
    title: "a guest's backup failed: the run, too, and the age, have no alert of their own",
    at: later,
    samples: site(
      sample("lifeboat_guest_backup_failed", web, 1),
      sample("lifeboat_job_last_run_success", node, 0),
      sample(last, web, ago(3 * day)),
    ),
    firing: [failed],
  },
  {
    about: "BackupRunFailed",
    title: "a run failed before it came to any guest",
    at: later,
    samples: site(
      sample("lifeboat_job_last_run_success", node, 0),
      sample("lifeboat_job_last_run_timestamp_seconds", node, ago(hour)),
    ),
    firing: [runFailed],
  },
  {
    about: "BackupRunFailed",
    title: "… and every guest has been backed up since",
    at: later,
    samples: site(sample("lifeboat_job_last_run_success", node, 0)),
    firing: none,
  },
  {
    about: "BackupRunFailed",
    title: "… and a guest that never had a backup has none since",
    at: later,
    samples: site(sample("lifeboat_job_last_run_success", node, 0), missing(last, db)),
    firing: [runFailed],
  },
  {
    about: "ArchiveDamaged",
    title: "the newest archive is bad: that the newest good one is too old follows from it",
    at: later,
    samples: site(
      sample("lifeboat_guest_verification_failed", web, 1),
      sample(last, web, `${String(ago(10 * hour))}+0x12 ${String(ago(34 * hour))}+0x12`),
    ),
    firing: [damaged],
  },
  {
    about: "ArchiveDamaged",
    title: "nobody has verified it yet",
    at: later,
    samples: site(missing("lifeboat_guest_verification_failed", web)),
    firing: none,
  },
  {
    about: "BackupJobDisabled",
    title: "the job is off: it is one alert that names the guests, however old their backups become",
    at: later,
    samples: site(sample("lifeboat_job_enabled", backupJob, 0), sample(last, web, ago(3 * day))),
    firing: [disabled],
  },
  {
    about: "BackupJobDisabled",
    title: "somebody has switched it off for ten minutes",
    at: later,
    samples: site(sample("lifeboat_job_enabled", backupJob, "1+0x21 0+0x2")),
    firing: none,
  },
  {
    about: "BackupJobDisabled",
    title: "no guest wants a backup",
    at: later,
    samples: site(
      sample("lifeboat_job_enabled", backupJob, 0),
      sample("lifeboat_guest_backup_expected", web, 0),
      sample("lifeboat_guest_backup_expected", db, 0),
    ),
    firing: none,
  },
];

/** A new guest, or one whose backups are all gone. */
const without = missing(last, web);

export const ageCases: readonly RuleCase[] = [
  {
    about: "BackupJobMissing",
    title: "49 hours without a backup, of a daily job",
    at: later,
    samples: site(sample(last, web, ago(49 * hour))),
    firing: [tooOld("2d 1h 0m 0s")],
  },
  {
    about: "BackupJobMissing",
    title: "47 hours, of a guest whose settings allow that",
    at: later,
    samples: site(sample(last, web, ago(47 * hour)), sample("lifeboat_guest_rpo_seconds", web, 3 * day)),
    firing: none,
  },
  {
    about: "BackupJobMissing",
    title: "a weekly job's backup is seven days old",
    at: later,
    samples: site(
      sample(last, web, ago(7 * day)),
      sample("lifeboat_guest_rpo_seconds", web, 8 * day),
      sample("lifeboat_job_max_gap_seconds", backupJob, 7 * day),
    ),
    firing: none,
  },
  {
    about: "BackupJobMissing",
    title: "a weekly job's backup is eight days old",
    at: later,
    samples: site(
      sample(last, web, ago(8 * day)),
      sample("lifeboat_guest_rpo_seconds", web, 9 * day),
      sample("lifeboat_job_max_gap_seconds", backupJob, 7 * day),
    ),
    firing: [tooOld("8d 0h 0m 0s")],
  },
  {
    about: "BackupJobMissing",
    title: "the job has no schedule that is known",
    at: later,
    samples: site(sample(last, web, ago(49 * hour)), missing("lifeboat_job_max_gap_seconds", backupJob)),
    firing: [tooOld("2d 1h 0m 0s")],
  },
  {
    about: "BackupJobMissing",
    title: "the archives cannot be seen",
    at: later,
    samples: site(sample(last, web, ago(9 * day)), sample("lifeboat_guest_archives_seen", web, "1+0x21 0+0x2")),
    firing: none,
  },
  {
    about: "BackupJobMissing",
    title: "a guest without any backup has been known for 47 hours",
    at: 47 * hour,
    samples: siteAt(47 * hour, without, sample("lifeboat_guest_rpo_seconds", web, 3 * day)),
    firing: none,
  },
  {
    about: "BackupJobMissing",
    title: "a guest without any backup has been known for 49 hours, and the exporter was away for two of them",
    at: 49 * hour,
    samples: siteAt(
      49 * hour,
      without,
      sample("lifeboat_guest_rpo_seconds", web, 3 * day),
      sample("lifeboat_guest_backup_expected", web, "1x200 _x24 1x500"),
    ),
    firing: [tooOld("2d 1h 0m 0s")],
  },
  {
    about: "RpoMissed",
    title: "27 hours, and the settings allow 26",
    at: later,
    samples: site(sample(last, web, ago(27 * hour))),
    firing: [rpo("1d 3h 0m 0s")],
  },
  {
    about: "RpoMissed",
    title: "25 hours and a half, while the next backup runs, after the night that is an hour longer",
    at: later,
    samples: site(sample(last, web, ago(25.5 * hour))),
    firing: none,
  },
  {
    about: "RpoMissed",
    title: "the guest opts out",
    at: later,
    samples: site(sample(last, web, ago(9 * day)), sample("lifeboat_guest_backup_expected", web, 0)),
    firing: none,
  },
  {
    about: "BackupGone",
    title: "a guest got another name while it was watched, and has its backups under that",
    at: later,
    samples: site(
      ...([expected, seen] as const).map((name) => sample(name, web, "1+0x11 _x12")),
      sample(last, web, `${String(ago(10 * hour))}+0x11 _x12`),
      ...([expected, seen] as const).map((name) => sample(name, renamed, "_x11 1+0x12")),
      sample(last, renamed, `_x11 ${String(ago(10 * hour))}+0x12`),
    ),
    firing: none,
  },
  {
    about: "BackupGone",
    title: "the newest archive goes, and the one before misses the RPO",
    at: later,
    samples: site(sample(last, web, `${String(ago(10 * hour))}+0x12 ${String(ago(34 * hour))}+0x12`)),
    firing: [gone("1969-12-31 16:00:00 +0000 UTC")],
  },
  {
    about: "BackupGone",
    title: "the only archive goes",
    at: later,
    samples: site(sample(last, web, `${String(ago(10 * hour))}+0x12 stale`)),
    firing: [gone("1969-12-31 16:00:00 +0000 UTC")],
  },
  {
    about: "BackupGone",
    title: "a newer backup has been made since",
    at: later,
    samples: site(
      sample(last, web, `${String(ago(10 * hour))}+0x12 ${String(ago(34 * hour))}+0x4 ${String(ago(20 * minute))}+0x5`),
    ),
    firing: none,
  },
  {
    about: "BackupGone",
    title: "the privilege to see archives goes, and all of them with it",
    at: later,
    samples: site(
      sample(last, web, `${String(ago(10 * hour))}+0x21 stale`),
      sample("lifeboat_guest_archives_seen", web, "1+0x21 0+0x2"),
    ),
    firing: none,
  },
  {
    about: "BackupSuddenlySmaller",
    title: "the newest backup has 30 % of the one before",
    at: later,
    samples: site(sample("lifeboat_guest_last_backup_size_bytes", web, 300)),
    firing: [
      {
        alert: "BackupSuddenlySmaller",
        severity: "warning",
        labels: { ...web, ...scraped },
        summary: "The newest backup of guest web (101) in prod is much smaller",
        description:
          "It has 30% of the size of the one before: something may be missing, and retention will remove what still holds it.",
      },
    ],
  },
  {
    about: "BackupSuddenlySmaller",
    title: "not all archives can be seen: the newest may be another one",
    at: later,
    samples: site(
      sample("lifeboat_guest_last_backup_size_bytes", web, "1000+0x21 300+0x2"),
      sample("lifeboat_guest_archives_seen", web, "1+0x21 0+0x2"),
    ),
    firing: none,
  },
  {
    about: "BackupSuddenlySmaller",
    title: "half, or it is the first",
    at: later,
    samples: site(
      sample("lifeboat_guest_last_backup_size_bytes", web, 500),
      missing("lifeboat_guest_previous_backup_size_bytes", db),
      sample("lifeboat_guest_last_backup_size_bytes", db, 1),
    ),
    firing: none,
  },
];
