import type { LoadedEnvironment } from "../../project/environment";
import type { CommandContext } from "../../project/context";
import { lockHolder } from "../../machine/process-lock";
import { isOpen, type JournalError } from "../../recovery/engine/journal";
import type { JournalContents } from "../../recovery/engine/journal-contents";
import { describeOpen } from "../../recovery/engine/kinds";
import { stateOf } from "../../recovery/engine/session";
import type { StateFolder } from "../../recovery/engine/state-folder";
import { guestsOfRun, isNode, ownLock, type SubjectKey } from "../../recovery/engine/subject";
import { formatAgo, formatInstant } from "../../terminal/durations";

/** An operation that has not ended, as the journals of this machine have it. */
export interface UnfinishedOperation {
  /** Id of its journal. */
  operation: string;
  kind: string;
  /** `a restore of prod/web`. */
  text: string;
  /** Ids of the guests that it works on; empty: it is about the state of the environment. */
  guests: number[];
  /** ISO 8601, by the clock of this machine. */
  startedAt: string;
  /** Who began it: `anna@desk`; undefined for journals of versions that did not write it. */
  by: string | undefined;
  /** The step in which it stopped, or is; undefined between two steps. */
  step: string | undefined;
  /** Process that is at work on it; undefined: it was left half done. */
  process: number | undefined;
  /** The command that resumes it. */
  command: string;
  /** Every way on: `resume it: …; or take it back: …`. */
  hint: string;
}

/** A journal that cannot be read: what it is of may be half done. */
export interface UnreadableFile {
  path: string;
  message: string;
  hint: string;
  /** Id of the guest whose it is; undefined: of the whole environment. */
  guest: number | undefined;
}

/** What the journals of an environment tell. */
export interface JournalStatus {
  unfinished: UnfinishedOperation[];
  unreadable: UnreadableFile[];
}

/** Reads the journals of this machine: of guests, of runs over several guests, of the stack. Asks no node. */
export function inspectJournals(environment: LoadedEnvironment, context: CommandContext): JournalStatus {
  const state = stateOf(environment, context);
  const { journals, unreadable } = state.readAll();
  const open = journals.filter(isOpen).map(({ contents }) => contents);
  const unbegun = state.bundles.read().open.flatMap((bundle) => bundle.unbegun(state.site));
  return {
    unfinished: [...open, ...unbegun].map((contents) => operationOf(contents, environment, state)),
    unreadable: unreadable.map(({ error, number }) => ({
      ...fileOf(error),
      guest: number === undefined || isNode({ id: number }) ? undefined : number,
    })),
  };
}

/** What was asked for at once, of this environment and others, and cannot be read. */
export function unreadableBatches(environment: LoadedEnvironment, context: CommandContext): UnreadableFile[] {
  const { unreadable } = stateOf(environment, context).bundles.read();
  return unreadable.map((error) => ({ ...fileOf(error), guest: undefined }));
}

function fileOf({ path, message, hint }: JournalError): Omit<UnreadableFile, "guest"> {
  return { path, message, hint };
}

function operationOf(
  contents: JournalContents,
  environment: LoadedEnvironment,
  state: StateFolder,
): UnfinishedOperation {
  const { id, kind, startedAt, by, steps, command } = contents;
  const { text, hint } = describeOpen(contents, environment);
  const subjects = subjectsOf(contents);
  const holders = subjects.flatMap((subject) => lockHolder(state.lockPath(subject)) ?? []);
  return {
    operation: id,
    kind,
    text,
    hint,
    guests: subjects.flatMap((subject) => (subject.kind === "guest" ? subject.id : [])),
    startedAt,
    by,
    step: Object.entries(steps).findLast(([, { state }]) => state === "started" || state === "failed")?.[0],
    process: holders[0]?.pid,
    command,
  };
}

/** What a run over several guests works on is locked guest by guest. */
function subjectsOf(contents: JournalContents): SubjectKey[] {
  const { guest } = contents;
  if (guest === undefined) return [{ kind: "stack" }];
  const own = ownLock(guest);
  if (own !== undefined) return [own];
  if (!isNode(guest)) return [{ kind: "guest", id: guest.id }];
  return (guestsOfRun(contents) ?? []).map(({ id }) => ({ kind: "guest", id }));
}

/** What somebody has to do about the operations and journals of one guest. */
export function guestProblems({ unfinished, unreadable }: JournalStatus, id: number): string[] {
  return [
    ...unfinished.filter((operation) => isOf(operation, id)).flatMap(unfinishedProblem),
    ...unreadable.filter(({ guest }) => guest === id).map(unreadableProblem),
  ];
}

/** The same about those that belong to no guest of the settings, or to more than one. */
export function environmentProblems({ unfinished, unreadable }: JournalStatus, known: readonly number[]): string[] {
  const ofGuest = (operation: UnfinishedOperation): boolean => known.some((id) => isOf(operation, id));
  return [
    ...unfinished.filter((operation) => !ofGuest(operation)).flatMap(unfinishedProblem),
    ...unreadable.filter(({ guest }) => guest === undefined || !known.includes(guest)).map(unreadableProblem),
  ];
}

/** Whether a process of this machine works on a guest now, so that it may be stopped or away for a while. */
export function isAtWork({ unfinished }: JournalStatus, id: number): boolean {
  return unfinished.some(({ guests, process }) => process !== undefined && guests.includes(id));
}

/** Whether something is half done on a guest as far as the journals tell, or may be, as one of its journals cannot be read. */
export function isHalfDone({ unfinished, unreadable }: JournalStatus, id: number): boolean {
  return unfinished.some(({ guests }) => guests.includes(id)) || unreadable.some(({ guest }) => guest === id);
}

function isOf({ guests }: UnfinishedOperation, id: number): boolean {
  return guests.length === 1 && guests[0] === id;
}

/** One that a process is at work on is nobody's trouble. */
function unfinishedProblem({ text, startedAt, by, step, process, hint }: UnfinishedOperation): string[] {
  if (process !== undefined) return [];
  const whose = by === undefined ? "" : ` by ${by}`;
  const age = formatAgo(Math.max(0, (Date.now() - Date.parse(startedAt)) / 1_000));
  const place = step === undefined ? "" : `; it stopped in step '${step}'`;
  return [`${text}, begun at ${formatInstant(startedAt)} (${age})${whose}, has not ended${place}: ${hint}`];
}

/** What processes of this machine are at work on. */
export function atWorkTexts({ unfinished }: Pick<JournalStatus, "unfinished">): string[] {
  return unfinished.flatMap(({ text, startedAt, by, process }) => {
    if (process === undefined) return [];
    const whose = by === undefined ? "" : ` by ${by}`;
    return [`${text}, begun at ${formatInstant(startedAt)}${whose} (process ${String(process)})`];
  });
}

/** What a journal or a file of a batch that cannot be read means. */
export function unreadableProblem({ message, hint }: Pick<UnreadableFile, "message" | "hint">): string {
  return `${message}; something may be half done: ${hint}`;
}
