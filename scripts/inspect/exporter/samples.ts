import { guestSamples } from "./guest-samples";
import { halfDone } from "./half-done";
import type { EnvironmentLook } from "./look";
import { type Sample, sample } from "./sample";

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
    ...stateSamples(look),
    ...halfDone(settings.guests, facts, journals).flatMap(({ kind, guest, id, began }) =>
      sample("lifeboat_unfinished_operation_timestamp_seconds", { environment: name, guest, id, kind }, began),
    ),
    ...certificates.flatMap(({ subject, end }) =>
      sample("lifeboat_certificate_end_timestamp_seconds", { environment: name, subject }, end),
    ),
  ];
}

function jobSamples({ status, environment, jobGap }: EnvironmentLook): Sample[] {
  const { job } = status;
  const labels = { environment: environment.name, backup_job: job.id };
  return [
    ...sample("lifeboat_job_info", { ...labels, schedule: job.schedule }, 1),
    ...sample("lifeboat_job_enabled", labels, job.enabled),
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

/** Seconds that a copy on a schedule may take. */
const grace = 3_600;

function stateSamples({ state, environment, copyGap }: EnvironmentLook): Sample[] {
  if (state === undefined) return [];
  const { status, points } = state;
  const labels = { environment: environment.name };
  const isReadable = status.trouble === undefined && status.damage === undefined;
  // A stack that was never deployed has no state, or it lies on another machine.
  if (isReadable && status.modified === undefined) return [];
  return [
    ...sample("lifeboat_state_readable", labels, isReadable),
    ...sample("lifeboat_state_timestamp_seconds", labels, inSeconds(status.modified)),
    ...sample("lifeboat_state_restore_points", labels, points?.count),
    ...sample("lifeboat_state_restore_points_unreadable", labels, points?.unreadable),
    ...sample("lifeboat_state_fallback", labels, status.lives === "fallback"),
    ...status.copies.flatMap(({ kind, time, trouble }) => [
      ...sample("lifeboat_state_copy_timestamp_seconds", { ...labels, kind }, inSeconds(time)),
      ...(kind === "offsite" && trouble === undefined
        ? sample("lifeboat_state_copy_max_age_seconds", { ...labels, kind }, copyGap && copyGap + grace)
        : []),
    ]),
  ];
}

function inSeconds(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : milliseconds / 1_000;
}

function round(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
