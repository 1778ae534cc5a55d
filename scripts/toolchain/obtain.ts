import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import type { Cache, CachedOrigin, Copy } from "./cache";
import { locate } from "./locate";
import { withLock } from "./lock";
import type { Part, Platform } from "./parts/part";
import { endNotedProcesses } from "./processes";
import { formatSeconds, type StepLine } from "./progress";
import type { Mode, ToolchainSettings } from "./settings";
import type { Sums } from "./sums";
import { requireSafe } from "./safe-path";
import { isPublished, publish, type ToolchainPlace } from "./toolchain-folder";
import { Trials } from "./trials";
import { buildGrafana } from "./ways/grafana";
import { OfficialDownloads } from "./ways/official";
import { bundleStandIn } from "./ways/stand-in";
import { buildFromUpstream } from "./ways/upstream";
import { WayClosed, type Finished, type Workshop } from "./ways/way";

export interface Errand {
  /** All parts of the toolchain or none, and any artifacts. */
  readonly parts: readonly Part[];
  readonly settings: ToolchainSettings;
  readonly sums: Sums;
  readonly cache: Cache;
  readonly platform: Platform;
  readonly progress: StepLine;
  readonly environment: NodeJS.ProcessEnv;
}

/** A part that cannot be had. Each line of the message is one part with the reason of every way that was tried. */
export class ObtainError extends Error {}

interface Way {
  readonly origin: CachedOrigin;
  /** Whether the part can be had in this way at all. */
  leadsTo(part: Part): boolean;
  go(part: Part): Promise<Finished>;
}

const waysOfMode: Record<Mode, readonly CachedOrigin[]> = {
  auto: ["official", "built from upstream", "stand-in"],
  official: ["official"],
  build: ["built from upstream", "stand-in"],
};

/**
 * Sees to it that every part is on this machine, each by the first way that works, and that the toolchain's folder leads
 * to them; it does not lead to artifacts. Does nothing where all is there. Two runs at once wait for one another.
 *
 * @throws ObtainError naming all parts that cannot be had; the others are kept for the next run. UnsafePath
 */
export async function obtainToolchain(errand: Errand): Promise<readonly Copy[]> {
  const present = await Promise.all(errand.parts.map((part) => locateForGood(part, errand)));
  const copies = present.filter((copy) => copy !== undefined);
  if (copies.length === errand.parts.length && leadsTo(copies, errand)) {
    return copies;
  }
  const { cache, progress } = errand;
  mkdirSync(cache.folder, { recursive: true, mode: 0o700 });
  requireSafe(cache.workRoot);
  const waiting = (holder: number) => progress.begin(`Waiting for another run (process ${holder})`);
  return withLock(path.join(cache.folder, "lock"), waiting, async () => {
    removeLeftovers(cache);
    const workFolder = cache.workFolder("run");
    try {
      const obtained = await obtainMissing(errand, { ...errand, workFolder });
      lead(obtained, errand);
      return obtained;
    } finally {
      rmSync(workFolder, { recursive: true, force: true });
    }
  });
}

/** Whether the toolchain's folder leads to these copies, as far as they are of the toolchain. */
function leadsTo(copies: readonly Copy[], errand: Errand): boolean {
  const tools = copies.filter(isOfToolchain);
  return tools.length === 0 || isPublished(placeOf(errand), tools);
}

function lead(copies: readonly Copy[], errand: Errand): void {
  const tools = copies.filter(isOfToolchain);
  if (tools.length > 0) {
    publish(placeOf(errand), tools);
  }
}

function isOfToolchain({ part }: { part: Part }): boolean {
  return part.kind !== "artifact";
}

function placeOf(errand: Errand): ToolchainPlace {
  return { ...errand, parts: errand.parts.filter((part) => isOfToolchain({ part })) };
}

async function obtainMissing(errand: Errand, workshop: Workshop): Promise<readonly Copy[]> {
  const ways = openWays(workshop);
  const copies: Copy[] = [];
  const failures: string[] = [];
  for (const part of errand.parts) {
    const copy =
      (await takeWhatIsHere(part, errand, workshop)) ?? (await obtain(part, ways, errand, workshop, failures));
    if (copy) {
      copies.push(copy);
    }
  }
  if (failures.length > 0) {
    throw new ObtainError(failures.join("\n"));
  }
  return copies;
}

