import { StoreError } from "../../clients/object-store/object-store";
import { CommandError } from "../../terminal/command-error";
import type { LoadedEnvironment } from "../../project/environment";
import { listPoints, problemOf } from "../../recovery/steps/state/read-points";
import { openStateAccess, readState, type StateAccess } from "../../recovery/steps/state/state-access";
import type { CommandContext } from "../../project/context";

/**
 * Whether states of the environment are left where Pulumi looks for them: each of those is better than what can be taken in
 * from the site. A stack that was only just made has none.
 *
 * @returns a warning; undefined when nothing is left.
 */
export async function remainingStates(
  environment: LoadedEnvironment,
  context: CommandContext,
): Promise<string | undefined> {
  try {
    const access = await openStateAccess(environment, context);
    const count = await countStates(access);
    if (count === 0) return undefined;
    const left = count === 1 ? "There is a state" : `There are ${String(count)} states`;
    return `${left} of ${environment.name} in ${access.store.place}: they know more than the site does. lifeboat restore state ${environment.name} --list`;
  } catch (error) {
    if (!(error instanceof StoreError) && !(error instanceof CommandError)) throw error;
    return `Whether there is still a state of ${environment.name} could not be found out: ${error.message}`;
  }
}

async function countStates(access: StateAccess): Promise<number> {
  const { candidates } = await listPoints(access, false);
  const [only] = candidates;
  const isNew = candidates.length === 1 && only?.state !== undefined && (await isEmpty(access, only.state));
  return isNew ? 0 : candidates.length;
}

async function isEmpty(access: StateAccess, state: Parameters<typeof readState>[1]): Promise<boolean> {
  try {
    return (await readState(access, state)).checkpoint.resources.length === 0;
  } catch (error) {
    if (problemOf(error) !== undefined) return false;
    throw error;
  }
}
