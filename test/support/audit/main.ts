// `npm run audit`: known weaknesses of the packages that the program is installed with. Ends with 1 when there are any that
// nobody has accepted; likewise in GitHub's own CI when the registry does not answer. Elsewhere that is no failure: a closed
// network has no such answer. It is no success either: `.ci/run` counts it as skipped.
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { accepted } from "./accepted";
import { type Audit, audit } from "./audit";

function print(found: Audit): void {
  const lines = found.audited
    ? [
        ...found.open.map((each) => `${each.severity}: ${each.package}: ${each.title} (${each.url})`),
        ...found.accepted.map(
          (each) => `accepted until ${each.until}: ${each.package} ${each.advisory}: ${each.reason}`,
        ),
        ...found.obsolete.map((each) => `no longer found, to be taken out of accepted.ts: ${each.advisory}`),
        `${found.packages} packages audited, ${found.open.length} open, ${found.accepted.length} accepted`,
      ]
    : [`not audited: ${found.why}`];
  process.stdout.write(`${lines.join("\n")}\n`);
}

/** Counts for `.ci/run`. */
function report(found: Audit): void {
  const file = process.env["LIFEBOAT_TEST_REPORT"];
  if (file === undefined || file === "") return;
  const passed = found.audited && found.open.length === 0 ? 1 : 0;
  const failed = found.audited ? found.open.length : 0;
  const skipped = found.audited ? [] : [{ file: "test/support/audit/main.ts", title: found.why }];
  writeFileSync(file, JSON.stringify({ complete: true, passed, failed, skipped, files: [] }));
}

async function main(): Promise<number> {
  const found = await audit(resolve(__dirname, "../../.."), accepted, new Date().toISOString().slice(0, 10));
  print(found);
  report(found);
  const mustAnswer = process.env["GITHUB_ACTIONS"] === "true";
  return found.audited ? Number(found.open.length > 0) : Number(mustAnswer);
}

void main().then((code) => (process.exitCode = code));
