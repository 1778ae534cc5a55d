import { dataSamples } from "./data-samples";
import { guestSamples } from "./guest-samples";
import { halfDone } from "./half-done";
import type { EnvironmentLook } from "./look";
import { type Sample, sample } from "./sample";
import { stateSamples } from "./state-samples";

/** Every series that a look at an environment gives; those about the look itself are made by whoever had it. */
export function samplesOf(look: EnvironmentLook): Sample[] {
  const { environment, facts, status, journals, certificates } = look;
  const { name, settings } = environment;
  const byId = new Map(status.guests.map((guest) => [guest.id, guest]));
  return [
    ...sample("lifeboat_clock_difference_seconds", { environment: name }, round(facts.clockDifference)),
    ...settings.guests.flatMap((guest) => {
      const own = byId.get(guest.id);
      return own === undefined ? [] : guestSamples(guest, own, look);
    }),
    ...status.notCovered.flatMap(({ id, name: guest }) =>
      sample("lifeboat_guest_not_covered", { environment: name, guest, id: String(id) }, 1),
    ),
    ...jobSamples(look),
    ...storageSamples(look),
    ...stateSamples(name, look),
    ...dataSamples(settings, look.data, facts.now),
    ...halfDone(settings.guests, facts, journals).flatMap(({ kind, guest, id, began }) =>
      sample("lifeboat_unfinished_operation_timestamp_seconds", { environment: name, guest, id, kind }, began),
    ),
    ...certificates.flatMap(({ subject, end }) =>
      sample("lifeboat_certificate_end_timestamp_seconds", { environment: name, subject }, end),
    ),
  ];
}

function jobSamples({ status, environment, facts, jobGap }: EnvironmentLook): Sample[] {
  const { job } = status;
  const labels = { environment: environment.name, backup_job: job.id };
  return [
    ...sample("lifeboat_job_info", { ...labels, schedule: job.schedule }, 1),
    ...sample("lifeboat_job_enabled", labels, job.enabled),
    ...sample(
      "lifeboat_job_runs_seen",
      labels,
      facts.runs.every(({ unread }) => unread === undefined),
    ),
    ...sample("lifeboat_job_next_run_timestamp_seconds", labels, job.nextRun),
    ...sample("lifeboat_job_max_gap_seconds", labels, jobGap),
    ...job.lastRuns.flatMap(({ node, started, seconds, succeeded }) => [
      ...sample("lifeboat_job_last_run_timestamp_seconds", { ...labels, node }, started),
      ...sample("lifeboat_job_last_run_duration_seconds", { ...labels, node }, seconds),
      ...sample("lifeboat_job_last_run_success", { ...labels, node }, succeeded),
    ]),
  ];
}

function storageSamples({ status, environment }: EnvironmentLook): Sample[] {
  return status.storages.flatMap(({ storage, node, shared, active, used, total }) => {
    const labels = { environment: environment.name, storage, node: shared ? "shared" : node };
    return [
      ...sample("lifeboat_storage_active", labels, active),
      ...sample("lifeboat_storage_used_bytes", labels, used),
      ...sample("lifeboat_storage_size_bytes", labels, total),
    ];
  });
}

function round(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
