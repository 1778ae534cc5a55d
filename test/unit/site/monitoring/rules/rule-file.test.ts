import { parse } from "yaml";
import * as z from "zod";
import { metrics } from "../../../../../site/monitoring/metrics";
import { ruleDefaults } from "../../../../../site/monitoring/rules/options";
import { alertNames, ruleFiles } from "../../../../../site/monitoring/rules/rule-file";

const shape = z.object({
  groups: z.array(
    z.object({
      name: z.string(),
      interval: z.string(),
      rules: z.array(
        z.object({
          record: z.string().optional(),
          alert: z.string().optional(),
          expr: z.string(),
          for: z.string().optional(),
          keep_firing_for: z.string().optional(),
          labels: z.record(z.string(), z.string()).optional(),
          annotations: z.record(z.string(), z.string()).optional(),
        }),
      ),
    }),
  ),
});

function groupsOf(files: Readonly<Record<string, string>>): z.infer<typeof shape>["groups"] {
  return Object.values(files).flatMap((text) => shape.parse(parse(text)).groups);
}

const groups = groupsOf(ruleFiles({ backupAlerting: true }));
const rules = groups.flatMap((group) => group.rules);

test("without backupAlerting there are no rules at all [C5]", () => {
  expect(ruleFiles({ backupAlerting: false })).toEqual({});
});

test("a backup that failed is critical, and those that the requirements name are there [C3]", () => {
  const critical = rules.filter(({ labels }) => labels?.["severity"] === "critical").map((rule) => rule.alert);
  const wanted = [
    "BackupJobFailed",
    "BackupRunFailed",
    "ArchiveDamaged",
    "DumpFailed",
    "DumpMissing",
    "StateUnreadable",
  ];
  expect(critical).toEqual(wanted);
  const warnings = [
    ["BackupJobMissing", "BackupStorageAlmostFull", "BackupSuddenlySmaller", "ProofTooOld", "RpoMissed"],
    ["StateCopyTooOld", "ExporterSilent", "PermissionLost", "CertificateNearItsEnd"],
  ].flat();
  expect(alertNames()).toEqual(expect.arrayContaining(warnings));
});

test("every alert has a name of its own, a link to its runbook, and the name of its environment, where it has one [C3]", () => {
  const alerts = rules.filter((rule) => rule.alert !== undefined);
  expect(alerts.map((rule) => rule.alert)).toEqual(alertNames());
  for (const { alert, annotations } of alerts) {
    expect(annotations?.["runbook_url"]).toBe(`docs/runbooks/alerts/${alert ?? ""}.md`);
    if (alert !== "ExporterSilent") expect(annotations?.["summary"]).toContain("{{ $labels.environment }}");
  }
});

test("expressions name nothing but metrics of the catalogue, and what the rules themselves record [C3]", () => {
  const recorded = rules.flatMap(({ record }) => (record === undefined ? [] : [record]));
  const named = rules.flatMap(({ expr }) => expr.match(/\blifeboat[\w:]+/gu) ?? []);
  const known = new Set<string>([...Object.keys(metrics), ...recorded]);
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});

test("an alert waits only for what its group has told before it [C3]", () => {
  for (const group of groups) {
    const before = new Set<string>();
    for (const { alert, expr } of group.rules) {
      for (const [, names = ""] of expr.matchAll(/ALERTS\{alertname=~?"([\w|]+)"\}/gu)) {
        for (const name of names.split("|")) expect([alert, name, before.has(name)]).toEqual([alert, name, true]);
      }
      if (alert !== undefined) before.add(alert);
    }
  }
});

test("a rehearsal makes all times short, and a site links its own pages [C3]", () => {
  const hold = { short: 0, long: 0, first: 0, run: 10 };
  const options = { evaluateEvery: 2, hold, keepFiring: 0, runbooks: "https://docs.example.com/lifeboat" };
  const short = groupsOf(ruleFiles({ backupAlerting: true, options }));
  expect(new Set(short.map(({ interval }) => interval))).toEqual(new Set(["2s"]));
  const held = short.flatMap((group) => group.rules).map((rule) => [rule.for, rule.keep_firing_for]);
  expect(new Set(held.flat())).toEqual(new Set([undefined, "10s"]));
  expect(short[0]?.rules[0]?.annotations?.["runbook_url"]).toBe(
    "https://docs.example.com/lifeboat/docs/runbooks/alerts/ExporterSilent.md",
  );
  expect(ruleDefaults.hold.short).toBe(300);
});
