import { keepsEverything, type Retention } from "../../../../proxmox/rules/retention";
import type { StorageEntry } from "../../model/state";

export type BackupMode = "snapshot" | "suspend" | "stop";

/** A run's options with Proxmox's defaults filled in. */
export interface RunOptions {
  mode: BackupMode;
  compress: string;
  zstdThreads: number;
  /** KiB/s; 0 for no limit. */
  bandwidth: number;
  ionice: number;
  /** Minutes to wait for another run. */
  lockWait: number;
  /** Minutes that a guest has to end. */
  stopWait: number;
  remove: boolean;
  retention: Retention;
  /** As the log prints it. */
  retentionText: string;
  exclude: string[];
  notesTemplate: string | undefined;
  protected: boolean;
  /** Undefined for a run into a folder. */
  storage: StorageEntry | undefined;
  /** Folder on the node; that of temporary files where a backup server takes the archives. */
  folder: string;
}

/** How many backups of a guest a storage may hold when a run may not remove any; 0 for no limit. */
export function backupLimit(retention: Retention): number {
  if (keepsEverything(retention)) return 0;
  const { keepLast = 0, keepHourly = 0, keepDaily = 0, keepWeekly = 0, keepMonthly = 0, keepYearly = 0 } = retention;
  return keepLast + keepHourly + keepDaily + keepWeekly + keepMonthly + keepYearly;
}
