import type { Checkpoint } from "../../../../site/state/checkpoint";
import {
  foreignAdvice,
  foreignParts,
  foreignText,
  foreignVariable,
  type ForeignPart,
} from "../../../../site/state/foreign-parts";
import type { OwnAddresses } from "../../../../site/state/own-addresses";
import { CommandError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";
import type { StateAccess } from "./state-access";

type Variables = Readonly<Record<string, string | undefined>>;

/** Of which stack a state is, which servers are its own, and what this run consents to. */
export interface OwnPartsContext extends Pick<StateAccess, "place"> {
  readonly addresses: OwnAddresses;
  readonly variables: Variables;
}

/** What the program never makes and nobody has consented to. */
export function foreignIn({ place, addresses, variables }: OwnPartsContext, checkpoint: Checkpoint): ForeignPart[] {
  return foreignParts(checkpoint, place, addresses, variables[foreignVariable]);
}

/**
 * To be asked of every state before Pulumi works with it, or it is put in the place of another.
 *
 * @param what it is, such as `restore point 3`. @param instead what takes its place; default: an earlier state.
 * @throws CommandError (13) with what the program never makes
 */
export function requireOwnParts(
  context: OwnPartsContext,
  checkpoint: Checkpoint,
  what: string,
  instead?: string,
): void {
  const parts = foreignIn(context, checkpoint);
  if (parts.length === 0) return;
  throw new CommandError(foreignText(parts, what), {
    exitCode: exitCodes.refused,
    hint: foreignAdvice(instead ?? `go back to an earlier one: lifeboat restore state ${context.place.stack} --list`),
    details: { parts },
  });
}
