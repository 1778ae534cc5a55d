import { inFile } from "../mutant";

const server = "test/commands/backup-server/verify.test.ts";
const missing = "test/commands/verify/missing.test.ts";

/** What `lifeboat verify` calls whole, doubtful and missing, and what a drill's proof is of. */
export const verifyMutants = [
  ...inFile("scripts/inspect/verify/archives/server-verifier.ts", [
    {
      name: "verify: a snapshot without a size is whole",
      from: "if (archive.size === undefined) {",
      to: "if (archive.size === 0) {",
      killedBy: { file: server, title: "is doubtful and not whole" },
    },
    {
      name: "verify: a snapshot that its server has found damaged is whole",
      from: 'if (found.state !== "ok")',
      to: 'if (found.state === "never")',
      killedBy: { file: server, title: "what it has verified is whole, and damaged where it says so" },
    },
  ]),
  ...inFile("site/verify/judge-archive.ts", [
    {
      name: "verify: what somebody writes to is a backup at work",
      from: 'return { kind: "doubtful", problems: [changing] };',
      to: 'return { kind: "writing", problems: [changing] };',
      killedBy: { file: missing, title: "an archive that somebody writes while no backup runs" },
    },
  ]),
  ...inFile("site/drill/proof-notes.ts", [
    {
      name: "drill: the proof of another archive counts",
      from: "if (of !== undefined && of !== nameOf(volid)) continue;",
      to: "",
      killedBy: { file: "test/unit/site/drill/drill.test.ts", title: "counts for the archive that it names alone" },
    },
  ]),
  ...inFile("scripts/recovery/drill/steps.ts", [
    {
      name: "drill: a missed RTO is proven",
      from: "seconds !== undefined && seconds > rto",
      to: "seconds !== undefined && seconds > 2 * rto + 60",
      killedBy: { file: "test/unit/scripts/recovery/drill/missed-rto.test.ts", title: "one that took longer" },
    },
  ]),
  ...inFile("scripts/recovery/restore-guest/integrity-step.ts", [
    {
      name: "restore: the sum that verify has recorded is not compared",
      from: "record.sha256 === sha256) return [];",
      to: "record.sha256 !== sha256) return [];",
      killedBy: { file: "test/commands/faults/machine.test.ts", title: "a bit has turned over in a machine's archive" },
    },
  ]),
  ...inFile("site/coverage.ts", [
    {
      name: "verify: an archive that nobody can see is missing",
      from: "return blind === undefined && unread === undefined && bare === undefined;",
      to: "return blind === undefined;",
      killedBy: { file: missing, title: "a storage that shows no backup at all" },
    },
  ]),
];
