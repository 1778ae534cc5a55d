import { readOnly, type ProxmoxClient } from "../../../proxmox/api/client";
import type { Guest } from "../../../site/settings/environment";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { FoundGuest, LoadedEnvironment } from "../../project/site";
import type { Questioner } from "./consent";
import { LockedError, takeProcessLock } from "../../machine/process-lock";
import { type Journal, JournalError } from "./journal";
import type { Observer } from "./observer";
import { StateFolder } from "./state-folder";
import type { CommandContext } from "../../project/context";

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

/** A command at work on the stack of an environment. */
export interface StackSession {
  readonly context: CommandContext;
  readonly environment: LoadedEnvironment;
  readonly state: StateFolder;
  readonly dryRun: boolean;
  /** `prod`: what to call the stack on a command line. */
  readonly selector: string;
}

/** Makes everything ready for a stack. Connects to nothing. @throws CommandError (2) */
export async function openStackSession(name: string, context: CommandContext, dryRun: boolean): Promise<StackSession> {
  const environment = (await context.site()).environment(name);
  return { context, environment, state: stateOf(environment, context), dryRun, selector: name };
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
  return {
    context,
    environment,
    guest,
    client: dryRun ? readOnly(client) : client,
    state: stateOf(environment, context),
    dryRun,
    selector: `${environment.name}/${guest.name}`,
  };
}

function stateOf({ name, settings }: LoadedEnvironment, { io }: CommandContext): StateFolder {
  return new StateFolder({ environment: name, endpoint: settings.proxmox.endpoint }, io.environment);
}

/**
 * Keeps other runs on this machine away from the guest, or from the stack, until the command has ended.
 *
 * @throws CommandError (11)
 */
export function takeLock(session: Session | StackSession, command: string): void {
  const { context, state } = session;
  const path = "guest" in session ? state.lockPath(session.guest.id) : state.stackLockPath();
  try {
    context.defer(takeProcessLock(path, command));
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    throw new CommandError(error.message, { exitCode: exitCodes.locked, hint: "wait until it has ended" });
  }
}

/**
 * The journals of the guest, or of the stack, newest first.
 *
 * @throws CommandError (1) for one that cannot be read: it may be of an operation that is half done.
 */
export function journalsOf(session: Session | StackSession): Journal[] {
  const { state } = session;
  try {
    return "guest" in session ? state.journalsOf(session.guest.id) : state.stackJournals();
  } catch (error) {
    if (!(error instanceof JournalError)) throw error;
    throw new CommandError(error.message, { exitCode: exitCodes.failed, hint: error.hint });
  }
}

/** The operation that has not ended, if there is one. */
export function unfinished(journals: readonly Journal[]): Journal | undefined {
  return journals.find(({ contents }) => contents.state === "open" || contents.state === "taking-back");
}

/** Another operation on the guest or stack has to be brought to an end first. */
export function halfDone(session: Session | StackSession, { contents }: Journal): CommandError {
  const name = "guest" in session ? session.guest.name : session.selector;
  return new CommandError(`an operation on ${name} begun at ${contents.startedAt} has not ended`, {
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
