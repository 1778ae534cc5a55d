import type { Bytes } from "../environment";

const units: Readonly<Record<string, number>> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

export const gibibyte = 2 ** 30;
export const mebibyte = 2 ** 20;

/** What a size looks like, for messages. */
export const sizeFormat = "a whole number with KiB, MiB, GiB or TiB, such as 8GiB";

/**
 * Bytes of `8GiB`. Only binary units, always named: Proxmox reads `8G` and `8GB` as 8 GiB, people do not.
 *
 * @returns undefined for anything else, also above 2⁵³.
 */
export function parseSize(raw: unknown): Bytes | undefined {
  if (typeof raw !== "string") return undefined;
  const [, digits, unit] = /^(0|[1-9]\d{0,8}) ?([KMGT]iB)$/.exec(raw) ?? [];
  const factor = unit === undefined ? undefined : units[unit];
  if (digits === undefined || factor === undefined) return undefined;
  const bytes = Number(digits) * factor;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Bytes as people write them in the settings: the largest unit that leaves a whole number. */
export function formatSize(bytes: Bytes): string {
  const unit = ["TiB", "GiB", "MiB", "KiB"].find((name) => bytes % (units[name] ?? 1) === 0 && bytes > 0);
  return unit === undefined ? `${bytes} bytes` : `${bytes / (units[unit] ?? 1)}${unit}`;
}

/**
 * Whether a guest's volume can have this size.
 *
 * Proxmox makes volumes of whole GiB through this API. Above 1 TiB the provider rounds a size up to hundredths of a TiB
 * when it writes a mount point again (bpg/terraform-provider-proxmox 0.112, `FormatDiskSize`): 1100GiB would come back
 * as 1.08T, which the next refresh takes for another disk. Whole TiB are exact.
 */
export function isVolumeSize(bytes: Bytes): boolean {
  const step = bytes > 1024 * gibibyte ? 1024 * gibibyte : gibibyte;
  return bytes > 0 && bytes % step === 0;
}

/** A size that {@link isVolumeSize} allows. */
export function parseVolumeSize(raw: unknown): Bytes | undefined {
  const bytes = parseSize(raw);
  return bytes !== undefined && isVolumeSize(bytes) ? bytes : undefined;
}

/** A size of whole MiB, not 0: memory. */
export function parseMemorySize(raw: unknown): Bytes | undefined {
  const bytes = parseSize(raw);
  return bytes === undefined || bytes === 0 || bytes % mebibyte !== 0 ? undefined : bytes;
}

/** A size of whole MiB, or none: swap. */
export function parseSwapSize(raw: unknown): Bytes | undefined {
  return raw === 0 || raw === "0" ? 0 : parseMemorySize(raw);
}
