import type { Guest } from "../../../site/settings/environment";
import { readProofs } from "./history";

/** Guests by how long ago the last drill has tried them, as this machine knows; those that none has tried come first. */
export function longestUnproven(guests: readonly Guest[], folder: string): Guest[] {
  const last = new Map(readProofs(folder).map(({ vmid, at }) => [vmid, at]));
  return guests.toSorted((a, b) => {
    const [left, right] = [last.get(a.id) ?? "", last.get(b.id) ?? ""];
    return left === right ? a.id - b.id : left < right ? -1 : 1;
  });
}
