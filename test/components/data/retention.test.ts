import { spawnSync } from "node:child_process";
import * as fc from "fast-check";
import { retentionPart } from "../../../components/data/guest-program/retention";
import { parseDumpName, type DumpName } from "../../../site/data/dump-name";
import { decideRetention, type RetentionDecision } from "../../../site/data/retention";
import type { DataKeep } from "../../../site/settings/data";

function dumpAt(time: number): DumpName {
  const [day = "", clock = ""] = new Date(time * 1000).toISOString().split("T");
  const name = parseDumpName(`${day}/postgres/shop-${clock.slice(0, 8).replaceAll(":", "")}Z`);
  if (name === undefined) throw new Error("no dump's name");
  return name;
}

/** What the guest's shell decides. */
function byShell(made: DumpName, dumps: readonly DumpName[], keep: DataKeep): RetentionDecision {
  const script = `${retentionPart}\ndecide_retention "$1"`;
  const tiers = { keep_daily: keep.daily, keep_weekly: keep.weekly, keep_monthly: keep.monthly };
  const { stdout, stderr } = spawnSync("sh", ["-euc", script, "sh", made.name], {
    input: dumps.map(({ name, time }) => `${name} ${String(time)}\n`).join(""),
    encoding: "utf8",
    env: { PATH: process.env["PATH"], LC_ALL: "C", ...mapped(tiers) },
  });
  if (stderr !== "") throw new Error(stderr);
  const [held] = [...stdout.matchAll(/^held (clock-behind|clock-ahead) (.*)$/gmu)];
  const [, why, dump = ""] = held ?? [];
  if (why === "clock-behind" || why === "clock-ahead") return { kind: "held", why, dump };
  return { kind: "remove", dumps: [...stdout.matchAll(/^remove (.*)$/gmu)].map(([, name = ""]) => name) };
}

function mapped(tiers: Readonly<Record<string, number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(tiers).map(([name, count]) => [name, String(count)]));
}

const day = 86_400;
const begin = Date.UTC(2019, 11, 20) / 1000;

/** Pauses between dumps: mostly days, some of them seconds and some of them months. */
const pauses = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: day - 3600, max: day + 3600 }) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: day }) },
    { weight: 1, arbitrary: fc.integer({ min: day, max: 60 * day }) },
  ),
  { minLength: 1, maxLength: 80 },
);

const tier = fc.integer({ min: 0, max: 12 });
const keeps = fc.record({ daily: tier, weekly: tier, monthly: tier });

test("the guest's shell removes what the rule removes, whatever dumps there are and whatever is kept [I3]", () => {
  const kinds = new Set<string>();
  fc.assert(
    fc.property(pauses, keeps, fc.nat(), (between, keep, choice) => {
      let time = begin;
      const dumps = between.map((pause) => dumpAt((time += pause)));
      // Mostly the newest, as in a guest; sometimes another, as after a jump of the clock.
      const made = dumps[choice % 4 === 0 ? choice % dumps.length : dumps.length - 1];
      if (made === undefined) throw new Error("there is one");
      const decision = decideRetention(made, dumps, keep);
      kinds.add(decision.kind === "held" ? decision.why : decision.kind);
      expect(byShell(made, dumps, keep)).toEqual(decision);
    }),
    { numRuns: 250 },
  );
  expect([...kinds].sort()).toEqual(["clock-ahead", "clock-behind", "remove"]);
});

test("the newest of all dumps is never removed by either [I3]", () => {
  fc.assert(
    fc.property(pauses, keeps, (between, keep) => {
      let time = begin;
      const dumps = between.map((pause) => dumpAt((time += pause)));
      const newest = dumps.at(-1);
      if (newest === undefined) throw new Error("there is one");
      const decision = decideRetention(newest, dumps, keep);
      expect(decision.kind === "remove" ? decision.dumps : []).not.toContain(newest.name);
    }),
  );
});
