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
  /** Of its content; absent where nobody has read it, or a version before wrote this down. */
  readonly sha256?: string | undefined;
}

/** Milliseconds by which the clocks of two machines may differ without a word. */
export const clockSkew = 60_000;

/**
 * Whether the store held something newer than the copy when it was last looked at. What is the same, byte by byte, is not newer,
 * whatever the clocks say; a copy of a time that is still to come is not newer because of it. The copier in the store's
 * container knows whole seconds only.
 *
 * @param now milliseconds since 1970.
 */
export function isNewerThanCopy(
  seen: Omit<SeenState, "at">,
  { checkpoint }: Pick<CopyMarker, "checkpoint">,
  now: number,
): boolean {
  const isKnown = seen.sha256 !== undefined;
  if (seen.sha256 === checkpoint.sha256) return false;
  if (checkpoint.modified > Math.max(now, seen.modified) + clockSkew) return true;
  const [store, copy] = [wholeSecond(seen.modified), wholeSecond(checkpoint.modified)];
  if (store !== copy) return store > copy;
  return isKnown || seen.size !== checkpoint.size || seen.object !== checkpoint.object;
}

function wholeSecond(milliseconds: number): number {
  return Math.floor(milliseconds / 1_000);
}
