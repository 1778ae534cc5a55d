import { type DumpShelf, dumpWords, gone } from "./dump-shelf";
import type { SourcePlace } from "./request";

/** The dumps in the guest itself. */
export function guestShelf(place: SourcePlace, signal: AbortSignal): DumpShelf {
  const { environment, guest, source } = place;
  const name = `${environment.name}/${guest.name}`;
  return {
    place: name,
    listing: `lifeboat data ${name}`,
    bucket: undefined,
    list: async () => ({ manifests: await (await place.program()).list(source.name, signal), damaged: [] }),
    find: async (plan) => {
      const program = await place.program();
      const manifests =
        plan.savePointOf === undefined
          ? await program.list(source.name, signal)
          : (await program.savePoints(source.name, signal))
              // Two restores of one second have made save points of one name.
              .filter(({ operation }) => operation === plan.savePointOf)
              .map(({ manifest }) => manifest);
      return manifests.find((one) => one.name === plan.dump) ?? gone(plan);
    },
    remarks: () => Promise.resolve([]),
    checks: ({ dump, from }) => `read ${dump} to its end in ${from.guest}, and compare its sums`,
    check: async (plan, at) => (await place.program()).check(source.name, dumpWords(plan), at),
    requireStreams: async () => void (await place.program()).requireStreams(),
    open: async (plan, { file }, at) => {
      const program = await place.program();
      const words = ["fetch", source.name, dumpWords(plan), file];
      const stream = await program.open(words, at);
      const { output } = stream.program;
      return {
        output,
        stop: () => stream.program.stop(),
        ended: async () => program.require(words, await stream.end()),
      };
    },
  };
}
