import type { DumpName } from "./dump-name";
import type { DumpItem, DumpManifest } from "./manifest";

/** A dump with the thing in it that is wanted. */
export interface FoundDump {
  readonly manifest: DumpManifest;
  readonly item: DumpItem;
}

/** Which dump somebody wants. */
export type DumpWish =
  | { readonly kind: "newest" }
  /** The newest that is not later, in unix seconds. */
  | { readonly kind: "at"; readonly time: number }
  | { readonly kind: "named"; readonly dump: string };

/** The dump that is restored, or why none is. */
export type DumpChoice =
  | { readonly kind: "chosen"; readonly found: FoundDump; readonly others: readonly FoundDump[] }
  /** No dump has the thing; `names`: what they have. */
  | { readonly kind: "unknown-item"; readonly names: readonly string[] }
  /** There is no dump at all, or none of that name, or none so old. */
  | { readonly kind: "none"; readonly oldest: FoundDump | undefined };

/** A dump of the future shows that a clock is wrong: by itself none is chosen that is later than so many seconds from now. */
const tolerance = 120;

/**
 * Chooses among the dumps of one source, and never one that a wrong clock has dated: whoever wants that one names it.
 *
 * @param now unix seconds, by the guest's clock
 */
export function chooseDump(
  manifests: readonly DumpManifest[],
  isWanted: (item: DumpItem) => boolean,
  wish: DumpWish,
  now: number,
): DumpChoice {
  const all = [...manifests].sort((a, b) => b.time - a.time || (a.name < b.name ? 1 : -1));
  const having = all.flatMap((manifest): FoundDump[] => {
    const item = manifest.items.find(isWanted);
    return item === undefined ? [] : [{ manifest, item }];
  });
  if (all.length > 0 && having.length === 0) {
    return { kind: "unknown-item", names: [...new Set(all.flatMap(({ items }) => items.map(({ name }) => name)))] };
  }
  const fitting = having.filter(({ manifest }) => fitsWish(manifest, wish, now));
  const [found, ...others] = fitting;
  return found === undefined ? { kind: "none", oldest: having.at(-1) } : { kind: "chosen", found, others };
}

/** Whether it is one that somebody wants, whatever is in it. */
export function fitsWish({ name, time }: DumpName, wish: DumpWish, now: number): boolean {
  switch (wish.kind) {
    case "named":
      return name === wish.dump;
    case "at":
      return time <= wish.time && time <= now + tolerance;
    case "newest":
      return time <= now + tolerance;
  }
}
