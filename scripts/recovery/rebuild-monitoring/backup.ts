import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { GuestSession } from "../engine/session";
import { inspectRestore } from "../restore-guest/inspect";
import { declaredIds } from "../steps/guest/declared-ids";

/**
 * Why monitoring cannot come back from a backup, as half a sentence; undefined: it can. GET only.
 *
 * Only an answer that was allowed and says that there is none counts: everything else would lose the measurements for a
 * time-out.
 *
 * @throws CommandError (13, 14) where that is not known
 */
export async function whyNoBackup(session: GuestSession): Promise<string | undefined> {
  const { client, context, environment, guest, selector } = session;
  const declared = declaredIds(await context.site());
  const subject = { guest, selector, settings: environment.settings, declared, takeId: () => true };
  const wish = { archive: undefined, at: undefined, targetId: undefined, node: undefined };
  try {
    await context.progress.step(`Look for backups of ${selector}`, () => inspectRestore(client, subject, wish));
    return undefined;
  } catch (error) {
    if (error instanceof CommandError && error.exitCode === exitCodes.nothing) return error.message;
    throw error;
  }
}
