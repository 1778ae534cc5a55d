import { failureOf } from "../../clients/failure";
import { runBounded } from "../../machine/bounded";
import { Interrupted } from "../../terminal/command-error";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import type { ShowStep } from "../../terminal/progress";
import { StepFailure, applySteps } from "./apply";
import type { Batch, BegunMember, Gate, Outcome, Refusal } from "./batch";
import { hasEnded, isOpenPart } from "./begun-members";
import { endedNote, isOfNow } from "./ended-members";
import { explain } from "./explain";
import type { Journal } from "./journal";
import type { JournalBundle } from "./journal-bundle";
import type { Observer } from "./observer";
import { printFinding } from "./print-finding";
import { codeOfAll } from "./refusal";
import { begunIn, finishTakingBack } from "./run-one";
import { isOutOfReach, taskLeft } from "./run-steps";
import { markOf } from "./step";

/** What the report says beside what becomes of the members. */
interface Reported {
  readonly refused: readonly Refusal[];
  readonly outdated: ReadonlyMap<Journal, string>;
}

/** Brings the members of a batch to their ends, as many at a time as its bounds allow, and reports. */
export async function finishMembers<Plan>(
  batch: Batch<Plan>,
  bundle: JournalBundle,
  parts: readonly BegunMember<Plan>[],
  { refused, outdated }: Reported,
): Promise<ExitCode> {
  const { context, command } = batch;
  const started = performance.now();
  const outcomes = await context.progress.strands(batch.title(parts), (show) =>
    runBounded(parts, batch.bounds, (part) =>
      isOpenPart(part) ? runPart(batch, part, show) : endedBefore(batch, part, outdated.get(part.journal)),
    ),
  );
  if (context.signal.aborted) tellInterruption(batch, outcomes);
  context.signal.throwIfAborted();
  const { value, print, findings } = await batch.report(outcomes, refused);
  const isHalfDone = parts.some(isOpenPart);
  if (!isHalfDone) bundle.end();
  const exitCode = exitCodeOf(outcomes, refused);
  const before = outcomes.flatMap((outcome) => (outcome.kind === "ended-before" ? outcome.findings : []));
  const seconds = (performance.now() - started) / 1_000;
  const result = {
    exitCode,
    ...value,
    findings: [
      ...outcomes.flatMap((outcome) => (outcome.kind === "ended" ? outcome.findings : [])),
      ...findings,
      ...before,
    ],
    seconds,
    operation: bundle.contents.id,
    ...(isHalfDone ? { resume: command } : {}),
  };
  context.output.result(result, (lines) => {
    print(lines, seconds);
    for (const finding of before) printFinding(finding, lines);
    if (isHalfDone) lines.line(`To resume what is half done: ${command}`);
  });
  return exitCode;
}

/** All good: 0. Something done, whole or in part: 3. Nothing: the code that all have, else 1. */
function exitCodeOf<Plan>(outcomes: readonly Outcome<Plan>[], refused: readonly Refusal[]): ExitCode {
  if (refused.length === 0 && outcomes.every(({ exitCode }) => exitCode === exitCodes.done)) return exitCodes.done;
  const isGood = ({ kind, exitCode }: Outcome<Plan>): boolean =>
    (kind === "ended" || kind === "ended-before") && (exitCode === exitCodes.done || exitCode === exitCodes.partly);
  if (outcomes.some(isGood)) return exitCodes.partly;
  return codeOfAll([...outcomes, ...refused]) ?? exitCodes.failed;
}

/** How things stand after Ctrl-C, and how to resume. */
function tellInterruption<Plan>({ context: { talk }, command }: Batch<Plan>, outcomes: readonly Outcome<Plan>[]): void {
  for (const { kind, part } of outcomes) {
    if (kind !== "interrupted") continue;
    const steps = Object.entries(part.journal.contents.steps);
    const [path] = steps.findLast(([, { state }]) => state === "started") ?? [];
    const between = steps.length === 0 ? "not begun" : "stopped between two steps";
    talk.line(`${part.session.selector}: ${path === undefined ? between : `stopped in step '${path}'`}`);
    const task = path === undefined ? undefined : taskLeft(part.journal, path);
    if (task !== undefined) talk.line(`  ${task}`);
  }
  talk.hint(`to resume: ${command}`);
}

