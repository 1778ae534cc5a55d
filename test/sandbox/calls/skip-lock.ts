import { parameterFailure } from "../protocol/failure";
import type { Call } from "./endpoint";

/** @throws where somebody but root asks to pass over a guest's lock */
export function checkSkipLock(call: Pick<Call, "parameters" | "authority">): void {
  checkRootOnly(call, "skiplock");
}

/** @throws the 400 of the first of these parameters that somebody but root sends, unless it is 0 or empty */
export function checkRootOnly(
  { parameters, authority }: Pick<Call, "parameters" | "authority">,
  ...names: readonly string[]
): void {
  if (authority.isRoot) return;
  const sent = names.find((name) => !["", "0"].includes(parameters.text(name) ?? ""));
  if (sent !== undefined) throw parameterFailure({ [sent]: "Only root may use this option." });
}
