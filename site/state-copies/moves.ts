/** Which side of a fallback has another state than the one that both began with. */
export type Moved = "neither" | "local" | "store" | "both";

/**
 * What became of a state since a fallback. States are told apart by a digest of what they hold, so that an update which
 * changed nothing is no move.
 *
 * @param base what the fallback began with.
 * @param local what is on this machine now.
 * @param store what the store holds now; undefined where it holds none, and has moved only in that it lost its own.
 */
export function movedSince(base: string, local: string, store: string | undefined): Moved {
  if (local === store) return "neither";
  const localMoved = local !== base;
  if (store === undefined) return "local";
  const storeMoved = store !== base;
  if (localMoved && storeMoved) return "both";
  return localMoved ? "local" : storeMoved ? "store" : "neither";
}
