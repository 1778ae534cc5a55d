import { parseSize } from "../../../proxmox/rules/property-strings";
import { death } from "../protocol/failure";

/** Bytes that a request to resize asks for: `8G`, or `+1G` to what there is. */
export function wantedSize(text: string, current: number): number {
  const size = parseSize(text.replace(/^\+/, ""));
  if (size === undefined) throw death("invalid size string");
  return Math.floor(text.startsWith("+") ? current + size : size);
}
