import { CommandError, usageError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { CommandContext } from "../../project/context";
import { isOpen } from "../engine/journal";
import { guestsOfRun, isNode } from "../engine/subject";
import { openSession, readable, type Session, stateOf } from "../engine/session";

/**
 * Makes everything ready for a guest on which something is half done: one of the settings or, where they have none of that
 * name or number any more, one that a journal of this machine names. Connects to nothing.
 *
 * @throws CommandError (2)
 */
export async function openJournalSession(selector: string, context: CommandContext, dryRun: boolean): Promise<Session> {
  try {
    return await openSession(selector, context, dryRun);
  } catch (error) {
    if (!(error instanceof CommandError) || error.exitCode !== exitCodes.usage) throw error;
    const [found, another] = await leftGuests(selector, context, dryRun);
    if (found === undefined) throw error;
    if (another === undefined) return found;
    throw usageError(
      `the journals have more than one guest '${selector}': ${found.selector}, ${another.selector}`,
      "give environment/id",
    );
  }
}

/** Guests with something half done that the journals name so, each once. */
async function leftGuests(selector: string, context: CommandContext, dryRun: boolean): Promise<Session[]> {
  const [word = "", inEnvironment] = selector.split("/").reverse();
  const sessions = new Map<string, Session>();
  for (const environment of (await context.site()).environments().usable) {
    if (inEnvironment !== undefined && inEnvironment !== environment.name) continue;
    const state = stateOf(environment, context);
    for (const { contents } of readable(() => state.readAll().journals.filter(isOpen))) {
      const { guest } = contents;
      const guests = isNode(guest) ? (guestsOfRun(contents) ?? []) : guest === undefined ? [] : [guest];
      for (const { id, name } of guests.filter((one) => one.name === word || String(one.id) === word)) {
        const own = `${environment.name}/${String(id)}`;
        const subject = { kind: "guest", environment: environment.name, name, id, node: guest?.node ?? "" } as const;
        sessions.set(own, { context, environment, subject, state, dryRun, selector: own });
      }
    }
  }
  return [...sessions.values()];
}
