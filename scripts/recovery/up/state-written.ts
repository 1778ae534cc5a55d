import { urnsNamed } from "../../../site/resources";
import { type Checkpoint, checkpointOf, parseCheckpoint } from "../../../site/state/checkpoint";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { digestOf } from "../engine/digest";
import type { StackWork } from "./stack-work";

/** A state, and what tells it from every one that is written later. */
interface WrittenState {
  readonly checkpoint: Checkpoint;
  readonly written: string;
}

/** The state in a backend; of one that only `pulumi` can read, as it prints it. */
export async function stateIn(work: StackWork, url: string): Promise<WrittenState> {
  const { checkpoint, written } = (await work.look(url)) ?? {};
  if (checkpoint !== undefined && written !== undefined) return { checkpoint, written };
  const exported = await (await work.cli(url)).exportState(work.context.signal);
  const text = JSON.stringify(exported);
  return { checkpoint: parseCheckpoint(checkpointOf(text, work.selector)), written: digestOf(exported) };
}

/**
 * Nobody has consented to what another state would have Pulumi do.
 *
 * @param planned as the plan has it; undefined: it rests on none
 * @returns whether it rests on one that has resources
 * @throws CommandError (13)
 */
export async function requireSameState(work: StackWork, url: string, planned: string | undefined): Promise<boolean> {
  if (planned === undefined) return false;
  const { written, checkpoint } = await stateIn(work, url);
  if (written === planned) return checkpoint.resources.length > 0;
  throw new CommandError("somebody has written its state since the plan was made", {
    exitCode: exitCodes.refused,
    hint: `look at the new plan: lifeboat up ${work.selector} --dry-run`,
  });
}

/** The URNs of the resources of these names in a backend's state. */
export async function urnsIn(work: StackWork, url: string, names: readonly string[]): Promise<string[]> {
  const { checkpoint } = await stateIn(work, url);
  return urnsNamed(
    checkpoint.resources.map(({ urn }) => urn),
    names,
  );
}
