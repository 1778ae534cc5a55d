/** Options of backup runs, as jobs and `POST vzdump` take them (PVE::VZDump::Common). */
import type { ParameterTable } from "../server/parameters";
import { FLAG, NODE, optional, STORAGE_ID, TEXT } from "./tables";

const COUNT = { type: "integer", minimum: 0, optional: true } as const;

export const VZDUMP_OPTIONS: ParameterTable = {
  all: FLAG,
  bwlimit: COUNT,
  compress: { type: "string", enum: ["0", "1", "gzip", "lzo", "zstd"], optional: true },
  dumpdir: TEXT,
  exclude: { type: "string", format: "pve-vmid-list", optional: true },
  "exclude-path": { type: "array", items: { type: "string" }, optional: true },
  fleecing: { type: "string", format: "backup-fleecing", optional: true },
  ionice: { type: "integer", minimum: 0, maximum: 8, optional: true },
  lockwait: COUNT,
  mailnotification: { type: "string", enum: ["always", "failure"], optional: true },
  mailto: { type: "string", format: "email-or-username-list", optional: true },
  mode: { type: "string", enum: ["snapshot", "suspend", "stop"], optional: true },
  node: optional(NODE),
  "notes-template": { type: "string", maxLength: 1024, requires: "storage", optional: true },
  "notification-mode": {
    type: "string",
    enum: ["auto", "legacy-sendmail", "notification-system"],
    optional: true,
  },
  "pbs-change-detection-mode": { type: "string", enum: ["legacy", "data", "metadata"], optional: true },
  performance: { type: "string", format: "backup-performance", optional: true },
  pigz: { type: "integer", optional: true },
  pool: TEXT,
  protected: { type: "boolean", requires: "storage", optional: true },
  "prune-backups": { type: "string", format: "prune-backups", optional: true },
  quiet: FLAG,
  remove: FLAG,
  script: TEXT,
  stdexcludes: FLAG,
  stop: FLAG,
  stopwait: COUNT,
  storage: optional(STORAGE_ID),
  tmpdir: TEXT,
  vmid: { type: "string", format: "pve-vmid-list", optional: true },
  zstd: { type: "integer", optional: true },
};

const JOB_OPTIONS: ParameterTable = {
  ...VZDUMP_OPTIONS,
  comment: { type: "string", maxLength: 512, optional: true },
  dow: { type: "string", format: "pve-day-of-week-list", requires: "starttime", optional: true },
  enabled: FLAG,
  "repeat-missed": FLAG,
  schedule: { type: "string", format: "pve-calendar-event", maxLength: 128, optional: true },
  starttime: { type: "string", pattern: "\\d{1,2}:\\d{1,2}", optional: true },
};

export const JOB_ID = { type: "string", pattern: "\\S+", maxLength: 50 } as const;

export const JOB_CREATE: ParameterTable = {
  ...JOB_OPTIONS,
  id: { type: "string", format: "pve-configid", optional: true },
};

export const JOB_UPDATE: ParameterTable = {
  ...JOB_OPTIONS,
  id: JOB_ID,
  delete: { type: "string", format: "pve-configid-list", optional: true },
};
