import type { Section } from "./configuration";

/** `unused0`, `unused1`, …: volumes of a guest that nothing of it uses. */
export const UNUSED_KEYS: readonly string[] = Array.from({ length: 256 }, (_, number) => `unused${number}`);

/** Notes a volume as unused, unless it is noted already (PVE::AbstractConfig::add_unused_volume). @returns its key */
export function addUnused({ keys }: Section, volume: string): string | undefined {
  const known = UNUSED_KEYS.find((key) => keys.get(key) === volume);
  if (known !== undefined) return known;
  const free = UNUSED_KEYS.find((key) => !keys.has(key));
  if (free !== undefined) keys.set(free, volume);
  return free;
}

/** Takes `unusedN` of volumes that are in use out (PVE::LXC::Config::write_pct_config, PVE::QemuServer::write_vm_config). */
export function dropUsedFromUnused({ keys }: Section, inUse: readonly string[]): void {
  for (const key of UNUSED_KEYS) if (inUse.includes(keys.get(key) ?? "")) keys.delete(key);
}
