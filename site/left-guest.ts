import type { AdoptedGuest, Environment, Guest, LeftGuest } from "./settings/environment";

interface KnownOfIt {
  /** What it is called. */
  readonly name: string;
  readonly id: number;
  readonly node: string;
  /** Its host name. Default: its name. */
  readonly hostname?: string;
  /** What its archives say of it; absent where they were not asked. */
  readonly left?: LeftGuest;
  readonly checks?: AdoptedGuest["checks"];
}

/** A guest that the settings do not have any more, in their form: what they said of it nobody knows. */
export function leftGuest({ objectives }: Environment, { hostname, checks = [], ...known }: KnownOfIt): AdoptedGuest {
  return { kind: "adopted", ...known, hostname: hostname ?? known.name, checks, objectives, diskOptOuts: {}, data: [] };
}

/** The settings do not have it any more, and its archives told of it. */
export function hasLeft(guest: Guest): boolean {
  return guest.kind === "adopted" && guest.left !== undefined;
}