async function runPart<Plan>(
  batch: Batch<Plan>,
  part: BegunMember<Plan>,
  show: (strand: string) => ShowStep,
): Promise<Outcome<Plan>> {
  const { session, operation, journal, plan } = part;
  const { signal, talk } = batch.context;
  if (signal.aborted) return { part, kind: "interrupted", exitCode: exitCodes.interrupted };
  const gate = batch.gate?.(part);
  const observer = observerOf(show(session.selector), gate);
  try {
    const steps = await operation.steps(plan, begunIn(journal));
    if (journal.contents.state === "taking-back") {
      await finishTakingBack(session, operation, journal, steps, observer);
      return goneBack(part);
    }
    await operation.permitted?.(plan);
    const { beforeEnd } = operation;
    await applySteps(steps, journal, { signal, observer, staysOpen: isOutOfReach, beforeEnd });
    return ended(batch, part);
  } catch (error) {
    if (error instanceof Interrupted) return { part, kind: "interrupted", exitCode: exitCodes.interrupted };
    return failed(part, error instanceof StepFailure ? explain(error, operation, plan, journal, talk) : error);
  } finally {
    gate?.release();
  }
}

function observerOf(show: ShowStep, gate: Gate | undefined): Observer {
  return {
    step: async ({ path, step }, work) => {
      await gate?.before(path);
      return show(step.title, work, (result) => ({ mark: markOf(result) }));
    },
    takeBack: ({ step }, work) => show(`Take back: ${step.title}`, work),
  };
}

function ended<Plan>(batch: Batch<Plan>, part: BegunMember<Plan>): Extract<Outcome<Plan>, { kind: "ended" }> {
  const findings = Object.values(part.journal.contents.steps).flatMap((step) => step.findings);
  const isProven = findings.every(({ severity }) => severity !== "problem");
  const exitCode = batch.exitCodeOf?.(part) ?? (isProven ? exitCodes.done : exitCodes.partly);
  return { part, kind: "ended", findings, exitCode };
}

/** @param outdated why it was not resumed by this run */
function endedBefore<Plan>(
  batch: Batch<Plan>,
  part: BegunMember<Plan>,
  outdated: string | undefined,
): Promise<Outcome<Plan>> {
  if (!hasEnded(part)) return Promise.resolve(goneBack(part, outdated));
  const { exitCode, findings } = ended(batch, part);
  const stands = exitCode !== exitCodes.done || isOfNow(part);
  const then = findings
    .filter(({ severity }) => severity !== "note")
    .map((finding) => ({ ...finding, text: `${part.session.selector} then: ${finding.text}` }));
  const endedAt = part.journal.contents.updatedAt;
  return Promise.resolve({
    part,
    kind: "ended-before",
    exitCode: stands ? exitCode : exitCodes.partly,
    endedAt,
    findings: [endedNote(batch, part), ...then],
  });
}

function goneBack<Plan>(part: BegunMember<Plan>, outdated?: string): Outcome<Plan> {
  // By itself: those of its batch that have ended would be done once more with it.
  const { command } = part.operation;
  const message = outdated === undefined ? whyGone(part.journal) : `what was begun was taken back: ${outdated}`;
  return { part, kind: "taken-back", exitCode: exitCodes.failed, message, hint: `to try it again: ${command}` };
}

/** Why a member that has not ended is not open any more, as a clause. */
export function whyGone(journal: Journal): string {
  const { state, steps } = journal.contents;
  if (state === "undone") return "it was undone since";
  if (state === "given-up") return "it was given up half done since";
  if (Object.keys(steps).length === 0) return "nothing of it was begun";
  const cause = Object.values(steps).find(({ error }) => error !== undefined)?.error;
  return `what it had begun was taken back since${cause === undefined ? "" : `; an earlier run had failed: ${cause}`}`;
}

function failed<Plan>(part: BegunMember<Plan>, error: unknown): Outcome<Plan> {
  const { exitCode, reason, hint, stack } = failureOf(error, undefined);
  if (stack !== undefined) part.session.context.talk.text(stack);
  return { part, kind: "failed", exitCode, message: reason, ...(hint === undefined ? {} : { hint }) };
}
