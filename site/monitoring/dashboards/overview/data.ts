import { chosen, noneSeen } from "../expressions";
import * as judged from "../judgements";
import { lines } from "../panels";
import { table } from "../table";
import { guestColumns } from "./columns";

const bySource = "environment, guest, id, source";
const legend = "{{environment}} {{guest}} {{source}}";

/** The newest value of a source's metric, without what Prometheus adds to it. */
function ofSource(metric: string): string {
  return `max by (${bySource}) (${metric}{${chosen}})`;
}

function ageOf(metric: string): string {
  return `time() - ${ofSource(metric)}`;
}

const told = ofSource("lifeboat_data_source_dumps");

/** Sources that have not one dump, by how old one may be: 0 times infinity would be no number. */
const withoutDump = `(${ofSource("lifeboat_data_source_max_age_seconds")} and ${told} == 0)`;

/** Sources of guests that tell, of which no copy was ever seen. */
const withoutCopy = `(${ofSource("lifeboat_data_source_copy_max_age_seconds")} and ${told} unless ${ofSource("lifeboat_data_source_copy_timestamp_seconds")})`;

export function dumps() {
  return table({
    width: 24,
    height: 8,
    title: "Dumps of data in guests",
    description:
      "The newest whole dump that lies in each guest, and the newest that lies elsewhere. Above 100 % it is older than its schedule explains.",
    unit: "none",
    empty: "no guest has sources of data, or nobody looks",
    labels: [...guestColumns, { label: "source", title: "Source", pixels: 120 }],
    values: [
      {
        title: "Last run",
        query: ofSource("lifeboat_data_source_last_run_success"),
        unit: "none",
        words: judged.success,
        empty: "none seen",
        pixels: 95,
      },
      {
        title: "Age",
        query: ageOf("lifeboat_data_source_last_dump_timestamp_seconds"),
        unit: "s",
        decimals: 1,
        empty: "none seen",
        pixels: 95,
      },
      {
        title: "Share of age",
        query: `(${ageOf("lifeboat_data_source_last_dump_timestamp_seconds")}) / ${ofSource("lifeboat_data_source_max_age_seconds")} or ${withoutDump} * Inf`,
        unit: "percentunit",
        decimals: 0,
        steps: judged.shareOfAllowed,
        words: judged.neverBefore,
        pixels: 110,
      },
      { title: "Size", query: ofSource("lifeboat_data_source_last_dump_size_bytes"), unit: "bytes", pixels: 95 },
      { title: "Dumps", query: ofSource("lifeboat_data_source_dumps"), unit: "none", pixels: 80 },
      {
        title: "Elsewhere",
        query: ageOf("lifeboat_data_source_copy_timestamp_seconds"),
        unit: "s",
        decimals: 1,
        empty: "no copy seen",
        pixels: 105,
      },
      {
        title: "Share of copy",
        query: `(${ageOf("lifeboat_data_source_copy_timestamp_seconds")}) / ${ofSource("lifeboat_data_source_copy_max_age_seconds")} or ${withoutCopy} * Inf`,
        unit: "percentunit",
        decimals: 0,
        steps: judged.shareOfAllowed,
        words: judged.neverBefore,
        pixels: 110,
      },
    ],
    sortBy: "Share of age",
  });
}

export function dumpSizes() {
  return lines({
    width: 12,
    height: 7,
    title: "Size of the newest dumps",
    description: "A drop means that a database, a table or a folder is missing.",
    unit: "bytes",
    empty: "no dump was seen",
    series: [{ query: ofSource("lifeboat_data_source_last_dump_size_bytes"), legend }],
  });
}

export function silentGuests() {
  return table({
    width: 12,
    height: 7,
    title: "Guests that do not tell of their dumps, or cannot copy them",
    description: "They run, and give the exporter no report; or the last run of their copies failed.",
    unit: "none",
    empty: noneSeen,
    labels: guestColumns,
    values: [
      {
        title: "Tells",
        query: `max by (environment, guest, id) (lifeboat_data_seen{${chosen}} == 0)`,
        unit: "none",
        words: judged.yes,
        pixels: 80,
      },
      {
        title: "Copies",
        query: `max by (environment, guest, id) (lifeboat_data_copies_success{${chosen}} == 0)`,
        unit: "none",
        words: judged.success,
        pixels: 80,
      },
    ],
  });
}
