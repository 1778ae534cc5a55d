import { longestWait } from "../../../site/data/longest-wait";
import { dumpsOfGuest, offsitePlace } from "../../../site/offsite/places";
import { StoreError } from "../../clients/object-store/object-store";
import { OffsiteDumps, type ReadCopies } from "../../clients/offsite-dumps";
import { openOffsite } from "../../project/offsite-bucket";
import { CommandError } from "../../terminal/command-error";
import { formatDuration } from "../../terminal/durations";
import type { ValueOf } from "../../terminal/shapes";
import { type DeclaredSource, describeDump } from "./read-source";
import type { copiedSourceShape } from "./shape";

export type CopiedSource = ValueOf<typeof copiedSourceShape>;

/** Seconds that a dump and its copy may take. */
const grace = 2 * 3_600;

/**
 * The copies of a source in the bucket elsewhere, from nothing but that bucket: the guest may be gone. Where nobody can look, it is
 * unknown, and no copy is absent for that.
 */
export async function readCopies(declared: DeclaredSource, signal: AbortSignal): Promise<CopiedSource> {
  const { environment, guest, source } = declared;
  const { name, kind, at, enabled } = source;
  const { offsite } = environment.settings;
  const bucket = offsite === undefined ? null : offsitePlace(offsite);
  const head = { environment: environment.name, guest: guest.name, source: name, kind, at, enabled, bucket };
  try {
    const store = await openOffsite(environment, { signal });
    const found = await new OffsiteDumps(store, dumpsOfGuest(environment.name, guest.name)).readAll(name);
    return { ...head, unseen: null, ...seen(declared, found, Math.floor(Date.now() / 1_000)) };
  } catch (error) {
    if (!(error instanceof StoreError || error instanceof CommandError)) throw error;
    const nothing = { dumps: [], damaged: [], doubts: [] };
    return { ...head, unseen: error.message, problem: "it could not be looked at", ...nothing };
  }
}

function seen(
  { source }: DeclaredSource,
  { whole, damaged }: ReadCopies,
  now: number,
): Pick<CopiedSource, "problem" | "dumps" | "damaged" | "doubts"> {
  const newestFirst = whole.toSorted((a, b) => b.dump.time - a.dump.time);
  const doubts = [...whole, ...damaged].flatMap(({ dump }) => dump.doubts.map((doubt) => `${dump.name}: ${doubt}`));
  const [newest] = newestFirst;
  const [broken] = damaged.toSorted((a, b) => b.dump.time - a.dump.time);
  const age = newest === undefined ? undefined : now - newest.dump.time;
  const isLate = age !== undefined && newest !== undefined && age > longestWait(source.at, newest.dump.time) + grace;
  const problem =
    broken?.why ??
    (newest === undefined
      ? "no dump of it lies there"
      : source.enabled && isLate
        ? `its newest copy is ${formatDuration(age)} old`
        : (doubts[0] ?? null));
  return {
    problem,
    dumps: newestFirst.map(({ manifest }) => describeDump(manifest, now)),
    damaged: damaged.map(({ dump, why }) => ({ dump: dump.name, why })),
    doubts,
  };
}
