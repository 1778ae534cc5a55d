import type { Lines } from "../../../terminal/talk";
import { dim, red } from "../../../terminal/text";
import type { UnknownEnvironment } from "./open-runs";
import type { BackupRun, EnvironmentRuns } from "./plan";

/** What will be done, for people. */
export function printRunsPlan(
  plans: readonly EnvironmentRuns[],
  unknown: readonly UnknownEnvironment[],
  lines: Lines,
): void {
  for (const { environment, runs, leftOut } of plans) {
    lines.heading(`Plan for ${environment}`);
    for (const run of runs) printRun(run, lines);
    if (runs.length === 0) lines.line("  nothing to back up");
    for (const { guest, reason, wanted } of leftOut) {
      lines.hanging(["  ", wanted ? dim("-") : red("✗"), " "], `without ${guest.name} (${guest.id}): ${reason}`);
    }
  }
  for (const { environment, failure } of unknown) {
    lines.heading(`No plan for ${environment}`);
    lines.hanging(["  ", red("✗"), " "], failure.message);
  }
}

function printRun({ node, storage, guests, request, remarks }: BackupRun, lines: Lines): void {
  const names = guests.map(({ name, id }) => `${name} (${id})`).join(", ");
  const count = guests.length === 1 ? "1 guest" : `${guests.length} guests`;
  lines.hanging("  ", `back up ${count} of ${node} to ${storage}, one after the other: ${names}`);
  const retention = request["prune-backups"];
  if (typeof retention === "string") {
    lines.hanging("    ", `older backups are pruned as the job does it: ${retention}`);
  }
  for (const remark of remarks) lines.hanging("    ", remark);
}
