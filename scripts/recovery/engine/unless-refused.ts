import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { Journal } from "./journal";

/**
 * Looks again at what is half done. What would be refused now is not resumed either: the refusal is the reason. That
 * somebody is at work, or nobody answers, decides nothing, and is thrown. Where no step was begun, the steps themselves read
 * everything again that the plan rests on: so a plan of an earlier version, which was made by its rules, is still carried out.
 *
 * @param look why it is not what would be done now.
 */
export async function unlessRefused(
  look: () => Promise<string | undefined>,
  open: Journal,
): Promise<string | undefined> {
  try {
    return await look();
  } catch (error) {
    const codes: readonly number[] = [exitCodes.refused, exitCodes.nothing, exitCodes.usage, exitCodes.failed];
    if (!(error instanceof CommandError) || !codes.includes(error.exitCode)) throw error;
    return hasBegun(open) ? error.message : undefined;
  }
}

/** Some step was begun: what it prepared is from then. */
export function hasBegun({ contents: { steps } }: Journal): boolean {
  return Object.keys(steps).length > 0;
}