function openWays(workshop: Workshop): readonly Way[] {
  const downloads = new OfficialDownloads(workshop);
  const all: Way[] = [
    { origin: "official", leadsTo: (part) => part.official !== undefined, go: (part) => downloads.fetch(part) },
    {
      origin: "built from upstream",
      leadsTo: (part) => part.upstream !== undefined || part.tree !== undefined,
      go: (part) => (part.tree ? buildGrafana(part, part.tree, workshop) : buildFromUpstream(part, workshop)),
    },
    { origin: "stand-in", leadsTo: (part) => part.standIn !== undefined, go: (part) => bundleStandIn(part, workshop) },
  ];
  return all.filter((way) => waysOfMode[workshop.settings.mode].includes(way.origin));
}

/** The best copy on this machine that passes its trial. One that fails is said, and the next best is looked at. */
async function takeWhatIsHere(part: Part, errand: Errand, workshop: Workshop): Promise<Copy | undefined> {
  for (let failed: Copy | undefined; ;) {
    const copy = await locateUntried(part, errand);
    if (copy === undefined || copy.program === failed?.program) {
      return undefined;
    }
    try {
      await new Trials(errand.cache.folder).pass(copy, workshop);
      return copy;
    } catch (error) {
      if (!(error instanceof WayClosed)) {
        throw error;
      }
      failed = copy;
      errand.progress.say(`${part.name} ${part.version}: not ${copy.origin}: ${error.message}`);
    }
  }
}

async function obtain(
  part: Part,
  ways: readonly Way[],
  errand: Errand,
  workshop: Workshop,
  failures: string[],
): Promise<Copy | undefined> {
  const { cache, progress } = errand;
  const reasons: string[] = [];
  let couldBeHad = false;
  for (const way of ways.filter((way) => way.leadsTo(part))) {
    if (way.origin === "stand-in" && couldBeHad) {
      reasons.push("stand-in: it is for networks where the official part cannot be had");
      break;
    }
    const begun = performance.now();
    try {
      const copy = cache.find(part, way.origin) ?? (await make(part, way, cache));
      // It is kept whatever comes of its trial: nobody downloads or builds it again to learn the same.
      await new Trials(cache.folder).pass(copy, workshop);
      progress.say(`${part.name} ${part.version}: ${way.origin}, ${formatSeconds((performance.now() - begun) / 1000)}`);
      return copy;
    } catch (error) {
      if (!(error instanceof WayClosed)) {
        throw error;
      }
      couldBeHad ||= error.couldBeHad;
      reasons.push(`${way.origin}: ${error.message}`);
      progress.say(`${part.name} ${part.version}: not ${way.origin}: ${error.message}`);
      if (way.origin === "official") {
        cache.noteOfficialTried(part, officialSource(part, errand));
      }
    }
  }
  if (reasons.length === 0) {
    reasons.push(`${errand.settings.mode}: there is no such way to it`);
  }
  failures.push(`Unable to obtain ${part.name} ${part.version}: ${reasons.join("; ")}`);
  return undefined;
}

async function make(part: Part, way: Way, cache: Cache): Promise<Copy> {
  const begun = performance.now();
  const finished = await way.go(part);
  return cache.keep(part, way.origin, { ...finished, seconds: (performance.now() - begun) / 1000 });
}

/** The copy on this machine that has passed its trial. */
async function locateForGood(part: Part, errand: Errand): Promise<Copy | undefined> {
  const copy = await locateUntried(part, errand);
  return copy && new Trials(errand.cache.folder).verdict(copy) === "passed" ? copy : undefined;
}

/**
 * The copy on this machine, unless it is a stand-in and the official part was not asked for in a day: a stand-in is used
 * only where the official part cannot be had.
 */
async function locateUntried(part: Part, errand: Errand): Promise<Copy | undefined> {
  const { cache, settings } = errand;
  const copy = await locate(part, errand.parts, settings, cache);
  const isForGood =
    settings.mode !== "auto" ||
    copy?.origin !== "stand-in" ||
    cache.wasOfficialTried(part, officialSource(part, errand));
  return isForGood ? copy : undefined;
}

/** A sum that was pinned since is a reason to ask again. */
function officialSource(part: Part, { settings, platform, cache }: Errand): string {
  const place = settings.mirror ?? part.official?.(platform).folder ?? "";
  return `${place} ${cache.pinnedSum(part) ?? "not pinned"}`;
}

/** Only the holder of the lock comes here, so whatever is half-done belongs to a run that was killed. */
function removeLeftovers(cache: Cache): void {
  endNotedProcesses(cache.workRoot);
  rmSync(cache.workRoot, { recursive: true, force: true });
}
