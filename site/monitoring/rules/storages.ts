import { series } from "./promql";
import { alert, type Rules, value } from "./rule";

/** Whether the storages for backups can be used, and have room for the next run. */
export const storageRules: Rules = ({ hold, storageShare }) => [
  alert("BackupStorageInactive", {
    severity: "warning",
    when: series("lifeboat_storage_active").is(0),
    hold: hold.long,
    summary: (the) =>
      `Storage ${the("storage")} for the backups of ${the("environment")} is not active on ${the("node")}`,
    description: () =>
      "Backups on it can be neither made nor restored: it is not mounted, or its server does not answer.",
  }),
  alert("BackupStorageAlmostFull", {
    severity: "warning",
    when: series("lifeboat_storage_used_bytes").dividedBy(series("lifeboat_storage_size_bytes")).above(storageShare),
    hold: hold.run,
    summary: (the) =>
      `Storage ${the("storage")} for the backups of ${the("environment")} on ${the("node")} is almost full`,
    description: () => `${value.share} of it are used: the next run may not fit.`,
  }),
];
