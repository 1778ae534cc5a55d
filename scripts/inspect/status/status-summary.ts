import type { EnvironmentStatus } from "./environment-status";
import type { GuestStatus } from "./guest-status";

/** The whole site in a few numbers. */
export interface StatusSummary {
  guests: number;
  fine: number;
  /** Left out of backups on purpose. */
  leftOut: number;
  /** `prod/web`: guests with a problem. */
  needYou: string[];
  /** Problems that belong to no guest of the settings, by environment. */
  besides: { environment: string; problems: number }[];
  /** Environments that could not be looked at. */
  unknown: string[];
  /** Batches of operations whose file cannot be read. */
  unreadable: number;
}

export function summarize(
  found: readonly EnvironmentStatus[],
  unknown: readonly string[],
  unreadable: number,
): StatusSummary {
  const guests = found.flatMap(({ guests }) => guests);
  const needYou = found.flatMap(({ name, guests }) => guests.filter(needsYou).map((guest) => `${name}/${guest.name}`));
  const leftOut = guests.filter((guest) => guest.optOut !== undefined && !needsYou(guest)).length;
  return {
    guests: guests.length,
    fine: guests.length - needYou.length - leftOut,
    leftOut,
    needYou,
    besides: found
      .map(({ name, notCovered, problems }) => ({ environment: name, problems: notCovered.length + problems.length }))
      .filter(({ problems }) => problems > 0),
    unknown: [...unknown],
    unreadable,
  };
}

export function needsYou({ problems }: GuestStatus): boolean {
  return problems.length > 0;
}

/** Whether somebody has to do something. */
export function isInOrder({ needYou, besides, unknown, unreadable }: StatusSummary): boolean {
  return needYou.length === 0 && besides.length === 0 && unknown.length === 0 && unreadable === 0;
}
