/** A disk of a container as far as its place among the others goes. */
export interface Placed {
  /** Absolute path in the guest. */
  readonly mount: string;
  /** The number of its mount point (`mpN`), where the settings name it. */
  readonly slot?: number | undefined;
}

/**
 * Disks in the order of their mount points: `disks[0]` becomes `mp0`. A disk that names its slot gets it, and the others
 * fill what is left, by where they are mounted: Proxmox mounts in that order and a disk below another must come after it.
 * The order of the file counts for nothing, because Pulumi hands over the keys of a mapping sorted.
 *
 * @param disks whose slots are right: no two alike, and all below the number of disks.
 */
export function arrangeDisks<Disk extends Placed>(disks: readonly Disk[]): Disk[] {
  const bySlot = new Map(disks.flatMap((disk) => (disk.slot === undefined ? [] : [[disk.slot, disk] as const])));
  const others = disks.filter(({ slot }) => slot === undefined).sort((a, b) => (a.mount < b.mount ? -1 : 1));
  return disks.flatMap((_, slot) => bySlot.get(slot) ?? others.shift() ?? []);
}

/** The first disk that is mounted before the one above it, which would then hide it. */
export function hiddenDisk<Disk extends Placed>(
  arranged: readonly Disk[],
): { readonly disk: Disk; readonly above: Disk } | undefined {
  for (const [index, disk] of arranged.entries()) {
    const above = arranged.slice(index + 1).find(({ mount }) => disk.mount.startsWith(`${mount}/`));
    if (above !== undefined) return { disk, above };
  }
  return undefined;
}
