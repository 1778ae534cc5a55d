/** An archive as far as its protection counts. */
export interface ProtectableArchive {
  readonly storage: string;
  readonly protected: boolean;
}

/** A storage that would refuse a protection. */
export interface ProtectionExcess {
  readonly storage: string;
  readonly limit: number;
  /** Protected archives of the guest on it now. */
  readonly present: number;
  /** Further ones that a restore wants. */
  readonly wanted: number;
}

/**
 * How many archives of one guest a storage lets a caller protect without `Datastore.Allocate`, unless the storage says
 * otherwise, which only who has that right can read (PVE::Storage, `get_max_protected_backups`).
 */
export const defaultProtectionLimit = 5;

/**
 * Storages that would refuse what a restore protects: the chosen archive where it is not protected yet, and the save
 * point.
 *
 * @param archives of the guest, as the node of the restore reaches them.
 * @param wanted the storage of each archive that will be protected.
 * @param limits by storage; without an entry there is none.
 */
export function protectionExcess(
  archives: readonly ProtectableArchive[],
  wanted: readonly string[],
  limits: ReadonlyMap<string, number>,
): ProtectionExcess[] {
  return [...new Set(wanted)].flatMap((storage) => {
    const limit = limits.get(storage);
    const present = archives.filter((archive) => archive.storage === storage && archive.protected).length;
    const further = wanted.filter((one) => one === storage).length;
    return limit === undefined || present + further <= limit ? [] : [{ storage, limit, present, wanted: further }];
  });
}
