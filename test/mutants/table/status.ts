import { inFile, type Mutant } from "../mutant";

const file = "test/commands/status/problems.test.ts";

/** What `lifeboat status` must say. */
export const statusMutants: readonly Mutant[] = [
  ...inFile("scripts/inspect/status/environment-status.ts", [
    {
      name: "status: a job that is switched off is in order",
      from: "...(job.enabled ? [] : [`the backup job ${jobId} is switched off`]),",
      to: "",
      killedBy: { file, title: "a job that is switched off: 3" },
    },
    {
      name: "status: a next run is promised of a job that is switched off",
      from: "nextRun: enabled ? nextStart",
      to: "nextRun: true ? nextStart",
      killedBy: { file, title: "a job that is switched off: 3" },
    },
    {
      name: "status: a job may run at another time than the settings say",
      from: "...(job.schedule === schedule\n",
      to: "...(job.schedule !== undefined\n",
      killedBy: { file, title: "a job that runs at another time than the settings say" },
    },
    {
      name: "status: a job that is gone is in order",
      from: "  if (job === undefined) {\n",
      to: "  if (job === undefined) return [];\n  if (job === null) {\n",
      killedBy: { file, title: "a job that is gone: 3" },
    },
    {
      name: "status: a run that failed as a whole is in order",
      from: "  if (settled || strangers.length > 0) return strangers;",
      to: "  return strangers;",
      killedBy: { file, title: "a run that failed as a whole: 3" },
    },
    {
      name: "status: one newer backup is enough for all guests of a run that failed",
      from: "const settled = guests.every(",
      to: "const settled = guests.some(",
      killedBy: { file, title: "a run that failed as a whole: 3" },
    },
    {
      name: "status: what a run failed for others is not told",
      from: ".filter(({ id }) => !known.has(id))",
      to: ".filter(() => false)",
      killedBy: { file, title: "a run that failed for a guest of nobody's settings" },
    },
    {
      name: "status: a full storage is in order",
      from: "...storages.flatMap(storageProblems),",
      to: "",
      killedBy: { file, title: "a storage of which four fifths are used" },
    },
    {
      name: "status: a storage at its limit is in order",
      from: "usedShare < storageLimit",
      to: "usedShare <= storageLimit",
      killedBy: { file, title: "a storage of which four fifths are used" },
    },
  ]),
  ...inFile("scripts/inspect/status/guest-problems.ts", [
    {
      name: "status: a backup older than its RPO allows is in order",
      from: "...each(newest === undefined ? [] : ageProblems(newest, guest), ways.backUp),",
      to: "",
      killedBy: { file, title: "a newest backup that is older than its RPO allows" },
    },
  ]),
  ...inFile("scripts/inspect/status/status-summary.ts", [
    {
      name: "status: an environment that could not be looked at is in order",
      from: " && unknown.length === 0",
      to: "",
      killedBy: { file, title: "an environment that does not answer: 3" },
    },
    {
      name: "status: what is wrong with an environment itself does not count",
      from: " && besides.length === 0",
      to: "",
      killedBy: { file, title: "a job that is switched off: 3" },
    },
  ]),
  ...inFile("scripts/inspect/status/inspect-status.ts", [
    {
      name: "status: nothing could be looked at, and something is said to need you",
      from: "if (first !== undefined && found.length === 0) return first.failure.exitCode;",
      to: "",
      killedBy: { file, title: "an environment that does not answer: 3" },
    },
  ]),
  ...inFile("site/health.ts", [
    {
      name: "status: storages may be full to the brim",
      from: "storageLimit = 0.8",
      to: "storageLimit = 0.98",
      killedBy: { file, title: "a storage of which four fifths are used" },
    },
  ]),
];
