import { type Metric, metrics } from "../../site/monitoring/metrics";
import { table } from "./markdown";

/** What the series of a metric are of, by the labels that say so; the first row whose labels a metric has counts. */
const kinds: readonly [kind: string, labels: readonly string[]][] = [
  ["a disk", ["guest", "disk"]],
  ["an operation that is half done", ["guest", "kind"]],
  ["a guest", ["guest"]],
  ["a backup job on one node", ["backup_job", "node"]],
  ["a backup job", ["backup_job"]],
  ["a storage for backups", ["storage"]],
  ["a copy of a state, or a kind of failure", ["kind"]],
  ["a privilege that is missing", ["privilege"]],
  ["a certificate", ["subject"]],
  ["an environment", ["environment"]],
  ["the exporter", []],
];

/** Every metric of `lifeboat exporter`, and how many series they make. */
export function metricsPage(): string {
  const all: [name: string, metric: Metric][] = Object.entries(metrics);
  return [
    "# Metrics",
    "",
    "Written by `npm run reference` from `site/monitoring/metrics.ts`: change that, not this page. `lifeboat exporter` prints them in " +
      "Prometheus' text format; `lifeboat exporter --once` shows what a site has.",
    "",
    "What is not known has no series. A backup that the token may not see, on a storage that does not answer or behind a node that " +
      "is down is no backup that is missing: `lifeboat_guest_archives_seen` is 0 then, `lifeboat_environment_up` is 0 or " +
      "`lifeboat_permission_missing` names the privilege.",
    "",
    "A look that fails leaves what the one before has seen, under its `lifeboat_look_timestamp_seconds`, for two further looks; " +
      "with the third in a row it goes, all but that time. A guest that leaves the settings goes with the next look.",
    "",
    "Notes and configurations of archives, and the configurations of guests, are asked for again when a list shows the archive " +
      "changed, and after 30 minutes at the latest: so old a verification, a proof of a drill or an owner may be. Archives, " +
      "sizes, jobs, runs, storages and states are never older than the look.",
    "",
    "## What its token may do",
    "",
    "`Sys.Audit` on `/`, `VM.Audit` and `VM.Backup` on `/vms`, `Datastore.AllocateSpace` on the storages for backups " +
      "(`site/monitoring/exporter-privileges.ts`). Proxmox has no privilege that only shows archives: whoever sees them with these may also " +
      "make them, and delete those that are not protected. The exporter sends nothing but GET; its token is to be kept like an operator's.",
    "",
    "## How many series there are",
    "",
    "One series of each metric for each of these that there is:",
    "",
    ...table(
      ["for", "metrics"],
      kinds.flatMap((kind) => countOf(kind, all)),
    ),
    "",
    "Names of guests, storages, jobs and disks are those of the settings and of the nodes; no label holds a message, an archive's " +
      "name or a time. Kinds of failure are few and fixed. Of a privilege that is missing for every guest there is one series, for " +
      "`/vms`. A site of 1,000 guests has some 15,000 series.",
    "",
    "## All of them",
    "",
    ...table(
      ["metric", "type", "labels", "meaning"],
      all.map(([name, { type, labels, help }]) => [`\`${name}\``, type, labels.map(code).join(", "), help]),
    ),
    "",
  ].join("\n");
}

function countOf(
  [kind, labels]: (typeof kinds)[number],
  all: readonly [name: string, metric: Metric][],
): [kind: string, count: string][] {
  const own = all.filter(([, metric]) => kindOf(metric) === kind);
  return own.length === 0 ? [] : [[kind, String(own.length) + (labels.length === 0 ? " in all" : "")]];
}

function kindOf({ labels }: Metric): string | undefined {
  return kinds.find(([, wanted]) => wanted.every((label) => labels.includes(label)))?.[0];
}

function code(text: string): string {
  return `\`${text}\``;
}
