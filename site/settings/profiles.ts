import type { Retention } from "../../proxmox/rules/retention";
import type { Profile, Seconds } from "./environment";

/** What a profile decides where the settings are silent (A4). */
export interface ProfileDefaults {
  readonly schedule: string;
  readonly keep: Retention;
  /** A8: a daily schedule with the hour that autumn adds and an hour for the run; a weekly one likewise. */
  readonly rpo: Seconds;
}

const hour = 3600;

export const profileDefaults: Readonly<Record<Profile, ProfileDefaults>> = {
  prod: { schedule: "01:00", keep: { keepDaily: 7, keepWeekly: 4 }, rpo: 26 * hour },
  lab: { schedule: "sun 03:00", keep: { keepLast: 3 }, rpo: (7 * 24 + 2) * hour },
  monitoring: { schedule: "02:00", keep: { keepDaily: 7 }, rpo: 26 * hour },
};
