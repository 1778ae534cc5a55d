/** Parameters of backup jobs (PVE::API2::Backup). */
import { VZDUMP_OPTIONS } from "../guests/vzdump/options";
import type { ParameterTable } from "../protocol/parameters";
import { FLAG } from "./tables";

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
