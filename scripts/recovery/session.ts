import { readOnly, type ProxmoxClient } from "../../proxmox/api/client";
import type { Guest } from "../../site/settings/environment";
import { CommandError } from "../commands/frame/command-error";
import type { CommandContext } from "../commands/frame/context";
import { exitCodes } from "../commands/frame/exit-codes";
import type { FoundGuest, LoadedEnvironment } from "../project/site";
import type { Questioner } from "./engine/consent";
import { GuestLockedError, lockGuest } from "./engine/guest-lock";
import { type Journal, JournalError } from "./engine/journal";
import type { Observer } from "./engine/observer";
import { StateFolder } from "./engine/state-folder";

/** A command at work on one guest of the settings. */
export interface Session {
  readonly context: CommandContext;
  readonly environment: LoadedEnvironment;
  readonly guest: Guest;
  /** Refuses everything but GET when the run is dry. */
  readonly client: ProxmoxClient;
  readonly state: StateFolder;
  readonly dryRun: boolean;
  /** `prod/web`: what to call the guest on a command line. */
  readonly selector: string;
}

/**
 * Finds the guest and makes everything ready for it.
 *
 * @param selector an id, a name or `env/name`.
 * @throws CommandError (2, 12)
 */
export async function openSession(selector: string, context: CommandContext, dryRun: boolean): Promise<Session> {
  return sessionOf((await context.site()).findGuest(selector), context, dryRun);
}

/** Makes everything ready for a guest of the settings. @throws CommandError (2, 12) */
export async function sessionOf(
  { environment, guest }: FoundGuest,
  context: CommandContext,
  dryRun: boolean,
): Promise<Session> {
  const client = await environment.client();
  const site = { environment: environment.name, endpoint: environment.settings.proxmox.endpoint };
  return {
    context,
    environment,
    guest,
    client: dryRun ? readOnly(client) : client,
    state: new StateFolder(site, context.io.environment),
    dryRun,
    selector: `${environment.name}/${guest.name}`,
  };
}

/**
 * Keeps other runs on this machine away from the guest until the command has ended.
 *
 * @throws CommandError (11)
 */
export function takeLock({ context, guest, state }: Session, command: string): void {
  try {
    context.defer(lockGuest(state.lockPath(guest.id), command));
  } catch (error) {
    if (!(error instanceof GuestLockedError)) throw error;
    throw new CommandError(error.message, { exitCode: exitCodes.locked, hint: "wait until it has ended" });
  }
}

/**
 * The guest's journals, newest first.
 *
 * @throws CommandError (1) for one that cannot be read: it may be of an operation that is half done.
 */
export function journalsOf({ guest, state }: Session): Journal[] {
  try {
    return state.journalsOf(guest.id);
  } catch (error) {
    if (!(error instanceof JournalError)) throw error;
    throw new CommandError(error.message, { exitCode: exitCodes.failed, hint: error.hint });
  }
}

/** The operation on the guest that has not ended, if there is one. */
export function unfinished(journals: readonly Journal[]): Journal | undefined {
  return journals.find(({ contents }) => contents.state === "open" || contents.state === "taking-back");
}

/** Another operation on the guest has to be brought to an end first. */
export function halfDone({ guest }: Session, { contents }: Journal): CommandError {
  return new CommandError(`an operation on ${guest.name} begun at ${contents.startedAt} has not ended`, {
    exitCode: exitCodes.locked,
    hint: `go on with it: ${contents.command}`,
  });
}

/** Shows steps with the command's progress display. */
export function observerOf({ progress }: CommandContext): Observer {
  return {
    step: ({ step }, work) => progress.step(step.title, work),
    takeBack: ({ step }, work) => progress.step(`Take back: ${step.title}`, work),
  };
}

/** Asks with the command's prompts. */
export function questionerOf({ prompts }: CommandContext): Questioner {
  return {
    interactive: prompts.canAsk,
    confirm: (text) => prompts.confirm({ text, flag: "" }),
    retype: (text, expected) => prompts.retype({ text, flag: "" }, expected),
  };
}
