import { findPresent, type FoundState } from "./present-state";
import type { StateAccess } from "./state-access";

/** What a place holds, and why it is not the state that was meant, as half a sentence; no `why`: it was read, and is the one. */
export interface Held {
  readonly found: FoundState | undefined;
  readonly why: string | undefined;
}

/**
 * Reads the present state of a place once more, before another one is given up for it.
 *
 * @param sha256 of what it has to hold; undefined: nothing.
 * @throws StoreError where it cannot be asked
 */
export async function lookAtHeld(access: StateAccess, sha256: string | undefined): Promise<Held> {
  const found = await findPresent(access);
  return { found, why: whyOther(found, sha256) };
}

function whyOther(found: FoundState | undefined, sha256: string | undefined): string | undefined {
  if (found?.problem === undefined && found?.sha256 === sha256) return undefined;
  if (found === undefined) return "it has none";
  return found.problem === undefined ? "it has another one" : `what it has cannot be used: ${found.problem}`;
}
