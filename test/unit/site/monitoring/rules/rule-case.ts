import type { LabelOf, MetricName } from "../../../../../site/monitoring/metrics";

/** A series as it would be scraped. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** A number that stays, or in promtool's words from the first scrape on: `1+0x12 0+0x12`. */
  readonly values: number | string;
}

export interface FiringAlert {
  readonly alert: string;
  readonly severity: "critical" | "warning";
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly description: string;
}

/** What Prometheus sees, and which alerts fire at the end. */
export interface RuleCase {
  readonly title: string;
  /** The alert that fires, or that stays silent though it nearly would. */
  readonly about: string;
  /** Seconds since the first scrape, at which Prometheus' clock shows 0. */
  readonly at: number;
  readonly samples: readonly Sample[];
  readonly firing: readonly FiringAlert[];
}

export const minute = 60;
export const hour = 3600;
export const day = 86_400;

/** When most cases are looked at: after every time that an alert is held. */
export const later = 2 * hour;

/** Between two scrapes, and two evaluations: the `for` of every rule is a multiple of it. */
export const every = 5 * minute;

/** The labels that a scrape adds. */
export const scraped = { job: "lifeboat", instance: "192.0.2.133:9840" };

export const prod = { environment: "prod" };
export const web = { ...prod, guest: "web", id: "101" };
export const db = { ...prod, guest: "db", id: "102" };
export const backupJob = { ...prod, backup_job: "lifeboat-prod" };
export const storage = { ...prod, storage: "backup", node: "pve-prod" };
export const shop = { ...web, source: "shop" };
export const offsite = { ...prod, kind: "offsite" };

/** A series of the catalogue. */
export function sample<Name extends MetricName>(
  name: Name,
  labels: Readonly<Record<LabelOf<Name>, string>>,
  values: number | string,
): Sample {
  return { name, labels: { ...labels, ...scraped }, values };
}

/** The moment so many seconds before a look, which is at {@link later} if no other is named. */
export const ago = (seconds: number, at = later): number => at - seconds;

function guestSamples(guest: typeof web, at: number): Sample[] {
  return [
    sample("lifeboat_guest_info", { ...guest, type: "lxc", node: "pve-prod" }, 1),
    sample("lifeboat_guest_backup_expected", guest, 1),
    sample("lifeboat_guest_archives_seen", guest, 1),
    sample("lifeboat_guest_backups", guest, 7),
    sample("lifeboat_guest_last_backup_timestamp_seconds", guest, ago(10 * hour, at)),
    sample("lifeboat_guest_last_backup_size_bytes", guest, 1_000),
    sample("lifeboat_guest_previous_backup_size_bytes", guest, 1_000),
    sample("lifeboat_guest_backup_failed", guest, 0),
    sample("lifeboat_guest_rpo_seconds", guest, 26 * hour),
    sample("lifeboat_guest_verification_failed", guest, 0),
    sample("lifeboat_guest_proof_timestamp_seconds", guest, ago(5 * day, at)),
    sample("lifeboat_guest_proof_success", guest, 1),
    sample("lifeboat_guest_proof_max_age_seconds", guest, 30 * day),
  ];
}

function dataSamples(at: number): Sample[] {
  return [
    sample("lifeboat_data_seen", web, 1),
    sample("lifeboat_data_source_info", { ...shop, kind: "postgres" }, 1),
    sample("lifeboat_data_source_dumps", shop, 9),
    sample("lifeboat_data_source_last_dump_timestamp_seconds", shop, ago(10 * hour, at)),
    sample("lifeboat_data_source_last_run_success", shop, 1),
    sample("lifeboat_data_source_max_age_seconds", shop, 26 * hour),
    sample("lifeboat_data_source_proof_timestamp_seconds", shop, ago(5 * day, at)),
    sample("lifeboat_data_source_proof_success", shop, 1),
    sample("lifeboat_data_source_proof_max_age_seconds", shop, 35 * day),
    sample("lifeboat_data_copies_success", web, 1),
    sample("lifeboat_data_source_copy_timestamp_seconds", shop, ago(10 * hour, at)),
    sample("lifeboat_data_source_copy_max_age_seconds", shop, 28 * hour),
  ];
}

/** An environment with two guests in which all is well. */
function healthy(at: number): Sample[] {
  return [
    { name: "up", labels: scraped, values: 1 },
    sample("lifeboat_environment_up", prod, 1),
    sample("lifeboat_look_timestamp_seconds", prod, at),
    sample("lifeboat_look_interval_seconds", prod, 5 * minute),
    sample("lifeboat_clock_difference_seconds", prod, -2),
    ...guestSamples(web, at),
    ...guestSamples(db, at),
    sample("lifeboat_job_enabled", backupJob, 1),
    sample("lifeboat_job_max_gap_seconds", backupJob, 25 * hour),
    sample("lifeboat_job_last_run_success", { ...backupJob, node: "pve-prod" }, 1),
    sample("lifeboat_job_last_run_timestamp_seconds", { ...backupJob, node: "pve-prod" }, ago(10 * hour, at)),
    sample("lifeboat_storage_active", storage, 1),
    sample("lifeboat_storage_used_bytes", storage, 800),
    sample("lifeboat_storage_size_bytes", storage, 1_000),
    ...dataSamples(at),
    sample("lifeboat_state_readable", prod, 1),
    sample("lifeboat_state_restore_points_unreadable", prod, 0),
    sample("lifeboat_state_fallback", prod, 0),
    sample("lifeboat_state_copy_timestamp_seconds", offsite, ago(25 * hour, at)),
    sample("lifeboat_state_copy_max_age_seconds", offsite, 26 * hour),
  ];
}

const keyOf = ({ name, labels }: Pick<Sample, "name" | "labels">): string =>
  JSON.stringify([name, Object.entries(labels).toSorted(([a], [b]) => a.localeCompare(b))]);

/** The healthy environment with other series. */
export function site(...changed: readonly Sample[]): Sample[] {
  return siteAt(later, ...changed);
}

/** The same, for another look. */
export function siteAt(at: number, ...changed: readonly Sample[]): Sample[] {
  const keys = new Set(changed.map(keyOf));
  return [...healthy(at).filter((one) => !keys.has(keyOf(one))), ...changed];
}

/** A series that is not there. */
export function missing<Name extends MetricName>(name: Name, labels: Readonly<Record<LabelOf<Name>, string>>): Sample {
  return sample(name, labels, "_");
}
