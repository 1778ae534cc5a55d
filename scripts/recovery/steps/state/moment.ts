/** `2026-11-20 12:00 UTC`. A copy and a store may be anywhere: there is no node whose time zone would be meant. */
export function momentOf(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
