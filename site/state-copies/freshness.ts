import type { CopyMarker } from "./copy-marker";

/** The state of an environment as its store showed it at some time. */
export interface SeenState {
  /** When somebody looked, milliseconds since 1970. */
  readonly at: number;
  /** When the state was written to the store, by the store's clock, milliseconds since 1970. */
  readonly modified: number;
  readonly object: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * Whether the store held something newer than the copy when it was last looked at. The copier in the store's container
 * knows whole seconds only.
 */
export function isNewerThanCopy(
  seen: Pick<SeenState, "modified" | "size" | "object">,
  { checkpoint }: Pick<CopyMarker, "checkpoint">,
): boolean {
  const [store, copy] = [wholeSecond(seen.modified), wholeSecond(checkpoint.modified)];
  if (store !== copy) return store > copy;
  return seen.size !== checkpoint.size || seen.object !== checkpoint.object;
}

function wholeSecond(milliseconds: number): number {
  return Math.floor(milliseconds / 1_000);
}
