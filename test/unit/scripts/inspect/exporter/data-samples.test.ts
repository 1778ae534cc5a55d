import { dataSamples } from "../../../../../scripts/inspect/exporter/data-samples";
import type { DataLook } from "../../../../../scripts/inspect/exporter/data-look";
import type { DataReport } from "../../../../../site/data/report";
import type { SourceStatus } from "../../../../../site/data/status";
import { environmentOf, exampleContainer, exampleSettings } from "../../../../support/example-environment";
import { offsiteSettings } from "../../../../support/example-offsite";
import { noon, report } from "./full-look";

const shop = { kind: "postgres" };

function samplesOf(look: DataLook, data: object = { shop }, top: object = {}): Record<string, number> {
  const guests = { web: { ...exampleContainer(), data } };
  const settings = environmentOf({ ...exampleSettings(), guests, ...top });
  return Object.fromEntries(
    dataSamples(settings, look, noon).map(({ name, labels, value }) => [
      `${name.replace("lifeboat_data_", "")} ${labels["source"] ?? ""}`.trim(),
      value,
    ]),
  );
}

const status = (other: Partial<SourceStatus>): DataReport => {
  const [seen] = report.sources;
  if (seen === undefined) throw new Error("it has a source");
  return { sources: [{ ...seen, ...other }], copies: undefined };
};

test("a source's newest dump and last run, and when the next has to be there [C2, I2]", () => {
  expect(samplesOf(new Map([[101, report]]))).toEqual({
    seen: 1,
    "source_info shop": 1,
    "source_max_age_seconds shop": 26 * 3_600,
    "source_dumps shop": 9,
    "source_last_dump_timestamp_seconds shop": noon - 9 * 3_600,
    "source_last_dump_size_bytes shop": 4_000,
    "source_last_run_timestamp_seconds shop": noon - 9 * 3_600,
    "source_last_run_duration_seconds shop": 42,
    "source_last_run_success shop": 1,
    "source_proof_timestamp_seconds shop": noon - 7 * 3_600,
    "source_proof_success shop": 1,
  });
});

test("how old a drill may be is told where the settings have a query, and what it found wherever one was held [C2, G2]", () => {
  const drill = { database: "shop", query: "SELECT 1", expect: 1, maxAge: "7d" };
  const failed = { dump: "2026-11-20/postgres/shop-030000Z", time: noon, isProven: false, why: "it restores empty" };
  const samples = samplesOf(new Map([[101, status({ drill: failed })]]), { shop: { ...shop, drill } });
  expect(samples).toMatchObject({
    "source_proof_timestamp_seconds shop": noon,
    "source_proof_success shop": 0,
    "source_proof_max_age_seconds shop": 7 * 86_400,
  });
  const never = samplesOf(new Map([[101, status({ drill: undefined })]]), { shop: { ...shop, drill } });
  expect(Object.keys(never).filter((name) => name.includes("proof"))).toEqual(["source_proof_max_age_seconds shop"]);
});

test("copies elsewhere, where there are to be some [C2, J2]", () => {
  const samples = samplesOf(new Map([[101, report]]), { shop }, { offsite: offsiteSettings().offsite });
  expect(samples).toMatchObject({
    copies_success: 1,
    copies_timestamp_seconds: noon - 9 * 3_600 + 600,
    "source_copy_timestamp_seconds shop": noon - 33 * 3_600,
    "source_copy_max_age_seconds shop": 28 * 3_600,
  });
});

test.each<[string, Partial<SourceStatus>, number | undefined]>([
  ["one that failed", { result: "error" }, 0],
  ["one that was killed", { result: "running" }, 0],
  ["one that is at work", { result: "running", isRunning: true }, undefined],
  ["none yet", { result: "never" }, undefined],
])("of the last run: %s [C2, I2]", (_, other, expected) => {
  expect(samplesOf(new Map([[101, status(other)]]))["source_last_run_success shop"]).toBe(expected);
});

test("a guest that tells nothing, or not of every source, is not seen; nothing is said of its dumps [C2]", () => {
  const silent = samplesOf(new Map([[101, undefined]]));
  expect(Object.keys(silent)).toEqual(["seen", "source_info shop", "source_max_age_seconds shop"]);
  expect(silent["seen"]).toBe(0);
  expect(samplesOf(new Map([[101, report]]), { shop, crm: { kind: "mariadb" } })["seen"]).toBe(0);
});

test("a guest that was not asked, as it does not run, has no word of being seen [C2]", () => {
  expect(Object.keys(samplesOf(new Map()))).toEqual(["source_info shop", "source_max_age_seconds shop"]);
});

test("no dump is too old where the timer is stopped on purpose [C2]", () => {
  expect(samplesOf(new Map(), { shop: { ...shop, enabled: false } })).toEqual({ "source_info shop": 1 });
});

test("nothing where nobody is to ask [C2]", () => {
  expect(samplesOf(new Map(), { shop }, { data: { watchers: [] } })).toEqual({});
});
