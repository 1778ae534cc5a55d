import { CommandError } from "../../terminal/command-error";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import { digestOf } from "../engine/digest";
import type { Operation } from "../engine/operation";
import { runOne, tellAgain } from "../engine/run-one";
import { type GuestSession, journalsOf } from "../engine/session";
import type { RestorePlan } from "../steps/guest/plan";
import { isRestore } from "./journals";

const ended: ReadonlySet<string> = new Set(["done", "unproven", "undone"]);

/**
 * Carries out a restore that has an id of its own: once, however often it is asked for. One that is half done is resumed as
 * every other; of one that has ended the report is printed again. Pulumi asks a second time for what has ended when it was
 * itself killed before it could record that.
 *
 * @throws CommandError (13) where the id stands for another restore that has ended
 */
export async function runRequested(
  session: GuestSession,
  operation: Operation<RestorePlan>,
  id: string,
): Promise<ExitCode> {
  const before = journalsOf(session).find(
    (journal) => isRestore(journal) && journal.contents.request["request"] === id && ended.has(journal.contents.state),
  );
  if (before === undefined) return runOne(session, operation);
  const { startedAt, request, command } = before.contents;
  if (digestOf(request) !== digestOf(operation.request)) {
    throw new CommandError(`request ${id} was another restore, carried out at ${startedAt}: ${command}`, {
      exitCode: exitCodes.refused,
      hint: "an id stands for one restore: ask for this one under an id that is new",
    });
  }
  session.context.talk.line(`Request ${id} was carried out at ${startedAt}: nothing is done again. Its report:`);
  return tellAgain(session, operation, before);
}
