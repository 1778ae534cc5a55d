import { type Watch } from "../../clients/pulumi-cli/pulumi-cli";
import { startOf } from "../../machine/processes";
import type { StepContext } from "./step";

/** A step that lets `pulumi` work: a later process finds it by what is noted. */
export function watchOf({ signal, progress, note }: StepContext): Watch {
  return { signal, onProgress: progress, onStart: (pid) => note({ pulumi: pid, pulumiStart: startOf(pid) ?? "" }) };
}
