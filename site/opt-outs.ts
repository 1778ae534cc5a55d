import { formatMoment } from "./restore/moments";
import type { CalendarDay, Guest, OptOut } from "./settings/environment";

/** The day that a node's wall clock shows. */
export function dayOf(moment: number, timeZone: string): CalendarDay {
  return formatMoment(moment, timeZone).slice(0, "2026-11-20".length);
}

/** Whether the last day of something is past. */
export function isOver({ until }: { readonly until: CalendarDay }, today: CalendarDay): boolean {
  return today > until;
}

/** An opt-out of a disk, by the disk's name in the settings. */
export interface DiskOptOut {
  readonly disk: string;
  readonly optOut: OptOut;
}

/** Every disk of a guest that is left out on purpose. */
export function diskOptOuts(guest: Guest): DiskOptOut[] {
  if (guest.kind === "adopted") {
    return Object.entries(guest.diskOptOuts).map(([disk, optOut]) => ({ disk, optOut }));
  }
  if (guest.kind === "virtual-machine") {
    return guest.disks.flatMap(({ key, optOut }) => (optOut === undefined ? [] : [{ disk: key, optOut }]));
  }
  return guest.disks.flatMap((disk) =>
    disk.kind === "volume" && disk.optOut !== undefined ? [{ disk: disk.name, optOut: disk.optOut }] : [],
  );
}
