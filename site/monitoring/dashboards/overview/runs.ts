import { chosen, rpoShare } from "../expressions";
import * as judged from "../judgements";
import { bars, lines, timeline } from "../panels";

/** Used share of each storage for backups. */
export const fill = `max by (environment, storage, node) (lifeboat_storage_used_bytes{${chosen}} / lifeboat_storage_size_bytes{${chosen}})`;
const storageLegend = "{{environment}} {{storage}} on {{node}}";

export function runs() {
  return timeline({
    width: 12,
    height: 7,
    title: "Runs of the backup jobs",
    description: "Whether the newest run of each job backed up all of its guests, over time. A gap: nobody looked.",
    unit: "none",
    empty: "no run was seen",
    query: `min by (environment, backup_job) (lifeboat_job_last_run_success{${chosen}})`,
    legend: "{{environment}} {{backup_job}}",
    steps: judged.successSteps,
    words: judged.success,
  });
}

export function trouble() {
  return lines({
    width: 12,
    height: 7,
    title: "Guests in trouble",
    description: "Guests whose newest run failed, and guests whose newest backup is older than their RPO.",
    unit: "none",
    empty: "nobody looked",
    softMax: 1,
    series: [
      { query: `sum by (environment) (lifeboat_guest_backup_failed{${chosen}})`, legend: "{{environment}} failed" },
      {
        query: `count by (environment) (${rpoShare(chosen)} > 1) or 0 * sum by (environment) (lifeboat_environment_up{${chosen}} == 1)`,
        legend: "{{environment}} missed its RPO",
      },
    ],
  });
}

export function sizes() {
  return lines({
    width: 12,
    height: 7,
    title: "Size of the newest backups",
    description: "Sum over the guests of an environment. A drop means that a guest, a disk or data inside is missing.",
    unit: "bytes",
    empty: "no backup was seen",
    series: [
      {
        query: `sum by (environment) (lifeboat_guest_last_backup_size_bytes{${chosen}})`,
        legend: "{{environment}}",
      },
    ],
  });
}

export function durations() {
  return lines({
    width: 12,
    height: 7,
    title: "Duration of the runs",
    description: "How long the newest run of each job took. It should end well before the next one begins.",
    unit: "s",
    empty: "no run was seen",
    series: [
      {
        query: `max by (environment, backup_job) (lifeboat_job_last_run_duration_seconds{${chosen}})`,
        legend: "{{environment}} {{backup_job}}",
      },
    ],
  });
}

export function storages() {
  return bars({
    width: 10,
    height: 7,
    title: "Fill of the storages",
    description: "Used share of each storage that keeps backups.",
    unit: "percentunit",
    decimals: 0,
    empty: "no storage was seen",
    query: fill,
    legend: storageLegend,
    steps: judged.storageSteps,
  });
}

export function storageFill() {
  return lines({
    width: 14,
    height: 7,
    title: "Fill over time",
    description: "How fast the storages fill: what remains until the dashed lines is the time to act.",
    unit: "percentunit",
    max: 1,
    empty: "no storage was seen",
    series: [{ query: fill, legend: storageLegend }],
    steps: judged.storageSteps,
  });
}
