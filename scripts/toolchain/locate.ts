import type { Cache, CachedOrigin, Copy } from "./cache";
import type { Part } from "./parts/part";
import type { Mode, ToolchainSettings } from "./settings";
import { Trials } from "./trials";
import { findInstalled } from "./ways/already-installed";

const cachedOrigins: Record<Mode, readonly CachedOrigin[]> = {
  auto: ["official", "built from upstream", "stand-in"],
  official: ["official"],
  build: ["built from upstream", "stand-in"],
};

/**
 * The best copy of a part that is on this machine now, and has not failed its trial. `build` takes nothing that others made,
 * so that what it gives is the same everywhere.
 */
export async function locate(
  part: Part,
  parts: readonly Part[],
  settings: ToolchainSettings,
  cache: Cache,
): Promise<Copy | undefined> {
  const trials = new Trials(cache.folder);
  const installed = settings.mode === "build" ? undefined : await findInstalled(part, parts, settings, cache);
  const cached = cachedOrigins[settings.mode].map((origin) => cache.find(part, origin));
  return [installed, ...cached].find((copy) => copy !== undefined && !hasFailed(trials.verdict(copy)));
}

function hasFailed(verdict: ReturnType<Trials["verdict"]>): boolean {
  return verdict !== undefined && verdict !== "passed";
}
