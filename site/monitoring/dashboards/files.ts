import { backupGuest } from "./backup-guest";
import { backupOverview } from "./backup-overview";
import type { Dashboard } from "./foundation-sdk";
import { stateStore } from "./state-store";

/** Every dashboard, the one to begin with first. */
export function dashboards(): readonly Dashboard[] {
  return [backupOverview(), backupGuest(), stateStore()];
}

/** Text of each file by its name, `backup-overview.json` and so on: what Grafana's provisioning reads, and an import takes. */
export function dashboardFiles(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    dashboards().map((dashboard) => [fileName(dashboard), `${JSON.stringify(dashboard, null, 2)}\n`]),
  );
}

function fileName({ uid = "" }: Dashboard): string {
  return `${uid.replace(/^lifeboat-/, "")}.json`;
}
