import { list, optional, wholeNumber } from "./schema-tools";
import { guestName } from "./values/names";
import { parseMemorySize } from "./values/sizes";

/** Proxmox's `pve-vmid`. */
export const guestId = wholeNumber("a guest's id", 100, 999_999_999);

/** Names of guests. */
export const needs = optional(list("guests", guestName, 1));

/** Memory: Proxmox gives no guest less. */
export function atLeast16MiB(raw: unknown): number | undefined {
  const bytes = parseMemorySize(raw);
  return bytes === undefined || bytes < 16 * 2 ** 20 ? undefined : bytes;
}
