import type { Guest } from "../../../../site/settings/environment";
import type { LoadedEnvironment } from "../../../project/site";
import type { Lines } from "../../../terminal/talk";
import { counted, dim } from "../../../terminal/text";
import type { Report } from "../../engine/operation";
import type { BackupRun } from "./plan";

/** A guest that its settings leave out of backups. */
export interface OptedOutGuest {
  readonly guest: string;
  readonly id: number;
  readonly reason: string;
}

export function optedOut({ name, settings }: LoadedEnvironment): OptedOutGuest[] {
  return settings.guests.flatMap(({ name: guest, id, optOut }: Guest) =>
    optOut === undefined
      ? []
      : [{ guest: `${name}/${guest}`, id, reason: `left out until ${optOut.until}: ${optOut.reason}` }],
  );
}

/** What will be done, for people and scripts. */
export function runsView(environments: readonly LoadedEnvironment[], runs: readonly BackupRun[]): Report {
  const plans = environments.map((environment) => ({
    environment: environment.name,
    runs: runs.filter((run) => run.environment === environment.name),
    optedOut: optedOut(environment),
  }));
  return {
    value: { environments: plans },
    print: (lines) => {
      for (const plan of plans) {
        lines.heading(`Plan for ${plan.environment}`);
        for (const run of plan.runs) printRun(run, lines);
        if (plan.runs.length === 0) lines.line("  nothing to back up");
        for (const { guest, id, reason } of plan.optedOut) {
          const name = guest.slice(guest.indexOf("/") + 1);
          lines.hanging(["  ", dim("-"), " "], `without ${name} (${id}): ${reason}`);
        }
      }
    },
  };
}

export function printRun({ node, storage, guests, request, remarks }: BackupRun, lines: Lines): void {
  const names = guests.map(({ name, id }) => `${name} (${id})`).join(", ");
  const count = counted(guests.length, "guest");
  lines.hanging("  ", `back up ${count} of ${node} to ${storage}, one after the other: ${names}`);
  const retention = request["prune-backups"];
  if (typeof retention === "string") {
    lines.hanging("    ", `older backups are pruned as the job does it: ${retention}`);
  }
  for (const remark of remarks) lines.hanging("    ", remark);
}
