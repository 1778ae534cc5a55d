import { messageOf } from "../../machine/error-code";
import { Interrupted } from "../../terminal/command-error";
import type { Journal } from "./journal";
import { type Observer, contextOf } from "./observer";
import {
  type Finding,
  type PlacedStep,
  type Step,
  type StepContext,
  type StepNode,
  type StepResult,
  placeSteps,
} from "./step";
import { takeBack } from "./take-back";

export interface ApplyOptions {
  readonly signal: AbortSignal;
  readonly observer: Observer;
  /**
   * True for errors after which the way forward stays open although nothing is destroyed yet: the node does not answer,
   * so that taking back cannot work either.
   */
  readonly staysOpen: (error: unknown) => boolean;
  /**
   * Called when every step is done and the journal does not say so yet: what must be true of an ended operation is, even
   * if the process dies here; the same command then ends it.
   */
  readonly beforeEnd?: (() => void) | undefined;
}

/** A step failed. `position` says what that means for the guest. */
export class StepFailure extends Error {
  override readonly name = "StepFailure";

  constructor(
    readonly step: PlacedStep,
    override readonly cause: unknown,
    /**
     * - `taken-back`: nothing is changed any more;
     * - `open`: earlier steps stand, the committing request was not sent;
     * - `committed`: it was, or may have been, sent.
     */
    readonly position: "taken-back" | "open" | "committed",
    /** Steps that could not be taken back, with the reason. */
    readonly leftovers: readonly string[] = [],
  ) {
    super(messageOf(cause), { cause });
  }
}

/** The operator interrupted in or before a step. The operation stays open, and work on the node goes on. */
export class InterruptedInStep extends Interrupted {
  constructor(readonly step: PlacedStep) {
    super();
  }
}

/** What the steps of an operation found. */
export function findingsIn(journal: Journal, nodes: readonly StepNode[]): Finding[] {
  return placeSteps(nodes).flatMap(({ path }) => journal.record(path)?.findings ?? []);
}

/**
 * Runs the steps that the journal does not know as done, in order, each written to the journal before and after. Ends
 * with the operation `done`, or `unproven` when a step found a problem.
 *
 * @throws StepFailure, InterruptedInStep
 */
export async function applySteps(
  nodes: readonly StepNode[],
  journal: Journal,
  options: ApplyOptions,
): Promise<readonly Finding[]> {
  const steps = placeSteps(nodes);
  for (const placed of steps) {
    if (journal.record(placed.path)?.state === "done") continue;
    try {
      await runStep(placed, journal, options);
    } catch (error) {
      throw await failureOf(placed, error, steps, journal, options);
    }
  }
  const findings = findingsIn(journal, nodes);
  options.beforeEnd?.();
  journal.setState(findings.some(({ severity }) => severity === "problem") ? "unproven" : "done");
  return findings;
}

/** The steps that the journal does not know as done, in order. */
export function remainingSteps(nodes: readonly StepNode[], journal: Journal): PlacedStep[] {
  return placeSteps(nodes).filter(({ path }) => journal.record(path)?.state !== "done");
}

async function runStep(placed: PlacedStep, journal: Journal, { signal, observer }: ApplyOptions): Promise<void> {
  signal.throwIfAborted();
  const { path, step } = placed;
  const begunBefore = journal.record(path);
  const resumed = begunBefore !== undefined && begunBefore.state !== "taken-back";
  await observer.step(placed, async (update) => {
    const context = contextOf(placed, journal, signal, update);
    const found = resumed ? await step.probe?.(context) : undefined;
    if (found === undefined) return runFresh(step, path, journal, context);
    journal.stepFound(path, found);
    return found;
  });
}

async function runFresh(
  step: Step,
  path: string,
  journal: Journal,
  context: StepContext,
): Promise<StepResult | undefined> {
  journal.stepStarted(path);
  const result = (await step.run(context)) ?? undefined;
  journal.stepDone(path, result);
  return result;
}

async function failureOf(
  placed: PlacedStep,
  error: unknown,
  steps: readonly PlacedStep[],
  journal: Journal,
  options: ApplyOptions,
): Promise<Error> {
  if (options.signal.aborted) return new InterruptedInStep(placed);
  if (journal.record(placed.path) !== undefined) journal.stepFailed(placed.path, messageOf(error));
  if (hasCommitted(steps, journal)) return new StepFailure(placed, error, "committed");
  if (options.staysOpen(error)) return new StepFailure(placed, error, "open");
  const leftovers = await takeBack(steps, journal, options);
  return new StepFailure(placed, error, leftovers.length === 0 ? "taken-back" : "open", leftovers);
}

/** Whether the request that commits has left, or may have. */
export function hasCommitted(steps: readonly PlacedStep[], journal: Journal): boolean {
  return steps.some(
    ({ path, step }) =>
      step.commits === true && (journal.factsOf(path)["sent"] === true || journal.record(path)?.state === "done"),
  );
}
