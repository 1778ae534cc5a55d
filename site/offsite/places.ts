import type { OffsiteSettings } from "../settings/offsite";

/**
 * Where copies lie in the bucket elsewhere. What has its own time to live has its own folder, because the bucket's rules can tell
 * objects apart by the beginning of their names only.
 */

/**
 * Folder whose objects are removed some time after they were written: dumps, as guests write them, each under a name with its date
 * (`dumps/<environment>/<guest>/YYYY-MM-DD/<kind>/<source>-HHMMSSZ/`).
 */
export const dumpsFolder = "dumps";

/** Folder whose objects are removed in the same way: archives of chosen guests, as nodes write them, each in a folder of its own name. */
export const archivesFolder = "archives";

/** Folder of an environment's archives, without a slash at its end; below it one for each guest. */
export function archivesOfEnvironment(environment: string): string {
  return `${archivesFolder}/${environment}`;
}

/** Folder of one guest's dumps, without a slash at its end. */
export function dumpsOfGuest(environment: string, guest: string): string {
  return `${dumpsFolder}/${environment}/${guest}`;
}

/**
 * Folder whose objects are removed in the same way: buckets of the site, as they were at each run. What a list names was written at
 * most 30 days before it.
 */
export const mirrorsFolder = "buckets";

/** Folder of one mirrored bucket, without a slash at its end: `lists/<time>/` and `objects/<series>/` below it. */
export function mirrorOf(environment: string, name: string): string {
  return `${mirrorsFolder}/${environment}/${name}`;
}

/** The bucket elsewhere, for messages. */
export function offsitePlace({ bucket, endpoint }: Pick<OffsiteSettings, "bucket" | "endpoint">): string {
  return `s3://${bucket} at ${endpoint}`;
}
