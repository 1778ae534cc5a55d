import { inFile, type Mutant } from "../mutant";

const rules = "test/unit/site/monitoring/rules/promtool.test.ts";
const exporter = "test/commands/exporter/exporter.test.ts";

/** Alerts that must come, and those that must not come beside them. */
export const monitoringMutants: readonly Mutant[] = [
  ...inFile("site/monitoring/rules/backups.ts", [
    {
      name: "rules: a guest that no job has is told a second time for its old backup",
      from: '.unless(series("lifeboat_guest_not_covered").is(1), guest)',
      to: "",
      killedBy: { file: rules, title: "the settings name a guest that no job has, for 49 hours" },
    },
    {
      name: "rules: a newest archive that goes is told only where an older one is left",
      from: "latest.series.above(lastBackup).or(latest.series.unless(lastBackup)).and(seen)",
      to: "latest.series.above(lastBackup).and(seen)",
      killedBy: { file: rules, title: "the only archive goes" },
    },
    {
      name: "rules: archives that cannot be seen are gone",
      from: "latest.series.above(lastBackup).or(latest.series.unless(lastBackup)).and(seen)",
      to: "latest.series.above(lastBackup).or(latest.series.unless(lastBackup))",
      killedBy: { file: rules, title: "the privilege to see archives goes, and all of them with it" },
    },
    {
      name: "rules: a backup is missing that nobody could see",
      from: "unlessAlerting(late.and(seen), guest,",
      to: "unlessAlerting(late, guest,",
      killedBy: { file: rules, title: "the archives cannot be seen" },
    },
    {
      name: "rules: one guest that was backed up since a run failed stands for all",
      from: "expected.unless(lastBackup.notBeforeThatOf(run))",
      to: "expected.unless(lastBackup)",
      killedBy: { file: rules, title: "a run failed before it came to any guest" },
    },
  ]),
  ...inFile("site/monitoring/rules/exporter.ts", [
    {
      name: "rules: an exporter that nobody scrapes is not silent",
      from: "targets.is(0).orElse(up.absent())",
      to: "targets.is(0)",
      killedBy: { file: rules, title: "there is no target at all" },
    },
  ]),
  ...inFile("site/monitoring/rules/remembered.ts", [
    {
      name: "rules: a guest that never had a backup has none to miss",
      from: ".or(firstSeen(of))",
      to: "",
      killedBy: { file: rules, title: "a guest without any backup has been known for 49 hours" },
    },
  ]),
  ...inFile("scripts/inspect/exporter/guest-samples.ts", [
    {
      name: "exporter: a guest that the settings name is in the job, whatever the job says",
      from: "isForgotten(guest, look) ? 1 : undefined",
      to: "undefined",
      killedBy: { file: exporter, title: "a guest that nothing backs up, and one that left the settings" },
    },
  ]),
];
