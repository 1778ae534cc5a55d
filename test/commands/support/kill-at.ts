import type { RunOptions } from "./run-bundle";

/** Kills a command just before, or just after, its n-th write of a journal. */
export function killAt(moment: "before" | "after", number: number): Pick<RunOptions, "killAt"> {
  return { killAt: `${moment} ${number}` };
}
