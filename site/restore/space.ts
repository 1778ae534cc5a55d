/** A volume that a restore makes. */
export interface NewVolume {
  readonly storage: string;
  /** Bytes; 0 is a folder without a limit. */
  readonly size: number;
}

/** A storage as the node of a restore sees it. */
export interface StorageRoom {
  readonly id: string;
  readonly type: string;
  /** All nodes see the same one. */
  readonly shared: boolean;
  /** Free bytes; undefined while that is not known. */
  readonly available: number | undefined;
}

/** How much an archive holds. */
export interface ArchiveSize {
  /** 0 where it is not known. */
  readonly bytes: number;
  /** So many bytes hold the content packed; a backup server tells instead how large all volumes were, also where empty. */
  readonly isPacked: boolean;
}

/** What one guest's restore asks of the storages. */
export interface GuestSpace {
  readonly guest: string;
  readonly node: string;
  readonly archive: ArchiveSize;
  readonly volumes: readonly NewVolume[];
  readonly storages: readonly StorageRoom[];
  /** The volumes of the guest that is there are deleted once the new ones are made. */
  readonly overwrites: boolean;
}

/** What is needed on one storage, for all guests together. */
export interface SpaceNeed {
  readonly storage: string;
  /** Absent for a storage that all nodes share. */
  readonly node?: string;
  readonly guests: readonly string[];
  readonly available: number | undefined;
  /** Less than this it cannot be, in bytes. */
  readonly atLeast: number;
  /** The sizes of the volumes: what they may take as they fill up. */
  readonly sizes: number;
  /** Both are the same, because the storage sets the whole size aside at once. */
  readonly isExact: boolean;
}

/** Storages that take the whole size of a volume at once; elsewhere volumes grow with their content. */
const thickTypes: ReadonlySet<string> = new Set(["lvm", "iscsi", "iscsidirect"]);

interface Share {
  readonly guest: string;
  readonly overwrites: boolean;
  readonly atLeast: number;
  readonly sizes: number;
}

/**
 * Room that restores need beside what is there (D9): a container's old and new volumes exist at the same time. Of guests
 * that are overwritten only so many count as are restored at once, because each gives its old volumes back.
 *
 * What thin volumes will take is in no answer of Proxmox. At least it is what a packed archive has beyond the volumes on
 * other storages; of what a backup server holds nobody knows a least.
 *
 * @param parallel how many guests are restored at the same time.
 */
export function spaceNeeds(guests: readonly GuestSpace[], parallel: number): SpaceNeed[] {
  const places = new Map<string, { storage: StorageRoom; node: string; shares: Share[] }>();
  for (const guest of guests) {
    for (const id of new Set(guest.volumes.map(({ storage }) => storage))) {
      const storage = guest.storages.find((known) => known.id === id);
      if (storage === undefined) continue;
      const key = storage.shared ? id : `${guest.node}/${id}`;
      const place = places.get(key) ?? { storage, node: guest.node, shares: [] };
      places.set(key, { ...place, shares: [...place.shares, shareOf(guest, storage)] });
    }
  }
  return [...places.values()].map(({ storage, node, shares }) => ({
    storage: storage.id,
    ...(storage.shared ? {} : { node }),
    guests: shares.map(({ guest }) => guest),
    available: storage.available,
    atLeast: together(shares, parallel, ({ atLeast }) => atLeast),
    sizes: together(shares, parallel, ({ sizes }) => sizes),
    isExact: thickTypes.has(storage.type),
  }));
}

/** A restore cannot succeed: there is certainly less room than it needs. */
export function isTooSmall({ available, atLeast }: SpaceNeed): boolean {
  return available !== undefined && available < atLeast;
}

/** A restore may succeed now, and the storage may be full when the volumes have filled up. */
export function mayFillUp(need: SpaceNeed): boolean {
  return !isTooSmall(need) && need.available !== undefined && need.available < need.sizes;
}

function shareOf({ guest, archive, volumes, overwrites }: GuestSpace, { id, type }: StorageRoom): Share {
  const here = total(volumes.filter(({ storage }) => storage === id));
  const elsewhere = total(volumes.filter(({ storage }) => storage !== id));
  const least = archive.isPacked ? Math.max(0, Math.min(archive.bytes - elsewhere, here)) : 0;
  const sizes = Number.isFinite(here) ? here : archive.bytes;
  return { guest, overwrites, atLeast: thickTypes.has(type) ? sizes : least, sizes };
}

function total(volumes: readonly NewVolume[]): number {
  return volumes.reduce((sum, { size }) => sum + (size === 0 ? Infinity : size), 0);
}

function together(shares: readonly Share[], parallel: number, bytes: (share: Share) => number): number {
  const stay = shares.filter(({ overwrites }) => !overwrites).map(bytes);
  const pass = shares.filter(({ overwrites }) => overwrites).map(bytes);
  const largest = pass.sort((a, b) => b - a).slice(0, parallel);
  return [...stay, ...largest].reduce((sum, size) => sum + size, 0);
}
