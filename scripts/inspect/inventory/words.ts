import { formatMoment } from "../../../site/restore/moments";
import { formatBytes } from "../../terminal/durations";
import type { InventoryEnvironment } from "./inventory";

/** Nobody could look: neither none nor zero. */
export const unknownWord = "unknown";

/** Said of a state in a backend that only Pulumi reads: nobody tried to look. */
export const onlyPulumi = "it lies where only Pulumi reads it";

/** By the clock of the environment's nodes; without their answer in UTC, and it says so. */
export function momentOf(seconds: number, { timeZone }: Pick<InventoryEnvironment, "timeZone">): string {
  const text = formatMoment(seconds, timeZone ?? "UTC").slice(0, "2026-11-20 03:00".length);
  return timeZone === null ? `${text} UTC` : text;
}

export function bytesOf(bytes: number | null): string {
  return bytes === null ? unknownWord : formatBytes(bytes);
}
