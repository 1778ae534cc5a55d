/** What a step found out, for later steps, for a resumed run and for the report: a UPID, a volume id. Never a secret. */
export type Facts = Readonly<Record<string, string | number | boolean>>;

/**
 * Something that the report must say. A `problem` ends the command with exit code 3: the result is not proven. A `todo`
 * is left for the operator and does not put the result in doubt; a `note` is only told.
 */
export interface Finding {
  readonly severity: "note" | "todo" | "problem";
  readonly text: string;
  /** The command that mends it. */
  readonly mend?: string;
}

export interface StepResult {
  readonly facts?: Facts;
  readonly findings?: readonly Finding[];
  /** How people see that it ended: what was not good although nothing was thrown. A problem among the findings is bad by itself. */
  readonly ended?: "odd" | "bad";
}

/** The mark on the line that tells a step's end. */
export function markOf(result: StepResult | undefined): "good" | "odd" | "bad" {
  const isBad = result?.findings?.some(({ severity }) => severity === "problem") ?? false;
  return result?.ended ?? (isBad ? "bad" : "good");
}

/** How long a step is expected to take, and how that is known: `measured on 2026-11-20`, `6.2 GiB at 90 MiB/s`. */
export interface Estimate {
  readonly seconds: number;
  readonly basis: string;
}

/** What the engine gives a step that runs. */
export interface StepContext {
  /** Ends when the operator interrupts. A step stops waiting and throws; work on the node goes on. */
  readonly signal: AbortSignal;
  /** Facts of an earlier, interrupted attempt at this step. Empty on the first. */
  readonly facts: Facts;
  /** Writes facts of this step to the journal before anything else happens. A UPID is noted the moment it is known. */
  note(facts: Facts): void;
  /** Facts of another step of the operation; empty where it has left none. */
  factsOf(stepId: string): Facts;
  /** What the step is at, for people. */
  progress(text: string): void;
}

/**
 * What taking a step back means for people: what it does as a line of the plan, what it leaves as it is on purpose as a
 * sentence, or nothing, since the step has done nothing.
 */
export type Undoing = { readonly does: string } | { readonly stays: string } | "nothing";

/** What somebody wants to know of a step that may be done alone: on the worst day not every step goes as it was planned. */
export interface StepCard {
  /** What must be there before it. */
  readonly needs: string;
  /** What does it alone, as a line to type. Absent: nothing does. */
  readonly command?: string;
  /** What is seen when it has worked. */
  readonly check: string;
}

/** One thing that is done, or done again after an interruption. */
export interface Step {
  /** Stable within its group: the journal knows steps by the path of ids (`save-point/take`). */
  readonly id: string;
  readonly title: string;
  /** The step as a line of the plan. */
  readonly does: string;
  /** Shown below it in plans. Default: what it does says it all. */
  readonly card?: StepCard;
  /** What taking it back means, by its facts. Default: `take back: ` and what it does. */
  undoes?(facts: Facts): Undoing;
  /**
   * From the first request of this step on nothing is taken back by itself: the old guest is gone, or a copy is there
   * that somebody waited for. A failure before it takes all earlier steps back; a failure from it on leaves the operation
   * open for the same command or for `undo`. The step notes the fact `sent` just before its request leaves, and takes
   * it back when the node did nothing.
   */
  readonly commits?: boolean;
  run(context: StepContext): Promise<StepResult | void>;
  /**
   * Asked before a step is run again that an earlier process began: its request may have reached the node before that
   * process died. A result means that the step is done.
   */
  probe?(context: StepContext): Promise<StepResult | undefined>;
  /** Undoes the step. Must be harmless when the step did not get far, or was taken back already. */
  takeBack?(context: StepContext): Promise<void>;
}

/** A step that is never taken back: it leaves a site on which the same command goes on. */
export function standing(step: Omit<Step, "commits">): Step {
  return {
    ...step,
    commits: true,
    run: async (context) => {
      context.note({ sent: true });
      return step.run(context);
    },
  };
}

/** What taking a step back means, by what it has left in a journal. */
export function undoingOf({ does, undoes, takeBack }: Step, facts: Facts): Undoing {
  if (takeBack === undefined) return "nothing";
  return undoes?.(facts) ?? { does: `take back: ${does}` };
}

/** A plan within a plan. */
export interface StepGroup {
  readonly id: string;
  readonly title: string;
  readonly steps: readonly StepNode[];
}

export type StepNode = Step | StepGroup;

/** A step with its place in the plan. */
export interface PlacedStep {
  /** Path of ids: `save-point/take`. */
  readonly path: string;
  /** 0 at the top. */
  readonly depth: number;
  readonly step: Step;
}

function isGroup(node: StepNode): node is StepGroup {
  return "steps" in node;
}

/** The steps in the order in which they run. Throws on two steps with one path: the journal could not tell them apart. */
export function placeSteps(nodes: readonly StepNode[]): PlacedStep[] {
  const placed = nodes.flatMap((node) => place(node, "", 0));
  const paths = new Set<string>();
  for (const { path } of placed) {
    if (paths.has(path)) throw new Error(`Two steps of one plan have the path '${path}'.`);
    paths.add(path);
  }
  return placed;
}

function place(node: StepNode, parent: string, depth: number): PlacedStep[] {
  const path = parent + node.id;
  if (!isGroup(node)) return [{ path, depth, step: node }];
  return node.steps.flatMap((child) => place(child, `${path}/`, depth + 1));
}
