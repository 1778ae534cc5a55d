import type { Journal } from "../../engine/journal";
import { unlessRefused } from "../../engine/unless-refused";

/**
 * Looks again at a state on which an operation is half done, as long as the request that writes it has not left.
 *
 * @param commit path of the step that writes it.
 * @param look why it is not what would be done now, as a clause.
 * @returns why it is planned anew; undefined where it is resumed
 */
export async function lookAgainAtState(
  open: Journal,
  commit: string,
  look: () => Promise<string | undefined>,
): Promise<string | undefined> {
  const hasLeft = open.record(commit)?.state === "done" || open.factsOf(commit)["sent"] === true;
  return hasLeft ? undefined : unlessRefused(look, open);
}
