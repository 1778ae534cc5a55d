import { plainLines } from "../../../proxmox/api/plain-text";
import { failureOf } from "../../clients/failure";
import type { CommandContext } from "../../project/context";
import { CommandError } from "../../terminal/command-error";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import type { Lines } from "../../terminal/talk";
import type { Member, Refusal } from "./batch";
import { type Demand, flagOf, type GivenAnswers } from "./consent";
import { explain } from "./explain";
import { isOpen, type Journal } from "./journal";
import { planPermitted, type Planned, type Report } from "./operation";
import { printFlags, type StepView } from "./plan-view";
import { printFinding } from "./print-finding";
import { refusalOf } from "./refusal";
import { begunIn, openingOf, shownSteps } from "./run-one";
import { runSteps } from "./run-steps";
import { halfDone, journalsOf, type Session, takeLock, unfinished } from "./session";
import { confirm } from "./settle-demands";
import type { Finding } from "./step";

/**
 * Operations of one kind, one after the other, each planned with what those before it will do in mind: one plan, one
 * consent, one report. Each has a journal of its own. One that cannot be planned, or fails, leaves the others going.
 */
export interface Sequence<Plan> {
  readonly context: CommandContext;
  readonly dryRun: boolean;
  readonly given: GivenAnswers;
  /** One session may come twice, for what can only be done after those between: not once it has failed. */
  readonly members: readonly Member<Plan>[];
  /** Half a sentence, with the name of a subject: `bring up prod`. */
  aim(subject: string): string;
  /** The plan's one question, about those on which something is to be done; each once. */
  demand(subjects: readonly string[]): Demand;
  /** The plan of all without refusals and flags. */
  view(parts: readonly SequencePart<Plan>[]): Report;
  /** Whether nothing behind it can be done when it has failed. */
  carries(plan: Plan): boolean;
  /** What was done, without refusals and findings. @param isWhole nothing was refused, failed or left */
  report(outcomes: readonly PartOutcome<Plan>[], isWhole: boolean): Report;
}

/** A member as it was planned: with steps, with nothing to do, or refused. */
export type SequencePart<Plan> = Member<Plan> &
  (
    | { readonly kind: "planned"; readonly planned: Planned<Plan>; readonly steps: readonly StepView[] }
    | { readonly kind: "nothing"; readonly nothing: Report }
    | { readonly kind: "refused"; readonly error: Error }
  );

/** How it went with one member. */
export type PartOutcome<Plan> = SequencePart<Plan> & {
  readonly seconds: number;
  readonly findings: readonly Finding[];
} & (
    | { readonly result: "done"; readonly report: Report }
    | { readonly result: "unchanged" }
    | { readonly result: "failed"; readonly error: Error }
  );

/** Plans, asks, applies and reports. What an earlier run has left half done is planned anew, by the operation's own rule. */
export async function runSequence<Plan>(sequence: Sequence<Plan>): Promise<ExitCode> {
  const { context, dryRun, given } = sequence;
  const parts = await planParts(sequence);
  const planned = parts.filter(({ kind }) => kind === "planned");
  const busy = [...new Set(planned.map(({ session }) => session.selector))];
  const demands = busy.length === 0 ? [] : [sequence.demand(busy)];
  const refused = parts.flatMap((part) => (part.kind === "refused" ? [part] : []));
  const { value, print } = wholeView(
    sequence.view(parts),
    refused.map(({ session, error }) => refusalOf(session.selector, error)),
    demands,
  );
  if (dryRun) {
    context.output.result({ plan: value }, print);
    return refused.length === 0 ? exitCodes.done : refusedCode(parts, refused);
  }
  const [onlyOne] = refused;
  if (onlyOne !== undefined && parts.length === 1) throw wholeError(onlyOne.error, context);
  if (busy.length > 0 || refused.length > 0) print(context.talk);
  await confirm(demands, given, context);
  return report(sequence, await runParts(sequence, parts), parts);
}

