import { setTimeout as sleep } from "node:timers/promises";
import { CommandError } from "../../terminal/command-error";
import { formatDuration } from "../../terminal/durations";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import { failureOf } from "../../clients/failure";
import type { Site } from "../../project/site";
import type { StepFailure } from "../engine/apply";
import type { GivenAnswers } from "../engine/consent";
import type { Journal } from "../engine/journal";
import { isRunning, startOf } from "../../machine/process-lock";
import type { Finding } from "../engine/step";
import { journalsOf, takeLock, unfinished } from "../engine/session";
import { confirm } from "../engine/settle-demands";
import { planUp, type SitePlan } from "./make-plan";
import { StackWork } from "./stack-work";
import { isIdle, type UpPlan, upKind } from "./plan";
import { changesText, upInputs, upSteps } from "./steps";
import { demandsOf, printPlan, viewOf } from "./view";
import type { CommandContext } from "../../project/context";
import { printFinding } from "../engine/print-finding";
import { runSteps } from "../engine/run-steps";
import { messageOf } from "../../machine/error-code";

/** What `lifeboat up` was asked for. */
export interface UpRequest {
  /** Names of environments; empty: all. */
  readonly wanted: readonly string[];
  readonly dryRun: boolean;
  readonly given: GivenAnswers;
  /** The command line that does the same again. */
  readonly command: string;
}

/** How it went with one environment. */
interface Outcome {
  readonly environment: string;
  readonly result: "done" | "unchanged" | "failed";
  readonly seconds: number;
  readonly changes: string;
  readonly findings: readonly Finding[];
  readonly error?: Error;
}

/**
 * Brings up environments one after the other, and their states into the store that one of them makes. What an earlier run
 * has begun is not followed from its journal: the site itself tells what is left, whatever has happened to it since.
 */
export async function conductUp(site: Site, request: UpRequest, context: CommandContext): Promise<ExitCode> {
  await waitForEarlier(site, request, context);
  const plan = await planUp(site, request.wanted, context);
  const works = new Map(
    plan.plans.map(({ environment }) => [environment, new StackWork(site, environment, context, request.dryRun)]),
  );
  const inputs = new Map([...works].map(([name, work]) => [name, upInputs(work)]));
  const stepsOf = (one: UpPlan) => {
    const work = works.get(one.environment);
    return work === undefined ? [] : upSteps(one, { work, keys: plan.keys, inputs: inputs.get(one.environment) ?? {} });
  };
  const view = viewOf(plan, stepsOf);
  if (request.dryRun) {
    context.output.result({ plan: view }, (lines) => printPlan(view, lines));
    return plan.blocked.length === 0 ? exitCodes.done : blockedCode(plan);
  }
  const [onlyOne] = plan.blocked;
  if (plan.plans.length === 0 && plan.blocked.length === 1 && onlyOne !== undefined)
    throw tellWhole(onlyOne.error, context);
  const isNothing = plan.plans.every(isIdle);
  if (!isNothing || plan.blocked.length > 0) printPlan(view, context.talk);
  if (!isNothing) await confirm(demandsOf(plan.plans), request.given, context);
  const outcomes: Outcome[] = [];
  for (const one of plan.plans) {
    const work = works.get(one.environment);
    if (work === undefined) continue;
    const outcome = await bringUp(work, one, stepsOf(one), request, inputs.get(one.environment) ?? {});
    outcomes.push(outcome);
    // Without the store the others have no place for their states.
    if (outcome.error !== undefined && one.wait) break;
  }
  return report(plan, outcomes, context);
}

/** A `pulumi` that an earlier, killed run of this command has left at work is let come to its end. */
async function waitForEarlier(site: Site, { wanted, dryRun }: UpRequest, context: CommandContext): Promise<void> {
  for (const name of site.environmentNames) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const journal = unfinished(journalsOf(new StackWork(site, name, context, dryRun)));
    if (journal === undefined || journal.contents.kind !== upKind) continue;
    context.talk.line(
      `What was begun at ${journal.contents.startedAt} with ${name} has not ended; what is left is planned anew.`,
    );
    for (const { facts } of Object.values(journal.contents.steps)) {
      const { pulumi, pulumiStart } = facts;
      if (typeof pulumi !== "number" || startOf(pulumi) !== pulumiStart) continue;
      await context.progress.step(`Wait for its pulumi (process ${String(pulumi)}) to end`, async () => {
        while (isRunning(pulumi)) await sleep(500, undefined, { signal: context.signal });
      });
    }
  }
}

