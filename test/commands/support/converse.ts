import { type Conversation, talkTo, type Turn } from "../../support/conversation";
import { bundle, type RunPlace } from "./run-bundle";

/**
 * Runs the command line in a terminal, and answers its questions in their order.
 *
 * @param columns of the terminal
 */
export function converse(
  argv: readonly string[],
  turns: readonly Turn[],
  { cwd, env }: RunPlace,
  columns = 80,
): Promise<Conversation> {
  return talkTo({ command: `'${process.execPath}' '${bundle}' ${argv.join(" ")}`, cwd, env, columns }, turns);
}
