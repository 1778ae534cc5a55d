import {
  ago,
  day,
  hour,
  later,
  minute,
  missing,
  offsite,
  prod,
  type RuleCase,
  sample,
  scraped,
  site,
  siteAt,
  storage,
  web,
} from "../rule-case";

const none: RuleCase["firing"] = [];
const target = { name: "up", labels: scraped };
const lost = { ...prod, path: "/storage/backup", privilege: "Datastore.AllocateSpace" };
const lostToo = { ...prod, path: "/vms", privilege: "VM.Backup" };
const operation = { ...web, kind: "restore" };
const certificate = { ...prod, subject: "pve-prod" };

/** What the exporter does not tell, though Prometheus knew it before. */
const nothing = site().map((one) => ({ ...one, values: "_" }));

const silent = (instance: Readonly<Record<string, string>>, text: string) =>
  ({
    alert: "ExporterSilent",
    severity: "warning",
    labels: instance,
    summary: `Lifeboat's exporter ${text} is silent`,
    description: "Nothing is known about backups and states. No other alert tells of them meanwhile.",
  }) as const;

export const exporterCases: readonly RuleCase[] = [
  {
    about: "ExporterSilent",
    title: "it does not answer",
    at: later,
    samples: [...nothing.filter(({ name }) => name !== "up"), { ...target, values: 0 }],
    firing: [silent(scraped, scraped.instance)],
  },
  {
    about: "ExporterSilent",
    title: "there is no target at all",
    at: later,
    samples: nothing,
    firing: [silent({}, "")],
  },
  {
    about: "ExporterSilent",
    title: "it answers, and tells of no environment",
    at: later,
    samples: nothing.map((one) => (one.name === "up" ? { ...one, values: 1 } : one)),
    firing: [silent({}, "")],
  },
  {
    about: "ExporterSilent",
    title: "it is started again",
    at: later,
    samples: [...site().filter(({ name }) => name !== "up"), { ...target, values: "1+0x23 0" }],
    firing: none,
  },
  {
    about: "EnvironmentUnreachable",
    title: "its nodes do not answer, which is told as the cause, and nothing is said of its guests",
    at: later,
    samples: site(
      sample("lifeboat_environment_up", prod, 0),
      sample("lifeboat_look_timestamp_seconds", prod, 0),
      sample("lifeboat_look_errors_total", { ...prod, kind: "settings" }, "7+0x23"),
      sample("lifeboat_look_errors_total", { ...prod, kind: "unreachable" }, "1+1x23"),
      sample("lifeboat_guest_archives_seen", web, 0),
      missing("lifeboat_guest_last_backup_timestamp_seconds", web),
    ),
    firing: [
      {
        alert: "EnvironmentUnreachable",
        severity: "warning",
        labels: { ...prod, ...scraped },
        summary: "prod cannot be looked at",
        description: "Nothing is known about the backups of prod. Why the last looks failed: unreachable.",
      },
    ],
  },
  {
    about: "EnvironmentUnreachable",
    title: "a node is started again",
    at: later,
    samples: site(sample("lifeboat_environment_up", prod, "1+0x21 0+0x2")),
    firing: none,
  },
  {
    about: "PermissionLost",
    title: "the token lost two privileges: one alert, and none of backups that cannot be seen",
    at: later,
    samples: site(
      sample("lifeboat_permission_missing", lost, 1),
      sample("lifeboat_permission_missing", lostToo, 1),
      sample("lifeboat_guest_archives_seen", web, 0),
      missing("lifeboat_guest_last_backup_timestamp_seconds", web),
      sample("lifeboat_job_enabled", { ...prod, backup_job: "lifeboat-prod" }, 0),
    ),
    firing: [
      {
        alert: "PermissionLost",
        severity: "warning",
        labels: prod,
        summary: "The exporter's token may not see everything in prod",
        description: "It lacks Datastore.AllocateSpace on /storage/backup, VM.Backup on /vms.",
      },
    ],
  },
  {
    about: "PermissionLost",
    title: "since a moment: somebody changes its role",
    at: later,
    samples: site(sample("lifeboat_permission_missing", lost, "0+0x23 1")),
    firing: none,
  },
  {
    about: "PermissionLost",
    title: "it has what it needs",
    at: later,
    samples: site(sample("lifeboat_permission_missing", lost, 0)),
    firing: none,
  },
  {
    about: "LookTooOld",
    title: "it answers with what it saw an hour ago",
    at: later,
    samples: site(sample("lifeboat_look_timestamp_seconds", prod, ago(hour))),
    firing: [
      {
        alert: "LookTooOld",
        severity: "warning",
        labels: { ...prod, ...scraped },
        summary: "What is known about prod is too old",
        description: "The exporter answers, and its last look that succeeded ended 1h 0m 0s ago.",
      },
    ],
  },
  {
    about: "NeverLooked",
    title: "the exporter was started, and every look since is refused without a missing privilege",
    at: later,
    samples: [
      { ...target, values: 1 },
      sample("lifeboat_environment_up", prod, 1),
      sample("lifeboat_look_interval_seconds", prod, 5 * minute),
      sample("lifeboat_look_errors_total", { ...prod, kind: "forbidden" }, "1+1x24"),
    ],
    firing: [
      {
        alert: "NeverLooked",
        severity: "warning",
        labels: { ...prod, ...scraped },
        summary: "The exporter has not yet seen prod",
        description:
          "The exporter answers, and no look at prod has succeeded since it was started: nothing is known about its backups.",
      },
    ],
  },
  {
    about: "NeverLooked",
    title: "the exporter was started ten minutes ago, and looks at a large site for the first time",
    at: later,
    samples: [
      ...site().filter(({ name }) => name === "up" || name === "lifeboat_environment_up"),
      sample("lifeboat_look_interval_seconds", prod, "_x22 300+0x2"),
    ],
    firing: none,
  },
  {
    about: "LookTooOld",
    title: "it looks every half an hour",
    at: later,
    samples: site(
      sample("lifeboat_look_interval_seconds", prod, hour / 2),
      sample("lifeboat_look_timestamp_seconds", prod, ago(80 * minute)),
    ),
    firing: none,
  },
  {
    about: "LookTooOld",
    title: "since a moment",
    at: later,
    samples: site(sample("lifeboat_look_timestamp_seconds", prod, ago(31 * minute))),
    firing: none,
  },
  {
    about: "LookTooOld",
    title: "a look takes twenty minutes",
    at: later,
    samples: site(sample("lifeboat_look_timestamp_seconds", prod, ago(20 * minute))),
    firing: none,
  },
  {
    about: "ArchivesUnseen",
    title: "a storage cannot be read, though it is active and nothing is forbidden",
    at: later,
    samples: site(sample("lifeboat_guest_archives_seen", web, 0)),
    firing: [
      {
        alert: "ArchivesUnseen",
        severity: "warning",
        labels: prod,
        summary: "Not all archives of prod can be seen",
        description: "Whether these guests have their backups is not known: web.",
      },
    ],
  },
  {
    about: "ArchivesUnseen",
    title: "for ten minutes",
    at: later,
    samples: site(sample("lifeboat_guest_archives_seen", web, "1+0x21 0+0x2")),
    firing: none,
  },
  {
    about: "BackupRunsUnseen",
    title: "a node does not list its tasks",
    at: later,
    samples: site(sample("lifeboat_job_runs_seen", { ...prod, backup_job: "lifeboat-prod" }, 0)),
    firing: [
      {
        alert: "BackupRunsUnseen",
        severity: "warning",
        labels: { ...prod, ...scraped, backup_job: "lifeboat-prod" },
        summary: "The runs of backup job lifeboat-prod of prod cannot be seen",
        description: "A node of prod does not tell which tasks it had: whether its backups fail is not known.",
      },
    ],
  },
  {
    about: "BackupRunsUnseen",
    title: "neither are its archives seen: one alert",
    at: later,
    samples: site(
      sample("lifeboat_job_runs_seen", { ...prod, backup_job: "lifeboat-prod" }, 0),
      sample("lifeboat_guest_archives_seen", web, 0),
    ),
    firing: [
      {
        alert: "ArchivesUnseen",
        severity: "warning",
        labels: prod,
        summary: "Not all archives of prod can be seen",
        description: "Whether these guests have their backups is not known: web.",
      },
    ],
  },
  {
    about: "BackupRunsUnseen",
    title: "for ten minutes",
    at: later,
    samples: site(sample("lifeboat_job_runs_seen", { ...prod, backup_job: "lifeboat-prod" }, "1+0x21 0+0x2")),
    firing: none,
  },
  {
    about: "ClocksDiffer",
    title: "the node is ten minutes behind",
    at: later,
    samples: site(sample("lifeboat_clock_difference_seconds", prod, -600)),
    firing: [
      {
        alert: "ClocksDiffer",
        severity: "warning",
        labels: { ...prod, ...scraped },
        summary: "The clocks of prod and of the exporter differ",
        description: "They are 10m 0s apart: ages of backups are wrong by as much.",
      },
    ],
  },
  {
    about: "ClocksDiffer",
    title: "for ten minutes, after a start",
    at: later,
    samples: site(sample("lifeboat_clock_difference_seconds", prod, "0+0x21 -600+0x2")),
    firing: none,
  },
  {
    about: "ClocksDiffer",
    title: "four minutes",
    at: later,
    samples: site(sample("lifeboat_clock_difference_seconds", prod, 240)),
    firing: none,
  },
  {
    about: "OperationUnfinished",
    title: "a restore began three hours ago",
    at: later,
    samples: site(sample("lifeboat_unfinished_operation_timestamp_seconds", operation, ago(3 * hour))),
    firing: [
      {
        alert: "OperationUnfinished",
        severity: "warning",
        labels: { ...operation, ...scraped },
        summary: "A restore of web in prod is half done",
        description: "It began 3h 0m 0s ago, and was neither ended nor given up.",
      },
    ],
  },
  {
    about: "OperationUnfinished",
    title: "a large restore began an hour and a half ago",
    at: later,
    samples: site(sample("lifeboat_unfinished_operation_timestamp_seconds", operation, ago(1.5 * hour))),
    firing: none,
  },
  {
    about: "CertificateNearItsEnd",
    title: "in eleven days",
    at: later,
    samples: site(sample("lifeboat_certificate_end_timestamp_seconds", certificate, ago(-11 * day))),
    firing: [
      {
        alert: "CertificateNearItsEnd",
        severity: "warning",
        labels: { ...certificate, ...scraped },
        summary: "The certificate of pve-prod in prod ends soon",
        description: "It ends in 11d 0h 0m 0s. After that nobody trusts pve-prod.",
      },
    ],
  },
  {
    about: "CertificateNearItsEnd",
    title: "for half an hour, while somebody replaces it",
    at: later,
    samples: site(
      sample(
        "lifeboat_certificate_end_timestamp_seconds",
        certificate,
        `${String(ago(-13 * day))}+0x17 ${String(ago(-11 * day))}+0x6`,
      ),
    ),
    firing: none,
  },
  {
    about: "CertificateNearItsEnd",
    title: "in thirteen days: Proxmox renews its own",
    at: later,
    samples: site(sample("lifeboat_certificate_end_timestamp_seconds", certificate, ago(-13 * day))),
    firing: none,
  },
];