function wholeView({ value, print }: Report, leftOut: readonly Refusal[], demands: readonly Demand[]): Report {
  const flags = demands.map(flagOf);
  return {
    value: { ...value, leftOut, flags },
    print: (lines) => {
      print(lines);
      for (const { subject, message, hint } of leftOut) {
        lines.line(`  ${subject}: left out`);
        lines.text(plainLines(message), "      ");
        if (hint !== undefined) lines.hanging("      HINT: ", hint);
      }
      printFlags(flags, lines);
    },
  };
}

async function planParts<Plan>({ members, context }: Sequence<Plan>): Promise<SequencePart<Plan>[]> {
  const parts: SequencePart<Plan>[] = [];
  const looked = new Set<Session>();
  for (const member of members) {
    try {
      parts.push(await planPart(member, looked.has(member.session)));
      looked.add(member.session);
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(error instanceof Error)) throw error;
      parts.push({ ...member, kind: "refused", error });
    }
  }
  return parts;
}

/**
 * @param isToldBefore what is half done on the subject
 * @throws CommandError (11) when something else is half done on the subject
 */
async function planPart<Plan>(member: Member<Plan>, isToldBefore: boolean): Promise<SequencePart<Plan>> {
  const { session, operation } = member;
  const { context, selector } = session;
  const open = unfinished(journalsOf(session), operation.kind);
  if (open !== undefined) {
    const why = open.contents.kind === operation.kind ? await operation.outdated?.(open) : undefined;
    if (why === undefined) throw halfDone(session, open);
    if (!isToldBefore) context.talk.line(why);
  }
  const planned = await context.progress.step(`Look at ${selector}`, () => planPermitted(operation));
  if ("nothing" in planned) return { ...member, kind: "nothing", nothing: planned.nothing };
  return { ...member, kind: "planned", planned, steps: await shownSteps(session, operation, planned) };
}

/** Ends before those that cannot be done because one before them has failed. */
async function runParts<Plan>(
  { context, carries }: Sequence<Plan>,
  parts: readonly SequencePart<Plan>[],
): Promise<PartOutcome<Plan>[]> {
  const outcomes: PartOutcome<Plan>[] = [];
  const locked = new Set<Session>();
  const failed = new Set<Session>();
  for (const part of parts) {
    if (part.kind === "refused" || failed.has(part.session)) continue;
    const outcome = await runPart(part, context, locked);
    outcomes.push(outcome);
    if (outcome.result === "failed") failed.add(part.session);
    if (outcome.result === "failed" && part.kind === "planned" && carries(part.planned.plan)) break;
  }
  return outcomes;
}

async function runPart<Plan>(
  part: Exclude<SequencePart<Plan>, { readonly kind: "refused" }>,
  context: CommandContext,
  locked: Set<Session>,
): Promise<PartOutcome<Plan>> {
  const { session, operation } = part;
  const idle = { seconds: 0, findings: [] };
  let journal: Journal | undefined;
  try {
    if (part.kind === "nothing") {
      if (journalsOf(session).some(isOpen)) closeEarlier(part, "done", locked);
      return { ...part, ...idle, result: "unchanged" };
    }
    closeEarlier(part, "given-up", locked);
    const { plan } = part.planned;
    const begun = session.state.begin(openingOf(session, operation, part.planned));
    journal = begun;
    const findings = await runSteps(session, begun, await operation.steps(plan, begunIn(begun)), {
      explain: (failure) => explain(failure, operation, plan, begun, context.talk),
      beforeEnd: operation.beforeEnd,
    });
    const ended = await operation.report(plan, begun, findings);
    return { ...part, seconds: begun.seconds, findings, result: "done", report: ended };
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof Error)) throw error;
    return { ...part, ...idle, seconds: journal?.seconds ?? 0, result: "failed", error };
  }
}

/**
 * Takes the lock, and ends what an earlier run of the same kind has left: it was planned anew.
 *
 * @param locked sessions whose locks this run has taken
 * @throws CommandError (11) when another process is at work, or something else was begun since the plan was made
 */
