import * as z from "zod";
import { leftGuest } from "../../../site/left-guest";
import type { CommandContext } from "../../project/context";
import { type LoadedEnvironment, UnknownGuestError } from "../../project/site";
import { CommandError, usageError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { isOpen, type Journal } from "./journal";
import { describeOpen } from "./kinds";
import { clientOf, type GuestSession, openSession, readable, type Session, stateOf } from "./session";
import { guestsOfRun, type GuestSubject, isNode } from "./subject";
import { formatInstant } from "../../terminal/durations";

/** A guest that the settings do not have under this name and number, and that a journal of this machine names. */
interface LeftGuest {
  readonly environment: LoadedEnvironment;
  readonly subject: GuestSubject;
  /** `prod/110` */
  readonly selector: string;
  /** The newest that names it. */
  readonly journal: Journal;
}

/**
 * Makes everything ready for a guest on which something is half done: one of the settings or, where they have none of that
 * name or number any more, one that a journal names. Connects to nothing.
 *
 * @throws CommandError (2)
 */
export function openJournalSession(selector: string, context: CommandContext, dryRun: boolean): Promise<Session> {
  const ofSettings = (): Promise<Session> => openSession(selector, context, dryRun);
  return orLeft(selector, context, isOpen, ofSettings, ({ environment, subject, selector: own }): Session => {
    return { context, environment, subject, state: stateOf(environment, context), dryRun, selector: own };
  });
}

/**
 * The same for an operation on the guest that takes nothing from the settings but how to reach the node: what they said of a
 * guest that has left them, nobody knows.
 *
 * @param isMeant journals that count where the settings do not have the guest
 * @throws CommandError (2, 12)
 */
export function openLeftOrDeclared(
  selector: string,
  context: CommandContext,
  dryRun: boolean,
  isMeant: (journal: Journal) => boolean,
): Promise<GuestSession> {
  const ofSettings = (): Promise<GuestSession> => openSession(selector, context, dryRun);
  return orLeft(selector, context, isMeant, ofSettings, async (left): Promise<GuestSession> => {
    const { environment, subject } = left;
    const { name, id, node } = subject;
    const guest = leftGuest(environment.settings, { name, id, node });
    const client = await clientOf(environment, dryRun);
    const state = stateOf(environment, context);
    return { context, environment, subject, guest, client, state, dryRun, selector: left.selector, hasLeft: true };
  });
}

/**
 * Finds guests in the settings, and says of one that has left them what is half done on it.
 *
 * @param orElse where no settings have one of them, and nothing is half done on it that was begun while they had it
 * @throws CommandError (2)
 */
export async function inSettings<Found>(
  selectors: readonly string[],
  context: CommandContext,
  find: () => Found | Promise<Found>,
  orElse?: () => Promise<Found>,
): Promise<Found> {
  try {
    const found = await find();
    await tellOtherNumbers(selectors, context);
    return found;
  } catch (error) {
    if (!isUnknown(error)) throw error;
    for (const selector of selectors) {
      const [left] = await leftGuests(selector, context, isOpen);
      if (left === undefined || wasLeft(left.journal)) continue;
      const { contents } = left.journal;
      const { text, hint } = describeOpen(contents, left.environment);
      throw usageError(`${error.message}; ${text}, begun at ${formatInstant(contents.startedAt)}, has not ended`, hint);
    }
    if (orElse !== undefined && error instanceof UnknownGuestError) return orElse();
    throw error;
  }
}

/**
 * A guest that got another number in the settings is another one to whoever looks by its number: what is half done under the one
 * before is said, for nothing else would find it.
 */
async function tellOtherNumbers(selectors: readonly string[], context: CommandContext): Promise<void> {
  for (const selector of selectors) {
    // A folder of journals that cannot be read is told by the command itself.
    const left = await leftGuests(selector, context, isOpen).catch(() => []);
    for (const { environment, subject, journal } of left) {
      const { guests } = environment.settings;
      if (wasLeft(journal) || guests.some(({ id }) => id === subject.id)) continue;
      const { contents } = journal;
      const { text, hint } = describeOpen(contents, environment);
      const when = formatInstant(contents.startedAt);
      context.talk.line(`${text} (${String(subject.id)}), begun at ${when}, has not ended: ${hint}`);
    }
  }
}

const leftPlan = z.looseObject({ left: z.literal(true) });

/** The settings did not have the guest either when it was begun: it is resumed without them. */
function wasLeft({ contents }: Journal): boolean {
  return leftPlan.safeParse(contents.plan).success;
}

async function orLeft<Opened>(
  selector: string,
  context: CommandContext,
  isMeant: (journal: Journal) => boolean,
  ofSettings: () => Promise<Opened>,
  ofJournal: (left: LeftGuest) => Opened | Promise<Opened>,
): Promise<Opened> {
  try {
    const opened = await ofSettings();
    await tellOtherNumbers([selector], context);
    return opened;
  } catch (error) {
    if (!isUnknown(error)) throw error;
    const [found, another] = await leftGuests(selector, context, isMeant);
    if (found === undefined) throw error;
    if (another === undefined) return ofJournal(found);
    throw usageError(
      `the journals have more than one guest '${selector}': ${found.selector}, ${another.selector}`,
      "give environment/id",
    );
  }
}

function isUnknown(error: unknown): error is CommandError {
  return error instanceof CommandError && error.exitCode === exitCodes.usage;
}

/** Guests that the journals name so, each once. */
async function leftGuests(
  selector: string,
  context: CommandContext,
  isMeant: (journal: Journal) => boolean,
): Promise<LeftGuest[]> {
  const [word = "", inEnvironment] = selector.split("/").reverse();
  const found = new Map<string, LeftGuest>();
  for (const environment of (await context.site()).environments().usable) {
    if (inEnvironment !== undefined && inEnvironment !== environment.name) continue;
    const state = stateOf(environment, context);
    for (const journal of readable(() => state.readAll().journals.filter(isMeant))) {
      const { guest } = journal.contents;
      const guests = isNode(guest) ? (guestsOfRun(journal.contents) ?? []) : guest === undefined ? [] : [guest];
      for (const { id, name } of guests.filter((one) => one.name === word || String(one.id) === word)) {
        const own = `${environment.name}/${String(id)}`;
        const subject = { kind: "guest", environment: environment.name, name, id, node: guest?.node ?? "" } as const;
        if (!found.has(own)) found.set(own, { environment, subject, selector: own, journal });
      }
    }
  }
  return [...found.values()];
}
