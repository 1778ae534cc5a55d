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
  ...inFile("site/coverage.ts", [
    {
      name: "verify: an archive that nobody can see is missing",
      from: "return blind === undefined && unread === undefined && bare === undefined;",
      to: "return blind === undefined;",
      killedBy: { file: missing, title: "a storage that shows no backup at all" },
    },
  ]),
];