function closeEarlier<Plan>(
  { session, operation }: Member<Plan>,
  state: "done" | "given-up",
  locked: Set<Session>,
): void {
  if (!locked.has(session)) takeLock(session, operation.command);
  locked.add(session);
  const open = unfinished(journalsOf(session), operation.kind);
  if (open !== undefined && open.contents.kind !== operation.kind) throw halfDone(session, open);
  open?.setState(state);
}

function report<Plan>(
  sequence: Sequence<Plan>,
  outcomes: readonly PartOutcome<Plan>[],
  parts: readonly SequencePart<Plan>[],
): ExitCode {
  const { context } = sequence;
  const begun = new Set(outcomes.map(({ session }) => session));
  const left = parts
    .filter(({ kind, session }) => kind !== "refused" && !begun.has(session))
    .map(({ session }) => session.selector);
  const refused = parts.flatMap((part) => (part.kind === "refused" ? [part] : []));
  const troubles = [...outcomes.flatMap((outcome) => (outcome.result === "failed" ? [outcome] : [])), ...refused];
  const isAnyDone = outcomes.some(({ result }) => result === "done");
  for (const name of left) context.talk.line(`${name}: not begun`);
  const [first] = troubles;
  if (first !== undefined && !isAnyDone && troubles.length === 1) throw wholeError(first.error, context);
  for (const { session, error } of troubles) tellTrouble(sequence.aim(session.selector), error, context);
  const findings = outcomes.flatMap((outcome) => outcome.findings);
  const exitCode = codeOf(troubles, isAnyDone, findings);
  const { value, print } = sequence.report(outcomes, troubles.length === 0);
  const seconds = outcomes.reduce((sum, outcome) => sum + outcome.seconds, 0);
  const whole = {
    exitCode,
    ...value,
    leftOut: refused.map(({ session, error }) => refusalOf(session.selector, error)),
    left,
    findings,
    seconds,
  };
  context.output.result(whole, (lines) => printAll(print, findings, lines));
  return exitCode;
}

function printAll(print: Report["print"], findings: readonly Finding[], lines: Lines): void {
  print(lines);
  for (const finding of findings) printFinding(finding, lines);
}

/** All good: 0. Something done: 3. Nothing: the code that all have, else 1. */
function codeOf(
  troubles: readonly { readonly error: Error }[],
  isAnyDone: boolean,
  findings: readonly Finding[],
): ExitCode {
  if (troubles.length === 0) {
    return findings.some(({ severity }) => severity === "problem") ? exitCodes.partly : exitCodes.done;
  }
  if (isAnyDone) return exitCodes.partly;
  const codes = new Set(troubles.map(({ error }) => failureOf(error, undefined).exitCode));
  const [code = exitCodes.failed] = codes;
  return codes.size === 1 ? code : exitCodes.failed;
}

function refusedCode(parts: readonly unknown[], refused: readonly { readonly error: Error }[]): ExitCode {
  const [first] = refused;
  if (first === undefined || refused.length < parts.length) return exitCodes.partly;
  return failureOf(first.error, undefined).exitCode;
}

function tellTrouble(aim: string, error: Error, { talk }: CommandContext): void {
  const { message, hint, stack } = failureOf(error, aim);
  talk.text(stack ?? message);
  if (hint !== undefined) talk.hint(hint);
}

/**
 * What a program says may have more lines than one, with hints of its own: all are shown, and its first line is the
 * error's.
 */
function wholeError(error: Error, { talk, output }: CommandContext): Error {
  if (!(error instanceof CommandError) || !error.message.includes("\n") || output.json) return error;
  const [first = "", ...rest] = error.message.split("\n");
  if (!rest.every(isHint)) talk.text(error.message);
  const hints = [
    ...rest.filter(isHint).map((line) => line.slice("HINT: ".length)),
    ...(error.hint === undefined ? [] : [error.hint]),
  ];
  return new CommandError(first, {
    exitCode: error.exitCode,
    hint: hints.length === 0 ? undefined : hints.join("; "),
    details: error.details,
    cause: error,
  });
}

function isHint(line: string): boolean {
  return line.startsWith("HINT: ");
}