export const storageCases: readonly RuleCase[] = [
  {
    about: "BackupStorageInactive",
    title: "it is not mounted: that archives cannot be seen follows from it",
    at: later,
    samples: site(sample("lifeboat_storage_active", storage, 0), sample("lifeboat_guest_archives_seen", web, 0)),
    firing: [
      {
        alert: "BackupStorageInactive",
        severity: "warning",
        labels: { ...storage, ...scraped },
        summary: "Storage backup for the backups of prod is not active on pve-prod",
        description:
          "Backups on it can be neither made nor restored: it is not mounted, or its server does not answer.",
      },
    ],
  },
  {
    about: "BackupStorageInactive",
    title: "its server is started again",
    at: later,
    samples: site(sample("lifeboat_storage_active", storage, "1+0x21 0+0x2")),
    firing: none,
  },
  {
    about: "BackupStorageAlmostFull",
    title: "81 % are used",
    at: later,
    samples: site(sample("lifeboat_storage_used_bytes", storage, 810)),
    firing: [
      {
        alert: "BackupStorageAlmostFull",
        severity: "warning",
        labels: { ...storage, ...scraped },
        summary: "Storage backup for the backups of prod on pve-prod is almost full",
        description: "81% of it are used: the next run may not fit.",
      },
    ],
  },
  {
    about: "BackupStorageAlmostFull",
    title: "a run has filled it for most of an hour, and is going to prune",
    at: later,
    samples: site(sample("lifeboat_storage_used_bytes", storage, "800+0x12 900+0x11")),
    firing: none,
  },
  {
    about: "BackupStorageAlmostFull",
    title: "it tells no size",
    at: later,
    samples: site(missing("lifeboat_storage_used_bytes", storage), missing("lifeboat_storage_size_bytes", storage)),
    firing: none,
  },
];

