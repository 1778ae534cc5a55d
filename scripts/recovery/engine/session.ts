import { readOnly, type ProxmoxClient } from "../../../proxmox/api/client";
import type { Guest } from "../../../site/settings/environment";
import { LockedError, takeProcessLock } from "../../machine/process-lock";
import type { CommandContext } from "../../project/context";
import type { FoundGuest, LoadedEnvironment } from "../../project/site";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { Questioner } from "./consent";
import { isOpen, type Journal, JournalError } from "./journal";
import { describeOpen, mustEndBefore } from "./kinds";
import type { Observer } from "./observer";
import { StateFolder } from "./state-folder";
import { markOf } from "./step";
import type { GuestSubject, NodeSubject, StackSubject, Subject, SubjectKey } from "./subject";
import { formatInstant } from "../../terminal/durations";

/** A command at work on one subject. */
export interface Session {
  readonly context: CommandContext;
  readonly environment: LoadedEnvironment;
  readonly subject: Subject;
  readonly state: StateFolder;
  readonly dryRun: boolean;
  /** `prod/web`, `prod`: what to call the subject on a command line. */
  readonly selector: string;
}

/** A command at work on one guest of the settings. */
export interface GuestSession extends Session {
  readonly subject: GuestSubject;
  readonly guest: Guest;
  /** Refuses everything but GET when the run is dry. */
  readonly client: ProxmoxClient;
  /** The settings do not have it any more: `guest` is what a journal says of it, and without checks, disks and objectives. */
  readonly hasLeft?: true;
}

/** A command at work on guests of one node. */
export interface NodeSession extends Session {
  readonly subject: NodeSubject;
  /** Refuses everything but GET when the run is dry. */
  readonly client: ProxmoxClient;
}

/** A command at work on the stack of an environment. */
export interface StackSession extends Session {
  readonly subject: StackSubject;
}

/** Makes everything ready for a stack. Connects to nothing. @throws CommandError (2) */
export async function openStackSession(name: string, context: CommandContext, dryRun: boolean): Promise<StackSession> {
  const environment = (await context.site()).environment(name);
  const subject = { kind: "stack", environment: name } as const;
  return { context, environment, subject, state: stateOf(environment, context), dryRun, selector: name };
}

/**
 * Finds the guest and makes everything ready for it.
 *
 * @param selector an id, a name or `env/name`.
 * @throws CommandError (2, 12)
 */
export async function openSession(selector: string, context: CommandContext, dryRun: boolean): Promise<GuestSession> {
  return sessionOf((await context.site()).findGuest(selector), context, dryRun);
}

/** Makes everything ready for a guest of the settings. @throws CommandError (2, 12) */
export async function sessionOf(
  { environment, guest }: FoundGuest,
  context: CommandContext,
  dryRun: boolean,
): Promise<GuestSession> {
  const { name, id, node } = guest;
  return {
    context,
    environment,
    subject: { kind: "guest", environment: environment.name, name, id, node },
    guest,
    client: await clientOf(environment, dryRun),
    state: stateOf(environment, context),
    dryRun,
    selector: `${environment.name}/${name}`,
  };
}

/** The client of an environment; in a dry run it sends nothing but GET. @throws CommandError (2, 12) */
export async function clientOf(environment: LoadedEnvironment, dryRun: boolean): Promise<ProxmoxClient> {
  const client = await environment.client();
  return dryRun ? readOnly(client) : client;
}

/** Where journals and locks of an environment are kept. */
export function stateOf({ name, settings }: LoadedEnvironment, { io }: CommandContext): StateFolder {
  return new StateFolder({ environment: name, endpoint: settings.proxmox.endpoint }, io.environment);
}

/**
 * Keeps other runs on this machine away from the subject until the command has ended.
 *
 * @throws CommandError (11)
 */
export function takeLock(
  { context, state, subject }: Pick<Session, "context" | "state"> & { readonly subject: SubjectKey },
  command: string,
): void {
  try {
    context.defer(takeProcessLock(state.lockPath(subject), command));
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    throw new CommandError(error.message, { exitCode: exitCodes.locked, hint: error.hint });
  }
}

/**
 * The journals of the subject, newest first; of a guest also those of runs over several guests that have not ended.
 *
 * @throws CommandError (1) for one that cannot be read: it may be of an operation that is half done.
 */
export function journalsOf({ state, subject }: Pick<Session, "state"> & { readonly subject: SubjectKey }): Journal[] {
  return readable(() => state.journalsOf(subject));
}

/** Reads journals. @throws CommandError (1) for one that cannot be read, with what to do about it */
export function readable<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof JournalError)) throw error;
    throw new CommandError(error.message, { exitCode: exitCodes.failed, hint: error.hint });
  }
}

/** The operation that has not ended and that one of this kind has to resume or to wait for, if there is one. */
export function unfinished(journals: readonly Journal[], kind: string): Journal | undefined {
  return journals.find((journal) => isOpen(journal) && mustEndBefore(journal.contents.kind, kind));
}

/** Another operation on the subject has to be brought to an end first. */
export function halfDone({ environment }: Pick<Session, "environment">, { contents }: Journal): CommandError {
  const { text, hint } = describeOpen(contents, environment);
  return new CommandError(`${text}, begun at ${formatInstant(contents.startedAt)}, has not ended`, {
    exitCode: exitCodes.locked,
    hint,
    details: { operation: contents.id, kind: contents.kind, resume: contents.command },
  });
}

/** Shows steps with the command's progress display. */
export function observerOf({ progress }: CommandContext): Observer {
  return {
    step: ({ step }, work) => progress.step(step.title, work, (result) => ({ mark: markOf(result) })),
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
