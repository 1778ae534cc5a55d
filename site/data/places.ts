/** Where things of data sources lie in a guest: one list for what installs, runs, restores and reads them. */

/** The program in the guest: `lifeboat-data VERB SOURCE …`. */
export const dataProgram = "/usr/local/lib/lifeboat/data/lifeboat-data";

/** Folders with one entry for each source. */
const settingsFolder = "/etc/lifeboat/data";
const stateFolder = "/var/lib/lifeboat/data";

/** What belongs to one source. */
export interface SourcePlaces {
  /** Settings, recipients and secrets, for root alone. */
  readonly settings: string;
  /** Status and lock. */
  readonly state: string;
  /** One line for each run at its end: SUCCESS or ERROR. */
  readonly log: string;
  /** systemd's, without `.service` and `.timer`. */
  readonly unit: string;
}

/** @param source its name in the settings, which the schema has checked */
export function placesOf(source: string): SourcePlaces {
  return {
    settings: `${settingsFolder}/${source}`,
    state: `${stateFolder}/${source}`,
    log: `/var/log/lifeboat/data-${source}.log`,
    unit: `lifeboat-data-${source}`,
  };
}
