import type { ConfigurationKeys } from "../../proxmox/rules/guest-configuration";
import type { ContainerGuest, Disk } from "../settings/environment";
import { arrangeDisks, hiddenDisk } from "../settings/slots";
import { compareDisks, slotOf } from "./compare-disks";

/** A line for the settings: `slot: 2` in the block of a disk. */
export interface SlotLine {
  readonly disk: string;
  readonly slot: number;
}

/**
 * The lines with which every disk that is there keeps its number, and new ones come behind. As few as do: where it is
 * enough, only the new disks get one.
 *
 * @returns undefined where no lines can do it: the numbers that are there have gaps, or a new disk would hide an old one.
 */
export function slotLines(guest: ContainerGuest, configuration: ConfigurationKeys): SlotLine[] | undefined {
  const differences = compareDisks(guest, configuration);
  const missing = new Set(differences.flatMap((one) => (one.kind === "missing" ? [one.disk] : [])));
  const keys = new Map(
    differences.flatMap((one) => (one.kind === "slot" ? [[one.disk, slotOf(one.key)] as const] : [])),
  );
  const kept = guest.disks.flatMap((disk, slot) => (missing.has(disk) ? [] : [{ disk, slot: keys.get(disk) ?? slot }]));
  const wanted = placeBehind(guest.disks, kept);
  if (wanted === undefined || hiddenDisk(wanted) !== undefined) return undefined;
  const few = guest.disks.map((disk) => (missing.has(disk) ? { ...disk, slot: wanted.indexOf(disk) } : disk));
  const enough = arrangeDisks(few).every(({ name }, slot) => wanted[slot]?.name === name);
  const lined = enough ? wanted.filter((disk) => missing.has(disk)) : wanted;
  return lined.map((disk) => ({ disk: disk.name, slot: wanted.indexOf(disk) }));
}

/** Disks in the order of their numbers, new ones in what is left; undefined where that leaves a gap. */
function placeBehind(
  disks: readonly Disk[],
  kept: readonly { readonly disk: Disk; readonly slot: number }[],
): Disk[] | undefined {
  const bySlot = new Map(kept.map(({ disk, slot }) => [slot, disk]));
  if (bySlot.size < kept.length || kept.some(({ slot }) => slot >= disks.length)) return undefined;
  const others = disks.filter((disk) => !kept.some((one) => one.disk === disk));
  return disks.flatMap((_, slot) => bySlot.get(slot) ?? others.shift() ?? []);
}
