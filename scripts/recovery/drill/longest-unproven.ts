import type { Guest } from "../../../site/settings/environment";
import { type LastProof, timeOf } from "./last-proofs";

/** Guests by how long ago the last drill has tried them; those that none has tried come first. */
export function longestUnproven(guests: readonly Guest[], proofs: ReadonlyMap<number, LastProof>): Guest[] {
  const triedAt = ({ id }: Guest): number => {
    const proof = proofs.get(id)?.proof;
    return proof === undefined ? 0 : timeOf(proof);
  };
  return guests.toSorted((a, b) => triedAt(a) - triedAt(b) || a.id - b.id);
}
