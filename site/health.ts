/** Rules about what is there already: is a backup as large as it should be, has a storage room left. Pure. */

/** A storage that is fuller than this needs somebody (C3): the next run may not fit. */
export const storageLimit = 0.8;

/** Share of the backup before it, below which a backup is suspiciously small (D2). */
export const shrunkLimit = 0.5;

/**
 * Whether a backup is suspiciously small: less than half of the one before it (D2). What was in the other half is
 * perhaps gone, and retention will soon have removed the last backup that holds it.
 *
 * @param size bytes.
 * @param before bytes of the backup before it; undefined when it is the first.
 */
export function isShrunk(size: number, before: number | undefined): boolean {
  return before !== undefined && size < before * shrunkLimit;
}

/** Bytes that are used and that there are; undefined while the storage is not active. */
export interface StorageUsage {
  readonly used?: number | undefined;
  readonly total?: number | undefined;
}

/** Share of a storage that is in use, 0 to 1; undefined where that is not known. */
export function usedShare({ used, total }: StorageUsage): number | undefined {
  return used === undefined || total === undefined || total <= 0 ? undefined : used / total;
}
