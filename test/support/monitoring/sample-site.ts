import { type LabelOf, metrics, type MetricName } from "../../../site/monitoring/metrics";

/** One sample of the exporter's page. */
interface Sample {
  readonly name: MetricName;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const hour = 3600;
const day = 24 * hour;
const gibibyte = 2 ** 30;

interface SampleGuest {
  readonly environment: string;
  readonly guest: string;
  readonly id: string;
  readonly size: number;
  /** Days since the last backup that succeeded, less than one where all is well; undefined: there is none. */
  readonly daysWithout: number | undefined;
  readonly rpo: number;
  /** Age of the last drill; undefined: it was never tried. */
  readonly proofAge?: number;
  readonly proofFailed?: boolean;
  readonly leftOut?: boolean;
}

const guests: readonly SampleGuest[] = [
  { environment: "prod", guest: "web", id: "101", size: 6, daysWithout: 0, rpo: 26 * hour, proofAge: 3 * day },
  { environment: "prod", guest: "database", id: "102", size: 41, daysWithout: 2, rpo: 26 * hour, proofAge: 3 * day },
  { environment: "prod", guest: "mail", id: "103", size: 88, daysWithout: 0, rpo: 26 * hour, proofAge: 12 * day },
  { environment: "prod", guest: "files", id: "104", size: 230, daysWithout: 0, rpo: 26 * hour, proofAge: 41 * day },
  { environment: "prod", guest: "wiki", id: "105", size: 3, daysWithout: undefined, rpo: 26 * hour },
  { environment: "lab", guest: "build", id: "201", size: 18, daysWithout: 0, rpo: 8 * day, proofAge: 5 * day },
  {
    environment: "lab",
    guest: "registry",
    id: "202",
    size: 27,
    daysWithout: 0,
    rpo: 8 * day,
    proofAge: 2 * day,
    proofFailed: true,
  },
  { environment: "lab", guest: "scratch", id: "203", size: 0, daysWithout: undefined, rpo: 8 * day, leftOut: true },
  {
    environment: "monitoring",
    guest: "metrics",
    id: "301",
    size: 9,
    daysWithout: 0,
    rpo: 26 * hour,
    proofAge: 6 * day,
  },
];

const environments = ["prod", "lab", "monitoring"];

/**
 * What the exporter of a small site says at a moment: most of it is well, and there is one of each kind of trouble, so that every
 * query of a dashboard finds something. Moments in Unix seconds.
 *
 * @param now end of what is told: the trouble begins some days before it.
 */
function sampleSite(moment: number, now: number): readonly Sample[] {
  return [
    ...environments.flatMap((environment) => ofEnvironment(environment, moment, now)),
    ...guests.flatMap((guest) => ofGuest(guest, moment, now)),
    ...uncovered(now),
    ...sources.flatMap((source) => ofSource(source, moment, now)),
  ];
}

function sample<Name extends MetricName>(
  name: Name,
  labels: Readonly<Record<LabelOf<Name>, string>>,
  value: number,
): Sample {
  return { name, labels, value };
}

/** The newest run at two o'clock that the moment has seen the end of. */
function newestRun(moment: number): number {
  return Math.floor((moment - 3 * hour) / day) * day + 2 * hour;
}

function ofEnvironment(environment: string, moment: number, now: number): Sample[] {
  const backup_job = "nightly";
  const node = `pve-${environment}`;
  const storage = environment === "prod" ? "backup" : `backup-${environment}`;
  const run = newestRun(moment);
  const failed = environment === "prod" && now - run < 2.5 * day;
  const age = (now - moment) / day;
  const size = 2048 * gibibyte;
  const share = { prod: 0.83, lab: 0.38, monitoring: 0.12 }[environment] ?? 0;
  return [
    sample("lifeboat_environment_up", { environment }, 1),
    sample("lifeboat_look_timestamp_seconds", { environment }, moment - 90),
    sample("lifeboat_look_duration_seconds", { environment }, 2.4),
    sample("lifeboat_look_interval_seconds", { environment }, 300),
    sample(
      "lifeboat_look_errors_total",
      { environment, kind: "unreachable" },
      environment === "lab" && age < 3 ? 4 : 1,
    ),
    sample("lifeboat_clock_difference_seconds", { environment }, 0.2),
    sample("lifeboat_job_info", { environment, backup_job, schedule: "02:00" }, 1),
    sample("lifeboat_job_enabled", { environment, backup_job }, 1),
    sample("lifeboat_job_last_run_timestamp_seconds", { environment, backup_job, node }, run),
    sample("lifeboat_job_last_run_duration_seconds", { environment, backup_job, node }, 900 + 2400 * share),
    sample("lifeboat_job_last_run_success", { environment, backup_job, node }, failed ? 0 : 1),
    sample("lifeboat_job_next_run_timestamp_seconds", { environment, backup_job }, run + day),
    sample("lifeboat_job_max_gap_seconds", { environment, backup_job }, day),
    sample("lifeboat_storage_active", { environment, storage, node }, 1),
    sample("lifeboat_storage_used_bytes", { environment, storage, node }, size * (share - 0.011 * Math.ceil(age))),
    sample("lifeboat_storage_size_bytes", { environment, storage, node }, size),
    ...ofState(environment, moment, age),
  ];
}

function ofState(environment: string, moment: number, age: number): Sample[] {
  const isStale = environment === "lab";
  const copied = isStale ? moment - Math.max(0, 3 - age) * day - hour : Math.floor(moment / (6 * hour)) * 6 * hour;
  return [
    sample("lifeboat_state_readable", { environment }, 1),
    sample("lifeboat_state_timestamp_seconds", { environment }, moment - (isStale ? 9 : 2) * day),
    sample("lifeboat_state_restore_points", { environment }, environment.length * 9 - Math.floor(age)),
    sample("lifeboat_state_restore_points_unreadable", { environment }, 0),
    sample("lifeboat_state_fallback", { environment }, 0),
    sample("lifeboat_state_copy_timestamp_seconds", { environment, kind: "offsite" }, copied),
    sample("lifeboat_state_copy_max_age_seconds", { environment, kind: "offsite" }, 2 * day),
    sample(
      "lifeboat_certificate_end_timestamp_seconds",
      { environment, subject: "state store" },
      moment - age + 200 * day,
    ),
  ];
}

function ofGuest(guest: SampleGuest, moment: number, now: number): Sample[] {
  const { environment, guest: name, id, leftOut = false, daysWithout, rpo } = guest;
  const labels = { environment, guest: name, id };
  return [
    sample("lifeboat_guest_info", { ...labels, type: "lxc", node: `pve-${environment}` }, 1),
    sample("lifeboat_guest_backup_expected", labels, leftOut ? 0 : 1),
    ...(leftOut
      ? [sample("lifeboat_guest_opt_out_until_timestamp_seconds", labels, now + 5 * day)]
      : [sample("lifeboat_guest_archives_seen", labels, 1), sample("lifeboat_guest_rpo_seconds", labels, rpo)]),
    ...(daysWithout === undefined || leftOut ? [] : backupsOf(guest, daysWithout, moment, now)),
    ...(daysWithout === undefined && !leftOut ? [sample("lifeboat_guest_backups", labels, 0)] : []),
    ...proofOf(guest, moment, now),
  ];
}

function backupsOf(
  { environment, guest, id, size }: SampleGuest,
  daysWithout: number,
  moment: number,
  now: number,
): Sample[] {
  const labels = { environment, guest, id };
  const newest = Math.min(newestRun(moment), newestRun(now) - daysWithout * day);
  const bytes = size * gibibyte * (1 + 0.01 * Math.floor((newest - now) / day));
  return [
    sample("lifeboat_guest_backup_failed", labels, newest < newestRun(moment) ? 1 : 0),
    sample("lifeboat_guest_backups", labels, 14),
    sample("lifeboat_guest_last_backup_timestamp_seconds", labels, newest),
    sample("lifeboat_guest_last_backup_size_bytes", labels, bytes),
    sample("lifeboat_guest_last_backup_duration_seconds", labels, 60 + 11 * size),
    sample("lifeboat_guest_previous_backup_size_bytes", labels, bytes * 0.99),
    sample("lifeboat_guest_verification_timestamp_seconds", labels, newest + 3 * hour),
    sample("lifeboat_guest_verification_failed", labels, 0),
  ];
}

function proofOf(
  { environment, guest, id, proofAge, proofFailed }: SampleGuest,
  moment: number,
  now: number,
): Sample[] {
  const labels = { environment, guest, id };
  if (proofAge === undefined) return [];
  return [
    sample("lifeboat_guest_proof_max_age_seconds", labels, 35 * day),
    ...(moment < now - proofAge
      ? []
      : [
          sample("lifeboat_guest_proof_timestamp_seconds", labels, now - proofAge),
          sample("lifeboat_guest_proof_success", labels, proofFailed === true ? 0 : 1),
        ]),
  ];
}

function uncovered(now: number): Sample[] {
  const web = { environment: "prod", guest: "web", id: "101" };
  return [
    sample("lifeboat_guest_not_covered", { environment: "lab", guest: "made-by-hand", id: "900" }, 1),
    sample("lifeboat_disk_not_covered", { environment: "prod", guest: "files", id: "104", disk: "scsi2" }, 1),
    sample("lifeboat_disk_not_covered", { ...web, disk: "mp1" }, 1),
    sample("lifeboat_disk_opt_out_until_timestamp_seconds", { ...web, disk: "mp0" }, now + 20 * day),
    sample(
      "lifeboat_permission_missing",
      { environment: "lab", path: "/storage/backup-lab", privilege: "Datastore.Audit" },
      1,
    ),
    sample("lifeboat_unfinished_operation_timestamp_seconds", { ...web, kind: "restore-guest" }, now - 4 * hour),
  ];
}

interface SampleSource {
  readonly guest: string;
  readonly id: string;
  readonly source: string;
  readonly kind: string;
  /** Mebibytes. */
  readonly size: number;
  /** Days since the last run that succeeded; undefined: there is no dump. */
  readonly daysWithout: number | undefined;
  /** Days since the last copy. */
  readonly copyAge?: number;
}

const sources: readonly SampleSource[] = [
  { guest: "database", id: "102", source: "shop", kind: "postgres", size: 820, daysWithout: 0, copyAge: 0 },
  { guest: "database", id: "102", source: "crm", kind: "mariadb", size: 96, daysWithout: 2, copyAge: 2 },
  { guest: "web", id: "101", source: "uploads", kind: "files", size: 4100, daysWithout: 0, copyAge: 3 },
  { guest: "wiki", id: "105", source: "pages", kind: "postgres", size: 0, daysWithout: undefined },
];

/** Dumps at two o'clock. The guest `mail` has a source, too, and tells nothing. */
function ofSource({ source, kind, size, daysWithout, copyAge, ...rest }: SampleSource, moment: number, now: number) {
  const guest = { environment: "prod", ...rest };
  const labels = { ...guest, source };
  const newest = newestRun(Math.min(moment, now - (daysWithout ?? 0) * day));
  const mail = { environment: "prod", guest: "mail", id: "103" };
  const made = [
    sample("lifeboat_data_source_last_dump_timestamp_seconds", labels, newest),
    sample(
      "lifeboat_data_source_last_dump_size_bytes",
      labels,
      size * 2 ** 20 * (1 + 0.02 * Math.floor((newest - now) / day)),
    ),
    sample("lifeboat_data_source_last_run_success", labels, newest < newestRun(moment) ? 0 : 1),
    sample("lifeboat_data_source_last_run_timestamp_seconds", labels, newestRun(moment)),
    sample("lifeboat_data_source_last_run_duration_seconds", labels, 20 + size / 10),
  ];
  return [
    sample("lifeboat_data_seen", mail, 0),
    sample("lifeboat_data_seen", guest, 1),
    sample("lifeboat_data_source_info", { ...labels, kind }, 1),
    sample("lifeboat_data_source_dumps", labels, daysWithout === undefined ? 0 : 14),
    sample("lifeboat_data_source_max_age_seconds", labels, day + 2 * hour),
    sample("lifeboat_data_source_copy_max_age_seconds", labels, day + 4 * hour),
    sample("lifeboat_data_copies_success", guest, rest.guest === "web" ? 0 : 1),
    sample("lifeboat_data_copies_timestamp_seconds", guest, moment - hour / 2),
    ...(daysWithout === undefined ? [] : made),
    ...(copyAge === undefined
      ? []
      : [
          sample(
            "lifeboat_data_source_copy_timestamp_seconds",
            labels,
            newestRun(Math.min(moment, now - copyAge * day)),
          ),
        ]),
  ];
}

function answers(others: Readonly<Record<string, 0 | 1>>): Sample[] {
  return Object.entries(others).map(([environment, up]) => sample("lifeboat_environment_up", { environment }, up));
}

/**
 * A history in the form that promtool makes blocks of: all samples of one series after the other, from the oldest on.
 *
 * @param seconds how long before now it begins, and how far apart its moments are
 * @param others environments of which nothing is known but whether they answer
 */
export function openMetrics(
  now: number,
  seconds: { readonly span: number; readonly step: number },
  others: Readonly<Record<string, 0 | 1>> = {},
): string {
  const families = new Map<MetricName, Map<string, string[]>>();
  for (let moment = now - seconds.span; moment <= now; moment += seconds.step) {
    for (const { name, labels, value } of [...sampleSite(moment, now), ...answers(others)]) {
      const series = families.get(name) ?? new Map<string, string[]>();
      families.set(name, series);
      const key = seriesText(name, labels);
      const lines = series.get(key) ?? [];
      series.set(key, lines);
      lines.push(`${key} ${value} ${moment}`);
    }
  }
  const lines = [...families].flatMap(([name, series]) => [
    `# TYPE ${name.replace(/_total$/, "")} ${metrics[name].type}`,
    ...[...series.values()].flat(),
  ]);
  return `${lines.join("\n")}\n# EOF\n`;
}

/** With the labels that Prometheus adds where it reads a page. */
function seriesText(name: MetricName, labels: Readonly<Record<string, string>>): string {
  const all = Object.entries({ ...labels, instance: "metrics:9835", job: "lifeboat" });
  return `${name}{${all.map(([label, text]) => `${label}="${text}"`).join(",")}}`;
}
