import {
  checkpointOf,
  parseCheckpoint,
  type StateResource,
  UnreadableCheckpoint,
} from "../../../site/state/checkpoint";
import { foreignParts, foreignText, foreignVariable } from "../../../site/state/foreign-parts";
import type { OwnAddresses } from "../../../site/state/own-addresses";
import { qualifiedName } from "../../../site/state/state-keys";
import { leftOverOf } from "./losses";
import { errorOf } from "./preview";
import { type PulumiRun, runPulumi } from "./run-pulumi";

/** A stack as `pulumi` is to work on it. */
export interface StackRun extends PulumiRun {
  /** Its name in Pulumi.yaml. */
  readonly project: string;
  readonly stack: string;
  /** By the settings of its environment. */
  readonly addresses: OwnAddresses;
}

/** What a state is to who works on it: what stops him, or what waits in it to be deleted. */
export type OwnState = { readonly why: string } | { readonly leftOver: readonly StateResource[] };

/**
 * Why `pulumi` must not work on a stack: its state, as Pulumi itself reads it, holds what the program never makes, or cannot be
 * read. Otherwise what waits in it to be deleted: the next update does so, and no preview tells. For what works with providers of
 * the state before the program is asked, or without it; the program itself refuses as well.
 *
 * @throws ProgramMissing
 */
export async function lookAtOwn({ project, stack, addresses, ...run }: StackRun): Promise<OwnState> {
  const result = await runPulumi(["stack", "export", "--stack", stack], run);
  if (result.timedOut) return { why: "pulumi stack export took too long" };
  if (result.code !== 0) return { why: errorOf(result) };
  const place = { project, stack };
  try {
    const checkpoint = parseCheckpoint(checkpointOf(result.stdout, qualifiedName(place)));
    const parts = foreignParts(checkpoint, place, addresses, run.variables[foreignVariable]);
    if (parts.length > 0) return { why: foreignText(parts, `the state of ${stack}`) };
    return { leftOver: leftOverOf(checkpoint.resources) };
  } catch (error) {
    if (!(error instanceof UnreadableCheckpoint)) throw error;
    return { why: `the state of ${stack} cannot be read: ${error.message}` };
  }
}
