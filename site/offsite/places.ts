/**
 * Where copies lie in the bucket elsewhere. What has its own time to live has its own folder, because the bucket's rules can tell
 * objects apart by the beginning of their names only.
 */

/**
 * Folders whose objects are removed some time after they were written: dumps, as guests write them
 * (`dumps/<environment>/<guest>/YYYY-MM-DD/<kind>/<source>-HHMMSSZ/`), and archives of guests.
 */
export const expiringFolders = ["dumps", "archives"] as const;

/** Folder of one guest's dumps, without a slash at its end. */
export function dumpsOfGuest(environment: string, guest: string): string {
  return `dumps/${environment}/${guest}`;
}
