import { longestWait } from "../../../site/data/longest-wait";
import type { DataReport } from "../../../site/data/report";
import type { SourceStatus } from "../../../site/data/status";
import { type DataSource, drillOf } from "../../../site/settings/data";
import type { Environment, Guest } from "../../../site/settings/environment";
import type { DataLook } from "./data-look";
import { type Sample, sample } from "./sample";

/** Seconds that a copy may take after its dump. */
const copyGrace = 2 * 3_600;

interface SourceLabels {
  readonly environment: string;
  readonly guest: string;
  readonly id: string;
  readonly source: string;
}

/** Series of the dumps in an environment's guests, and of their copies elsewhere. @param now unix seconds */
export function dataSamples(
  { name, guests, offsite, dataWatchers }: Environment,
  look: DataLook,
  now: number,
): Sample[] {
  // Nobody is to ask.
  if (dataWatchers?.length === 0) return [];
  const isCopied = offsite?.copies.dumps === true;
  return guests.flatMap((guest) => {
    const labels = { environment: name, guest: guest.name, id: String(guest.id) };
    const report = look.get(guest.id);
    const isTold = guest.data.every((source) => report?.sources.some((one) => one.source === source.name));
    return [
      ...sample("lifeboat_data_seen", labels, look.has(guest.id) ? isTold : undefined),
      ...guest.data.flatMap((source) => {
        const status = report?.sources.find((one) => one.source === source.name);
        return sourceSamples(source, status, { ...labels, source: source.name }, now);
      }),
      ...(isCopied ? copySamples(guest, report, labels, now) : []),
    ];
  });
}

function sourceSamples(
  source: DataSource,
  status: SourceStatus | undefined,
  labels: SourceLabels,
  now: number,
): Sample[] {
  return [
    ...sample("lifeboat_data_source_info", { ...labels, kind: source.kind }, 1),
    // Also of one that is not seen: its newest dump grows older meanwhile.
    ...sample("lifeboat_data_source_max_age_seconds", labels, maxAge(source, now)),
    // Who declares no question has not said that drills are held.
    ...sample("lifeboat_data_source_proof_max_age_seconds", labels, drillOf(source)?.maxAge),
    ...(status === undefined ? [] : dumpSamples(status, labels)),
  ];
}

function dumpSamples(status: SourceStatus, labels: SourceLabels): Sample[] {
  const { newest, dumps, started, ended, drill } = status;
  return [
    ...sample("lifeboat_data_source_dumps", labels, dumps),
    ...sample("lifeboat_data_source_last_dump_timestamp_seconds", labels, newest?.time),
    ...sample("lifeboat_data_source_last_dump_size_bytes", labels, newest?.bytes),
    ...sample("lifeboat_data_source_last_run_timestamp_seconds", labels, started),
    ...sample(
      "lifeboat_data_source_last_run_duration_seconds",
      labels,
      started === undefined || ended === undefined ? undefined : Math.max(0, ended - started),
    ),
    ...sample("lifeboat_data_source_last_run_success", labels, hasSucceeded(status)),
    ...sample("lifeboat_data_source_proof_timestamp_seconds", labels, drill?.time),
    ...sample("lifeboat_data_source_proof_success", labels, drill?.isProven),
  ];
}

/** Of one that is at work, or has never been, nobody knows. One that was killed has failed. */
function hasSucceeded({ result, isRunning }: SourceStatus): boolean | undefined {
  if (result === "never" || (result === "running" && isRunning)) return undefined;
  return result === "success";
}

/** Of a source whose timer is stopped on purpose, or does not come again, no dump is too old. */
function maxAge({ enabled, at }: DataSource, now: number): number | undefined {
  const wait = enabled ? longestWait(at, now) : Number.POSITIVE_INFINITY;
  return Number.isFinite(wait) ? wait : undefined;
}

function copySamples(
  { data }: Guest,
  report: DataReport | undefined,
  labels: Omit<SourceLabels, "source">,
  now: number,
): Sample[] {
  const copies = report?.copies;
  return [
    ...sample("lifeboat_data_copies_success", labels, copies?.succeeded),
    ...sample("lifeboat_data_copies_timestamp_seconds", labels, copies?.time),
    ...data.flatMap((source) => {
      const own = { ...labels, source: source.name };
      const age = maxAge(source, now);
      return [
        ...sample("lifeboat_data_source_copy_timestamp_seconds", own, copies?.newest.get(source.name)),
        ...sample("lifeboat_data_source_copy_max_age_seconds", own, age && age + copyGrace),
      ];
    }),
  ];
}
