import { dumpsOfGuest, offsitePlace } from "../../../site/offsite/places";
import type { CopiedDump } from "../../../site/offsite/copied-dumps";
import { OffsiteDumps } from "../../clients/offsite-dumps";
import { openOffsite, requireOffsite } from "../../project/offsite-bucket";
import { formatMoment } from "../../terminal/durations";
import { type DumpShelf, gone } from "./dump-shelf";
import type { SourcePlace } from "./request";

/**
 * The copies of a source's dumps in the bucket elsewhere. The guest that they were made in is not asked for anything.
 *
 * @throws CommandError (2) where the settings have no bucket
 */
export function offsiteShelf({ environment, guest, source }: SourcePlace, signal: AbortSignal): DumpShelf {
  const place = offsitePlace(requireOffsite(environment));
  let opened: Promise<OffsiteDumps> | undefined;
  const open = (): Promise<OffsiteDumps> =>
    (opened ??= openOffsite(environment, { signal }).then(
      (store) => new OffsiteDumps(store, dumpsOfGuest(environment.name, guest.name)),
    ));
  const copyOf = async (name: string): Promise<{ readonly dumps: OffsiteDumps; readonly dump: CopiedDump }> => {
    const dumps = await open();
    return { dumps, dump: (await dumps.list()).find((one) => one.name === name) ?? gone({ dump: name }) };
  };
  return {
    place,
    listing: `lifeboat data ${environment.name}/${guest.name} --from offsite`,
    bucket: place,
    list: async () => {
      const { whole, damaged } = await (await open()).readAll(source.name);
      return { manifests: whole.map(({ manifest }) => manifest), damaged };
    },
    find: async (plan) => {
      const { dumps, dump } = await copyOf(plan.dump);
      return dumps.manifest(dump);
    },
    remarks: async ({ name }) => {
      const { dumps, dump } = await copyOf(name);
      const until = await dumps.lockedUntil(dump);
      return [...dump.doubts.map((doubt) => `somebody has changed this copy since: ${doubt}`), ...lockRemarks(until)];
    },
    checks: ({ dump }) => `look for every part of ${dump} in ${place}; their sums are compared as they come`,
    check: async (plan) => {
      const { dumps, dump } = await copyOf(plan.dump);
      await dumps.requireItems(dump, plan.items);
    },
    requireStreams: () => Promise.resolve(),
    open: async (plan, item) => {
      const { dumps, dump } = await copyOf(plan.dump);
      const output = await dumps.open(dump, item);
      return { output, stop: () => output.destroy(), ended: () => Promise.resolve() };
    },
  };
}

/** What a lock does not vouch for any more. */
function lockRemarks(until: number | undefined): string[] {
  const who = "whoever may remove objects there could have replaced it";
  if (until === undefined) return [`nothing locks this copy: ${who}`];
  return until < Date.now() ? [`nothing locks this copy since ${formatMoment(until)}: ${who} since`] : [];
}
