import { guestId } from "./guest-values";
import { at, checked, type Finding, isMapping, mapping, optional, text } from "./schema-tools";
import { bridgeName, storageId } from "./values/names";

/** Fewer ids than guests that are drilled together are too few; this many are always meant for something else. */
const mostIds = 10_000;

/** `lifeboat:drill` */
export const drillSchema = mapping({
  /** Bridge of the node that leads nowhere: no port, no address of the node. Copies are on it and on no other. */
  bridge: bridgeName,
  /** Ids that only copies of a drill have, both included. No guest of the settings may have one. */
  ids: checked(
    mapping({
      /** The lowest. */
      from: guestId,
      /** The highest. */
      to: guestId,
    }),
    rangeIsRight,
  ),
  /** When the timer of `lifeboat drill --print-timer` holds a drill. Default: `sun 04:00`. */
  at: optional(
    text(
      "a time",
      "a time of systemd such as 04:00, or sun 04:00",
      /^(?:(?:mon|tue|wed|thu|fri|sat|sun)(?:,(?:mon|tue|wed|thu|fri|sat|sun))* )?(?:[01]\d|2[0-3]):[0-5]\d$/u,
    ),
  ),
  /** Storage for the disks of the copies. Default: each on the storage of its original. */
  storage: optional(storageId),
});

function rangeIsRight(raw: unknown): Finding[] {
  const [from, to] = [at(raw, "from"), at(raw, "to")];
  if (typeof from !== "number" || typeof to !== "number") return [];
  const allowed = `ids from the lower to the higher, at most ${String(mostIds)}`;
  if (to < from) return [{ path: ["to"], message: "lower than from", allowed }];
  return to - from < mostIds ? [] : [{ path: ["to"], message: "too many ids", allowed }];
}

/** What a drill destroys again may be nobody's, and what a guest needs has to be a guest. */
export function drillFitsGuests(raw: unknown): Finding[] {
  const guests = at(raw, "guests");
  if (!isMapping(guests)) return [];
  return [...noGuestInRange(at(at(raw, "drill"), "ids"), guests), ...needsAreGuests(guests)];
}

type Guests = Readonly<Record<string, unknown>>;

function noGuestInRange(ids: unknown, guests: Guests): Finding[] {
  const [from, to] = [at(ids, "from"), at(ids, "to")];
  if (typeof from !== "number" || typeof to !== "number") return [];
  return Object.entries(guests).flatMap(([name, guest]) => {
    const key = at(guest, "adopt") === undefined ? "id" : "adopt";
    const id = at(guest, key);
    if (typeof id !== "number" || id < from || id > to) return [];
    const message = "the id is one of those for the copies of a drill";
    return [{ path: ["guests", name, key], message, allowed: `an id outside of ${String(from)} to ${String(to)}` }];
  });
}

function needsAreGuests(guests: Guests): Finding[] {
  return Object.keys(guests).flatMap((name) =>
    needsOf(guests, name).flatMap((needed, index) => {
      const path = ["guests", name, "needs", index];
      if (!Object.hasOwn(guests, needed)) {
        return [{ path, message: `there is no guest ${needed}`, allowed: "a guest of this environment" }];
      }
      if (!reaches(guests, needed, name)) return [];
      const message = needed === name ? "a guest cannot need itself" : `${needed} needs ${name} in turn`;
      return [{ path, message, allowed: "a guest that can come up before this one" }];
    }),
  );
}

function needsOf(guests: Guests, name: string): string[] {
  const needs = at(guests[name], "needs");
  return Array.isArray(needs) ? needs.filter((one): one is string => typeof one === "string") : [];
}

/** Whether one guest needs another, itself or through others. */
function reaches(guests: Guests, from: string, to: string, seen: ReadonlySet<string> = new Set()): boolean {
  if (from === to) return true;
  if (seen.has(from)) return false;
  return needsOf(guests, from).some((next) => reaches(guests, next, to, new Set([...seen, from])));
}
