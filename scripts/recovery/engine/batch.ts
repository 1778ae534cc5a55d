import type { Bounds } from "../../machine/bounded";
import type { CommandContext } from "../../project/context";
import type { ExitCode } from "../../terminal/exit-codes";
import type { Lines } from "../../terminal/talk";
import type { GivenAnswers } from "./consent";
import type { Journal } from "./journal";
import type { BundleFolder } from "./journal-bundle";
import type { Operation, Planned, Report } from "./operation";
import type { StepView } from "./plan-view";
import type { Session } from "./session";
import type { Finding } from "./step";

/** One operation of a batch, on a subject of its own. */
export interface Member<Plan, Shown extends Planned<Plan> = Planned<Plan>> {
  readonly session: Session;
  readonly operation: Operation<Plan, Shown>;
}

/** A member whose plan is made. */
export interface PlannedMember<Plan, Shown extends Planned<Plan> = Planned<Plan>> extends Member<Plan, Shown> {
  readonly planned: Shown;
  readonly steps: readonly StepView[];
}

/** Something that cannot be done, and why: the others may go without it. */
export interface Refusal {
  /** `prod/web`; `prod`. */
  readonly subject: string;
  readonly exitCode: ExitCode;
  readonly message: string;
  readonly hint?: string;
}

/** What can be done, and what cannot. */
export interface BatchPlan<Plan, Shown extends Planned<Plan> = Planned<Plan>> {
  readonly members: readonly PlannedMember<Plan, Shown>[];
  readonly refused: readonly Refusal[];
}

/** A member whose journal is there. */
export interface BegunMember<Plan> {
  readonly session: Session;
  readonly operation: Operation<Plan>;
  readonly journal: Journal;
  readonly plan: Plan;
}

/** What became of a member. */
export type Outcome<Plan> = { readonly part: BegunMember<Plan>; readonly exitCode: ExitCode } & (
  | { readonly kind: "ended"; readonly findings: readonly Finding[] }
  /** By an earlier run: nobody has looked at it since. */
  | { readonly kind: "ended-before"; readonly findings: readonly Finding[]; readonly endedAt: string }
  /** `taken-back`: by an earlier run that failed, or by `undo` since. */
  | { readonly kind: "failed" | "taken-back"; readonly message: string; readonly hint?: string }
  /** Ctrl-C came first. */
  | { readonly kind: "interrupted" }
);

/** Holds a member back before some of its steps. */
export interface Gate {
  before(stepPath: string): Promise<void>;
  /** Called at the member's end, whatever it was. */
  release(): void;
}

/**
 * Operations of one kind that were asked for at once: one plan, one consent, one report. Each has a journal of its own,
 * by which it can be resumed or taken back alone.
 */
export interface Batch<Plan, Shown extends Planned<Plan> = Planned<Plan>> {
  readonly context: CommandContext;
  readonly dryRun: boolean;
  /** `restore of prod/web, prod/db`. */
  readonly name: string;
  /** What is looked at to plan it: `2 guests`. */
  readonly subjects: string;
  /** What becomes of its members: `restored`. */
  readonly participle: string;
  /** Any member's will do: bundles are kept beside the folders of all sites. */
  readonly bundles: BundleFolder;
  /** What tells one request from another. */
  readonly request: Readonly<Record<string, string>>;
  /** The command line that does the same again. */
  readonly command: string;
  readonly given: GivenAnswers;
  /** Members that cannot be planned are left out; else they stop all. */
  readonly skipRefused: boolean;
  readonly bounds: Bounds<BegunMember<Plan>>;
  /**
   * Looks at every subject and decides for each by itself.
   *
   * @param superseded ids of what is half done and keeps nothing from being planned, since this plan stands for it
   */
  plan(superseded: ReadonlySet<string>): Promise<BatchPlan<Plan, Shown>>;
  /** What fits one by one and not together is refused here. @throws CommandError */
  refuseTogether?(members: readonly PlannedMember<Plan, Shown>[]): void;
  /** The plan without what the engine adds: steps, times, refusals, flags. */
  view(plan: BatchPlan<Plan, Shown>): Report;
  /** Asked about the whole plan, and before it is resumed; left out: nobody is asked. */
  question?(members: readonly PlannedMember<Plan, Shown>[]): string;
  /** The member that a journal is of; undefined where it is none of this batch's. */
  memberOf(journal: Journal): Member<Plan, Shown> | undefined;
  /** Called before members are resumed, such as to lock them. @throws CommandError */
  beforeResume?(open: readonly BegunMember<Plan>[]): void;
  /** What is shown while it runs: `Restore 2 guests`. */
  title(parts: readonly BegunMember<Plan>[]): string;
  gate?(part: BegunMember<Plan>): Gate;
  /** How a member ended; by default `partly` where a step found a problem. */
  exitCodeOf?(part: BegunMember<Plan>): ExitCode;
  /** Reports, after whatever is to be done once for all members. */
  report(outcomes: readonly Outcome<Plan>[], refused: readonly Refusal[]): Promise<BatchReport> | BatchReport;
}

/** What a batch did, for people and scripts, without what the engine adds. */
export interface BatchReport {
  readonly value: Readonly<Record<string, unknown>>;
  /** Of the batch as a whole; those of its members are added. */
  readonly findings: readonly Finding[];
  /** @param seconds from the beginning to the end of this run. */
  readonly print: (lines: Lines, seconds: number) => void;
}
