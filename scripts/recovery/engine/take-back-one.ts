import { CommandError } from "../../terminal/command-error";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import type { Journal } from "./journal";
import { keptBy } from "./kept";
import type { Operation } from "./operation";
import { untimedPlanView } from "./plan-view";
import { printFinding } from "./print-finding";
import { begunIn, planIn } from "./run-one";
import { type Session, observerOf } from "./session";
import { confirm, forceFlag } from "./settle-demands";
import { type Finding, type PlacedStep, placeSteps, undoingOf } from "./step";
import { takeBack } from "./take-back";
import { formatInstant } from "../../terminal/durations";

/** What is taken back, in words. */
export interface TakenBack {
  /** `the copy 901 of web`. */
  readonly what: string;
  /** What scripts get of it beside its steps. */
  readonly value: Readonly<Record<string, unknown>>;
}

/**
 * Takes back what an operation has begun, step by step, the last first: shows the plan, asks, does it and reports. The
 * caller holds the lock of the subject.
 *
 * @param operation as `undo` was asked for it: its command does the same again, and its answers are those of `undo`.
 * @throws CommandError (1) when something of it is left
 */
export async function takeBackOne<Plan>(
  { context, dryRun }: Session,
  operation: Operation<Plan>,
  journal: Journal,
  { what, value }: TakenBack,
): Promise<ExitCode> {
  const { id, startedAt } = journal.contents;
  const plan = planIn(operation, journal);
  await operation.permitted?.(plan);
  const steps = placeSteps(await operation.steps(plan, begunIn(journal)));
  const undoings = steps.flatMap((placed) => undoingsOf(placed, journal)).reverse();
  const begun = undoings.flatMap(({ placed: { path, step }, undoing }) =>
    "does" in undoing ? [{ id: path, title: step.title, does: undoing.does }] : [],
  );
  const stays = undoings.flatMap(({ undoing }) => ("stays" in undoing ? [undoing.stays] : []));
  const demand = { flag: forceFlag, reason: "the plan is not confirmed", question: `Take back ${what}?` };
  const heading = `Plan: take back ${what} (begun at ${formatInstant(startedAt)})`;
  const shown = untimedPlanView(
    {
      value: { ...value, takesBack: id, stays },
      print: (lines) => {
        lines.heading(heading);
        for (const text of stays) lines.hanging("  stays: ", text);
      },
    },
    begun,
    [demand],
  );
  if (dryRun) {
    context.output.result({ plan: shown.value }, shown.print);
    return exitCodes.done;
  }
  shown.print(context.talk);
  await confirm([demand], operation.given, context);
  const started = performance.now();
  const leftovers = await takeBack(steps, journal, { signal: context.signal, observer: observerOf(context) });
  if (leftovers.length > 0) {
    throw new CommandError(`not everything could be taken back: ${leftovers.join("; ")}`, {
      exitCode: exitCodes.failed,
      hint: `try again: ${operation.command}`,
    });
  }
  const takenBack = begun.map(({ id: path, title }) => ({ id: path, title }));
  const seconds = (performance.now() - started) / 1_000;
  const findings: Finding[] = keptBy(journal).map((text) => ({ severity: "note", text }));
  context.output.result({ ...value, takenBack, findings, seconds, operation: id }, (lines) => {
    lines.line(`Took back ${what}.`);
    for (const finding of findings) printFinding(finding, lines);
  });
  return exitCodes.done;
}

/** What taking a step back means; none where it was not begun, is taken back, or has done nothing. */
function undoingsOf(placed: PlacedStep, journal: Journal) {
  const record = journal.record(placed.path);
  if (record === undefined || record.state === "taken-back") return [];
  const undoing = undoingOf(placed.step, record.facts);
  return undoing === "nothing" ? [] : [{ placed, undoing }];
}
