import { createHash } from "node:crypto";
import type { Checkpoint } from "../state/checkpoint";
import { canonicalState } from "../state/canonical-state";
import type { OpenSecret } from "../state/state-diff";

/**
 * A digest that is the same for two states which hold the same, whenever they were written and however they are packed.
 * Every update encrypts every secret anew, so secrets are opened for it; a digest tells nobody what they are.
 */
export function stateDigest({ resources, pending }: Checkpoint, open: OpenSecret): string {
  return createHash("sha256").update(canonicalState({ resources, pending }, open)).digest("hex").slice(0, 32);
}
