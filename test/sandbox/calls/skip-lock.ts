import { parameterFailure } from "../protocol/failure";
import type { Call } from "./endpoint";

/** @throws where somebody but root asks to pass over a guest's lock */
export function checkSkipLock({ parameters, authority }: Pick<Call, "parameters" | "authority">): void {
  if (parameters.flag("skiplock") === true && !authority.isRoot) {
    throw parameterFailure({ skiplock: "Only root may use this option." });
  }
}