async function bringUp(
  work: StackWork,
  plan: UpPlan,
  steps: ReturnType<typeof upSteps>,
  { command }: UpRequest,
  inputs: ReturnType<typeof upInputs>,
): Promise<Outcome> {
  const { environment } = plan;
  const changes = changesText(plan.changes ?? {});
  const { context, state } = work;
  let journal: Journal | undefined;
  try {
    if (isIdle(plan)) {
      unfinished(journalsOf(work))?.setState("done");
      return { environment, result: "unchanged", seconds: 0, changes, findings: [] };
    }
    takeLock(work, command);
    unfinished(journalsOf(work))?.setState("unproven");
    journal = state.begin({ kind: upKind, command, request: {}, inputs, plan });
    const findings = await runSteps(work, journal, steps, { explain });
    return { environment, result: "done", seconds: journal.seconds, changes: doneText(journal, changes), findings };
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof Error)) throw error;
    return { environment, result: "failed", seconds: journal?.seconds ?? 0, changes, findings: [], error };
  }
}

function doneText(journal: Journal, planned: string): string {
  const { changes } = journal.factsOf("up");
  if (typeof changes !== "string") return planned;
  const parsed: unknown = JSON.parse(changes);
  const counts = typeof parsed === "object" && parsed !== null ? Object.entries(parsed) : [];
  return counts.length === 0
    ? "nothing changed"
    : counts.map(([operation, count]) => `${operation} ${String(count)}`).join(", ");
}

/** The words of the program, or of `pulumi`, and in which step they were said. */
function explain(failure: StepFailure): Error {
  const { exitCode, hint, stack } = failureOf(failure.cause, undefined);
  if (stack !== undefined && failure.cause instanceof Error) return failure.cause;
  return new CommandError(messageOf(failure.cause), {
    exitCode,
    hint,
    details: { step: failure.step.path },
    cause: failure.cause,
  });
}

function report({ blocked, plans }: SitePlan, outcomes: readonly Outcome[], context: CommandContext): ExitCode {
  const failed = outcomes.filter(({ error }) => error !== undefined);
  const left = plans.slice(outcomes.length).map(({ environment }) => environment);
  const value = {
    environments: outcomes.map(({ error, ...rest }) => ({ ...rest, error: error?.message ?? null })),
    blocked: blocked.map(({ environment, error }) => ({ environment, error: error.message })),
    left,
  };
  const findings = outcomes.flatMap((outcome) => outcome.findings);
  if (failed.length + blocked.length === 0) {
    context.output.result(value, (lines) => {
      if (outcomes.every(({ result }) => result === "unchanged"))
        lines.line("Everything is as the settings say; nothing was changed.");
      for (const { environment, result, changes, seconds } of outcomes) {
        if (result === "done") lines.line(`${environment}: ${changes} (${formatDuration(seconds)})`);
      }
      for (const finding of findings) printFinding(finding, lines);
    });
    return findings.some(({ severity }) => severity === "problem") ? exitCodes.partly : exitCodes.done;
  }
  const done = outcomes.filter(({ result }) => result === "done");
  const troubles = [...failed.map(({ environment, error }) => ({ environment, error })), ...blocked];
  const [first] = troubles;
  for (const name of left) context.talk.line(`${name}: not begun`);
  if (done.length === 0 && troubles.length === 1 && first?.error !== undefined) throw tellWhole(first.error, context);
  for (const { environment, error } of troubles) tellTrouble(environment, error, context);
  context.output.result(value, (lines) => {
    for (const { environment, result, changes } of outcomes) {
      if (result !== "failed") lines.line(`${environment}: ${result === "unchanged" ? "nothing to do" : changes}`);
    }
    for (const finding of findings) printFinding(finding, lines);
  });
  if (done.length > 0) return exitCodes.partly;
  const kinds = new Set(troubles.map(({ error }) => failureOf(error, undefined).exitCode));
  const [kind = exitCodes.failed] = kinds;
  return kinds.size === 1 ? kind : exitCodes.failed;
}

function tellTrouble(environment: string, error: unknown, { talk }: CommandContext): void {
  const { message, hint, stack } = failureOf(error, `bring up ${environment}`);
  talk.text(stack ?? message);
  if (hint !== undefined) talk.hint(hint);
}

/** What the program says may be of several lines, with a hint of its own: all are told, and its first line is the error's. */
function tellWhole(error: Error, { talk, output }: CommandContext): Error {
  if (!(error instanceof CommandError) || !error.message.includes("\n") || output.json) return error;
  const [first = "", ...rest] = error.message.split("\n");
  if (!rest.every(isHint)) talk.text(error.message);
  const hints = [
    ...rest.filter(isHint).map((line) => line.slice("HINT: ".length)),
    ...(error.hint === undefined ? [] : [error.hint]),
  ];
  return new CommandError(first, {
    exitCode: error.exitCode,
    hint: hints.join("; "),
    details: error.details,
    cause: error,
  });
}

function isHint(line: string): boolean {
  return line.startsWith("HINT: ");
}

function blockedCode({ plans, blocked }: SitePlan): ExitCode {
  const [first] = blocked;
  return plans.length > 0 || first === undefined ? exitCodes.partly : failureOf(first.error, undefined).exitCode;
}
