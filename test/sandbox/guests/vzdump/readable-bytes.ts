const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** As Proxmox prints amounts: `1.02 GiB` (PVE::Format::render_bytes). @param digits after the point */
export function readableBytes(bytes: number, digits: number): string {
  let amount = bytes;
  let unit = 0;
  while (amount >= 1024 && unit < UNITS.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${amount.toFixed(digits)} ${UNITS[unit] ?? ""}`;
}
