/** What every series of an environment, a guest, a job and so on is told apart by. */
const environment = ["environment"] as const;
const guest = ["environment", "guest", "id"] as const;
const job = ["environment", "backup_job"] as const;
const source = [...guest, "source"] as const;
const storage = ["environment", "storage", "node"] as const;

/** A metric as `lifeboat exporter` prints it: `help` says the meaning, the unit is the end of its name. */
export interface Metric {
  readonly type: "gauge" | "counter";
  readonly help: string;
  readonly labels: readonly string[];
}

/**
 * Every metric of `lifeboat exporter`: rules and dashboards use these names and labels and no others. Names and units follow
 * Prometheus' conventions: base units, moments as Unix seconds, 1 and 0 for yes and no.
 *
 * `guest` is the name in the settings (of a guest that is in none: the name on its node), `id` its number; `node` of a storage that
 * all nodes see as one is `shared`. What is not known has no series: a guest whose archives could not be seen has no
 * `last_backup`, and `archives_seen` 0. A guest that is left out on purpose has its `info`, `backup_expected` and opt-out alone.
 */
export const metrics = {
  lifeboat_build_info: gauge("The exporter's version; always 1.", ["version"]),
  lifeboat_environment_up: gauge(
    "1: the nodes answered the last look, if only that something is not allowed; 0: they could not be asked.",
    environment,
  ),
  lifeboat_look_timestamp_seconds: gauge(
    "When the last look ended that saw the environment. What it saw is printed until three looks have failed.",
    environment,
  ),
  lifeboat_look_duration_seconds: gauge("How long that look took.", environment),
  lifeboat_look_interval_seconds: gauge("How long the exporter waits between two looks.", environment),
  lifeboat_look_errors_total: counter("Looks that failed since the exporter was started, by the kind of failure.", [
    "environment",
    "kind",
  ]),
  lifeboat_permission_missing: gauge("1: the token lacks this privilege.", ["environment", "path", "privilege"]),
  lifeboat_clock_difference_seconds: gauge("Seconds that the node's clock is ahead of the exporter's.", environment),

  lifeboat_guest_info: gauge("A guest of the settings; always 1.", [...guest, "type", "node"]),
  lifeboat_guest_backup_expected: gauge("1: the guest is to be backed up; 0: left out on purpose.", guest),
  lifeboat_guest_archives_seen: gauge(
    "1: all archives of the guest could be seen, and what was recorded of the newest.",
    guest,
  ),
  lifeboat_guest_backups: gauge("Backups that are there; save points do not count.", guest),
  lifeboat_guest_last_backup_timestamp_seconds: gauge("When the newest good backup that is there began.", guest),
  lifeboat_guest_last_backup_size_bytes: gauge("Size of the newest good backup.", guest),
  lifeboat_guest_last_backup_duration_seconds: gauge(
    "How long it took; missing where the newest run of its node did not make it.",
    guest,
  ),
  lifeboat_guest_previous_backup_size_bytes: gauge("Size of the backup before the newest.", guest),
  lifeboat_guest_backup_failed: gauge(
    "1: the newest run of the job failed for this guest, and no backup was made since.",
    guest,
  ),
  lifeboat_guest_rpo_seconds: gauge("How old the newest backup may be.", guest),
  lifeboat_guest_verification_timestamp_seconds: gauge("When lifeboat verify last read the newest good backup.", guest),
  lifeboat_guest_verification_failed: gauge(
    "1: the newest backup was verified, and found bad; 0: it was found whole.",
    guest,
  ),
  lifeboat_guest_proof_timestamp_seconds: gauge(
    "When a drill last tried a backup of the guest; missing with a max_age: never.",
    guest,
  ),
  lifeboat_guest_proof_success: gauge("1: the last drill proved it; 0: it failed.", guest),
  lifeboat_guest_proof_max_age_seconds: gauge(
    "How old the last proof may be: two starts of the schedule of drills.",
    guest,
  ),
  lifeboat_guest_opt_out_until_timestamp_seconds: gauge("End of the last day of the guest's opt-out.", guest),
  lifeboat_disk_opt_out_until_timestamp_seconds: gauge("End of the last day of a disk's opt-out.", [...guest, "disk"]),
  lifeboat_guest_not_covered: gauge("1: a guest on a node that is in no backup job, and has no opt-out.", guest),
  lifeboat_disk_not_covered: gauge("1: a disk that is in no backup, and has no opt-out.", [...guest, "disk"]),

  lifeboat_data_seen: gauge(
    "1: the guest told how the dumps of all its sources are; 0: it runs, and does not tell; missing: it does not run.",
    guest,
  ),
  lifeboat_data_source_info: gauge("A source of data inside a guest; always 1.", [...source, "kind"]),
  lifeboat_data_source_dumps: gauge("Whole dumps that lie in the guest; missing: nobody could look.", source),
  lifeboat_data_source_last_dump_timestamp_seconds: gauge("When the newest whole dump was begun.", source),
  lifeboat_data_source_last_dump_size_bytes: gauge("Size of the newest whole dump, as it lies there.", source),
  lifeboat_data_source_last_run_timestamp_seconds: gauge("When the last run began.", source),
  lifeboat_data_source_last_run_duration_seconds: gauge("How long it took; missing where it has not ended.", source),
  lifeboat_data_source_last_run_success: gauge(
    "1: the last run made a proven dump; 0: it failed, or was killed; missing: one is at work, or there was none.",
    source,
  ),
  lifeboat_data_source_max_age_seconds: gauge(
    "How old the newest dump may be: the longest pause of its schedule, and two hours.",
    source,
  ),
  lifeboat_data_source_proof_timestamp_seconds: gauge("When the last drill tried a dump of it.", source),
  lifeboat_data_source_proof_success: gauge("1: that drill proved the dump; 0: it did not.", source),
  lifeboat_data_source_proof_max_age_seconds: gauge(
    "How old that drill may be; missing: the settings ask no query of it.",
    source,
  ),
  lifeboat_data_copies_success: gauge(
    "1: the last run of a guest's copies elsewhere copied every dump that was to be copied.",
    guest,
  ),
  lifeboat_data_copies_timestamp_seconds: gauge("When that run ended.", guest),
  lifeboat_data_source_copy_timestamp_seconds: gauge(
    "When the newest dump was begun that lies elsewhere, by what the guest saw there.",
    source,
  ),
  lifeboat_data_source_copy_max_age_seconds: gauge(
    "How old that dump may be: two hours more than one in the guest.",
    source,
  ),

  lifeboat_job_info: gauge("A backup job; always 1.", [...job, "schedule"]),
  lifeboat_job_enabled: gauge("1: the job is there and switched on.", job),
  lifeboat_job_runs_seen: gauge(
    "1: the runs of all its nodes could be listed, and the log of the newest be read.",
    job,
  ),
  lifeboat_job_last_run_timestamp_seconds: gauge("When the newest run that has ended began.", [...job, "node"]),
  lifeboat_job_last_run_duration_seconds: gauge("How long it took.", [...job, "node"]),
  lifeboat_job_last_run_success: gauge("1: it succeeded for all guests.", [...job, "node"]),
  lifeboat_job_next_run_timestamp_seconds: gauge("When it runs next.", job),
  lifeboat_job_max_gap_seconds: gauge("The longest time between two starts of its schedule.", job),

  lifeboat_storage_active: gauge("1: the storage for backups can be used.", storage),
  lifeboat_storage_used_bytes: gauge("Used on the storage.", storage),
  lifeboat_storage_size_bytes: gauge("Size of the storage.", storage),

  lifeboat_state_readable: gauge(
    "1: the environment's Pulumi state could be read, and is whole; missing: the exporter has no key to it.",
    environment,
  ),
  lifeboat_state_timestamp_seconds: gauge("When the state was written.", environment),
  lifeboat_state_restore_points: gauge("Restore points of the state; save points of states count.", environment),
  lifeboat_state_restore_points_unreadable: gauge(
    "Those of the newest 100 restore points that cannot be used.",
    environment,
  ),
  lifeboat_state_fallback: gauge(
    "1: a fallback of this state is in force on the exporter's machine; those of other machines nobody sees.",
    environment,
  ),
  lifeboat_state_copy_timestamp_seconds: gauge("When the newest copy of the state was made.", ["environment", "kind"]),
  lifeboat_state_copy_max_age_seconds: gauge(
    "How old that copy may be: the longest gap of its schedule, and an hour.",
    ["environment", "kind"],
  ),

  lifeboat_unfinished_operation_timestamp_seconds: gauge(
    "When an operation began that is half done: by the guest's save point and state, a drill's copies, or journals of the exporter's machine.",
    [...guest, "kind"],
  ),
  lifeboat_certificate_end_timestamp_seconds: gauge(
    "When a certificate ends: node, state store or grafana, and the authority of each, such as node authority.",
    ["environment", "subject"],
  ),
} as const satisfies Readonly<Record<string, Metric>>;

/** Name of a metric of the catalogue. */
export type MetricName = keyof typeof metrics;

/** What the series of a metric are told apart by. */
export type LabelOf<Name extends MetricName> = (typeof metrics)[Name]["labels"][number];

function gauge<const Labels extends readonly string[]>(help: string, labels: Labels) {
  return { type: "gauge", help, labels } as const;
}

function counter<const Labels extends readonly string[]>(help: string, labels: Labels) {
  return { type: "counter", help, labels } as const;
}
