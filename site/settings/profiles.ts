import type { Retention } from "../../proxmox/rules/retention";
import type { Profile } from "./environment";

/** What a profile decides where the settings are silent (A4). */
export interface ProfileDefaults {
  readonly schedule: string;
  readonly keep: Retention;
}

export const profileDefaults: Readonly<Record<Profile, ProfileDefaults>> = {
  prod: { schedule: "01:00", keep: { keepDaily: 7, keepWeekly: 4 } },
  lab: { schedule: "sun 03:00", keep: { keepLast: 3 } },
  monitoring: { schedule: "02:00", keep: { keepDaily: 7 } },
};