const copyTooOld = (age: string) =>
  ({
    alert: "StateCopyTooOld",
    severity: "warning",
    labels: { ...offsite, ...scraped },
    summary: "The offsite copy of the state of prod is too old",
    description: `For ${age} no newer copy has been seen. If the store were lost now, what came after would be missing.`,
  }) as const;

export const stateCases: readonly RuleCase[] = [
  {
    about: "StateUnreadable",
    title: "the store gives it not",
    at: later,
    samples: site(sample("lifeboat_state_readable", prod, 0)),
    firing: [
      {
        alert: "StateUnreadable",
        severity: "critical",
        labels: { ...prod, ...scraped },
        summary: "The state of prod cannot be read",
        description:
          "The store does not answer, or gives a state that is damaged. Until that is mended nobody can deploy prod; guests and their backups go on.",
      },
    ],
  },
  {
    about: "StateUnreadable",
    title: "the store is started again",
    at: later,
    samples: site(sample("lifeboat_state_readable", prod, "1+0x21 0+0x2")),
    firing: none,
  },
  {
    about: "StateHistoryDamaged",
    title: "two restore points are damaged",
    at: later,
    samples: site(sample("lifeboat_state_restore_points_unreadable", prod, 2)),
    firing: [
      {
        alert: "StateHistoryDamaged",
        severity: "warning",
        labels: { ...prod, ...scraped },
        summary: "Earlier states of prod cannot be read",
        description: "2 restore points cannot be read.",
      },
    ],
  },
  {
    about: "StateHistoryDamaged",
    title: "the store does not give them for ten minutes",
    at: later,
    samples: site(sample("lifeboat_state_restore_points_unreadable", prod, "0+0x21 2+0x2")),
    firing: none,
  },
  {
    about: "StateCopyTooOld",
    title: "the newest copy is 27 hours old, and may be 26",
    at: later,
    samples: site(sample("lifeboat_state_copy_timestamp_seconds", offsite, ago(27 * hour))),
    firing: [copyTooOld("1d 3h 0m 0s")],
  },
  {
    about: "StateCopyTooOld",
    title: "it cannot be looked at any more, and has grown too old meanwhile",
    at: later,
    samples: site(
      sample("lifeboat_state_copy_timestamp_seconds", offsite, `${String(ago(26 * hour + 10 * minute))}+0x12 stale`),
    ),
    firing: [copyTooOld("1d 2h 10m 0s")],
  },
  {
    about: "StateCopyTooOld",
    title: "there has been none, for as long as one may be old",
    at: 5 * hour,
    samples: siteAt(
      5 * hour,
      missing("lifeboat_state_copy_timestamp_seconds", offsite),
      sample("lifeboat_state_copy_max_age_seconds", offsite, 4 * hour),
    ),
    firing: [copyTooOld("5h 0m 0s")],
  },
  {
    about: "StateCopyTooOld",
    title: "a new site has none yet",
    at: later,
    samples: site(missing("lifeboat_state_copy_timestamp_seconds", offsite)),
    firing: none,
  },
  {
    about: "StateFallback",
    title: "somebody works on with a copy",
    at: later,
    samples: site(sample("lifeboat_state_fallback", prod, 1)),
    firing: [
      {
        alert: "StateFallback",
        severity: "warning",
        labels: { ...prod, ...scraped },
        summary: "The state of prod lives outside of the state store",
        description:
          "A fallback is in force: somebody works on one machine with a copy, which the store's copies do not hold.",
      },
    ],
  },
  {
    about: "StateFallback",
    title: "… for less than an hour",
    at: later,
    samples: site(sample("lifeboat_state_fallback", prod, "0+0x13 1+0x10")),
    firing: none,
  },
];
