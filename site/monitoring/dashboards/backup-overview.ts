import { dashboard, environmentsVariable } from "./dashboard";
import type { Dashboard } from "./foundation-sdk";
import { dumps, dumpSizes, silentGuests } from "./overview/data";
import { guests, optOuts, proofs } from "./overview/guests";
import * as headline from "./overview/headline";
import { lookErrors, privileges, uncovered, unfinished } from "./overview/problems";
import { durations, runs, sizes, storageFill, storages, trouble } from "./overview/runs";

/** Whether every guest of the site could be restored, and which one could not. */
export function backupOverview(): Dashboard {
  return dashboard({
    uid: "lifeboat-backup-overview",
    title: "Backup overview",
    description: "Whether every guest can be restored: newest backups, storages, proofs, and what nobody backs up.",
    variables: [environmentsVariable()],
    rows: [
      { panels: [headline.unanswered(), headline.lastLook(), headline.rpoMissed(), headline.failedGuests()] },
      {
        panels: [
          headline.notCovered(),
          headline.proofsMissing(),
          headline.unfinishedCount(),
          headline.fullestStorage(),
        ],
      },
      { title: "Guests", panels: [guests()] },
      { title: "Data in guests", panels: [dumps(), dumpSizes(), silentGuests()] },
      { title: "Runs and sizes", panels: [runs(), trouble(), sizes(), durations()] },
      { title: "Storages", panels: [storages(), storageFill()] },
      { title: "Proofs", panels: [proofs(), optOuts()] },
      { title: "What needs somebody", panels: [uncovered(), unfinished(), privileges(), lookErrors()] },
    ],
  });
}
