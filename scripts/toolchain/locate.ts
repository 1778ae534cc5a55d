import type { Cache, CachedOrigin, Copy } from "./cache";
import type { Part } from "./parts/part";
import type { Mode, ToolchainSettings } from "./settings";
import { findInstalled } from "./ways/already-installed";

const cachedOrigins: Record<Mode, readonly CachedOrigin[]> = {
  auto: ["official", "built from upstream", "stand-in"],
  official: ["official"],
  build: ["built from upstream", "stand-in"],
};

/**
 * The best copy of a part that is on this machine now. `build` takes nothing that others made, so that what it gives is
 * the same everywhere.
 */
export async function locate(
  part: Part,
  parts: readonly Part[],
  settings: ToolchainSettings,
  cache: Cache,
): Promise<Copy | undefined> {
  const installed = settings.mode === "build" ? undefined : await findInstalled(part, parts, settings, cache);
  return installed ?? findCached(part, settings.mode, cache);
}

function findCached(part: Part, mode: Mode, cache: Cache): Copy | undefined {
  for (const origin of cachedOrigins[mode]) {
    const copy = cache.find(part, origin);
    if (copy) {
      return copy;
    }
  }
  return undefined;
}
