import type * as z from "zod";
import type { Lines } from "../../terminal/talk";
import type { StepFailure } from "./apply";
import type { Demand, GivenAnswers } from "./consent";
import type { Inputs } from "./digest";
import type { Journal } from "./journal";
import type { Finding, StepNode } from "./step";

/** A result for people and scripts: one value, two printers. */
export interface Report {
  readonly value: Readonly<Record<string, unknown>>;
  readonly print: (lines: Lines) => void;
}

/** What looking at the subject came to: what will be done, and what the operator must answer. */
export interface Planned<Plan> {
  readonly plan: Plan;
  readonly demands: readonly Demand[];
  readonly inputs: Inputs;
  /** The plan without its steps and questions, which the engine adds for every operation alike. */
  readonly view: Report;
  /** Bytes that the steps work through, where that is known: times are estimated from it. */
  readonly bytes?: number;
  /** Node on which the guest is, where it is another than that of the settings. */
  readonly node?: string;
}

/** There is nothing to do, which is success. */
export interface NothingToDo {
  readonly nothing: Report;
}

/** An operation that was begun, as its steps need it. */
export interface BegunOperation {
  /** `planned` while it is only looked at. */
  readonly id: string;
  /** ISO 8601, by the clock of this machine. */
  readonly startedAt: string;
  readonly inputs: Inputs;
}

/** What a failed step, that could not be taken back, means for the subject. */
export interface Meaning {
  /** A sentence without its full stop before it: `the state of prod is as it was.` */
  readonly text: string;
  /** The next command, where it is another than the one that resumes. */
  readonly hint?: string;
}

/**
 * One thing that an operator has done to a subject: data for the engine, which begins, resumes, takes back and reports.
 * `Shown`: what a plan of it says beyond what the engine needs; a batch of them shows and sums it up.
 */
export interface Operation<Plan, Shown extends Planned<Plan> = Planned<Plan>> {
  /** Its name in journals, listed in `kinds.ts`. */
  readonly kind: string;
  /** Half a sentence: `restore of prod/web`. */
  readonly name: string;
  /** Reads the plan of a journal. */
  readonly schema: z.ZodType<Plan>;
  /** What tells one request from another: one that is half done is resumed by the same request only. */
  readonly request: Readonly<Record<string, string>>;
  /** The command line that does the same again. */
  readonly command: string;
  readonly given: GivenAnswers;
  /** Looks at the subject. Read only. @throws CommandError when it cannot or must not be done */
  plan(): Promise<Shown | NothingToDo>;
  /**
   * Asked before a plan is shown, and before one is resumed. Undefined: it needs nobody's leave.
   *
   * @throws CommandError (14) naming what the credential may not do
   */
  permitted?(plan: Plan): Promise<void>;
  /** The steps follow from the plan alone, so that another process can resume them. */
  steps(plan: Plan, begun: BegunOperation): readonly StepNode[] | Promise<readonly StepNode[]>;
  report(plan: Plan, journal: Journal, findings: readonly Finding[]): Report | Promise<Report>;
  /** Undefined: the cause says by itself what there is to say, such as a program in its own words. */
  meaning(plan: Plan, failure: StepFailure, journal: Journal): Meaning | undefined;
  /**
   * Asked about a half-done operation of this kind, whatever it was asked for: why it is planned anew instead of being
   * resumed, as a sentence. Undefined: it is resumed.
   */
  outdated?(open: Journal): Promise<string | undefined> | string | undefined;
  /**
   * Asked once somebody has answered the questions of a plan: why another would be shown now, as a clause: `backup:backup/… is newer`.
   * Undefined: none would. Absent: its steps look at all of it by themselves.
   *
   * @throws CommandError when it cannot be done any more, or that cannot be told
   */
  outlived?(plan: Plan, inputs: Inputs): Promise<string | undefined>;
  /**
   * Asked before it is resumed: as long as the committing request has taken no effect, what it was planned on is looked at again.
   * Why what was begun is taken back and planned anew, as a clause: `web was started since`. Undefined: it is resumed.
   *
   * @throws CommandError when it cannot be told; then it stays half done
   */
  lookAgain?(plan: Plan, open: Journal): Promise<string | undefined>;
  /** Whether what it has made is not there any more. Asked of one that has ended, before others of its batch are begun anew. */
  isGone?(plan: Plan): Promise<boolean>;
  /** Called when every step is done, before the journal says so. */
  beforeEnd?(): void;
}

/** Looks at the subject, and asks whether what is planned is allowed. @throws CommandError as `plan` and `permitted` do */
export async function planPermitted<Plan, Shown extends Planned<Plan>>(
  operation: Pick<Operation<Plan, Shown>, "plan" | "permitted">,
): Promise<Shown | NothingToDo> {
  const planned = await operation.plan();
  if (!("nothing" in planned)) await operation.permitted?.(planned.plan);
  return planned;
}
