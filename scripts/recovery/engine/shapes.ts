import * as z from "zod";
import { exitCode, failureShape, isoMoment, seconds, type Shapes } from "../../terminal/shapes";

const stepMembers = {
  id: z.string().describe("path of ids: `save-point/take`"),
  title: z.string(),
  does: z.string().describe("the step as a line of the plan"),
  needs: z.string().optional().describe("what must be there before it"),
  command: z.string().optional().describe("what does it alone"),
  check: z.string().optional().describe("what is seen when it has worked"),
  estimate: z
    .strictObject({ seconds: seconds("how long it is expected to take"), basis: z.string() })
    .optional()
    .describe("only where something like it was measured on this machine"),
};
const step = z.strictObject(stepMembers);
const subject = z.string().describe("`prod/web`, or `prod`");

const flags = z.array(z.string()).describe("that answer every question of the plan");

export const findingShape = z.strictObject({
  severity: z.enum(["note", "todo", "problem"]).describe("a `problem` ends the command with 3"),
  text: z.string(),
  mend: z.string().optional().describe("the command that mends it"),
});

/** What every plan has besides its own members. */
export const planFrame = { steps: z.array(step).describe("in the order in which they run"), flags };

/** What every report has besides its own members. */
export const reportFrame = {
  findings: z.array(findingShape).describe("what the operator should know, or do"),
  seconds: seconds("how long it took, over all runs"),
  operation: z.string().describe("its id, as `lifeboat undo` takes it"),
};

/** A dry run of what is half done already. */
export const resumeShape = z.strictObject({
  resume: z.strictObject({
    operation: z.string().describe("its id"),
    startedAt: isoMoment("when it began, by this machine's clock"),
    remaining: z
      .array(z.strictObject({ subject: subject.optional(), id: z.string(), does: z.string() }))
      .describe("steps that are left; in a batch with their subjects"),
  }),
});

/** Members of an operation's own, by occasion. */
interface OperationMembers {
  readonly plan: z.ZodRawShape;
  readonly report: z.ZodRawShape;
  /** Absent: there is always something to do. */
  readonly nothing?: z.ZodRawShape;
}

/** The shapes of all that a command prints that runs an operation: the engine adds the same to each. */
export function operationShapes({ plan, report, nothing }: OperationMembers): Shapes {
  return {
    plan: z.strictObject({ plan: z.strictObject({ ...plan, ...planFrame }) }),
    resume: resumeShape,
    report: z.strictObject({ ...report, ...reportFrame }),
    ...(nothing === undefined ? {} : { "nothing to do": z.strictObject({ ...nothing, changed: z.literal(false) }) }),
  };
}

/** Something that cannot be done, and is left out of a batch. */
const refusalShape = z.strictObject({ subject, exitCode, ...failureShape });

/** The shapes of all that a command prints that runs a batch. */
export function batchShapes({ plan, report }: Pick<OperationMembers, "plan" | "report">): Shapes {
  const batchPlan = z.strictObject({
    ...plan,
    ended: z
      .array(subject)
      .optional()
      .describe("subjects that an interrupted run has done already; they are not done again"),
    leftOut: z.array(refusalShape).describe("what cannot be done, with --skip-refused"),
    seconds: seconds("how long all of it is expected to take").optional(),
    steps: z
      .array(z.strictObject({ subject, ...stepMembers }))
      .describe("of each subject, in the order in which they run"),
    flags,
  });
  return {
    plan: z.strictObject({ plan: batchPlan }),
    resume: resumeShape,
    report: z.strictObject({
      exitCode,
      ...report,
      ...reportFrame,
      resume: z.string().optional().describe("the command that resumes what is half done"),
    }),
  };
}

/** The shapes of all that a command prints that runs operations one after the other. @param report of one of them */
export function sequenceShapes({ plan, report }: Pick<OperationMembers, "plan" | "report">): Shapes {
  const leftOut = z.array(refusalShape).describe("what cannot be done");
  const steps = z
    .array(z.strictObject({ subject, ...stepMembers }))
    .describe("of each subject, in the order in which they run");
  return {
    plan: z.strictObject({
      plan: z.strictObject({ environments: z.array(z.strictObject(plan)), steps, leftOut, flags }),
    }),
    report: z.strictObject({
      exitCode,
      environments: z.array(
        z.strictObject({
          environment: z.string(),
          result: z.enum(["done", "unchanged", "failed"]),
          seconds: seconds("how long it took"),
          ...report,
          findings: reportFrame.findings,
          error: z.string().nullable().describe("why it failed; null where it did not"),
        }),
      ),
      leftOut,
      left: z.array(z.string()).describe("subjects that were not begun, since one before them failed"),
      findings: reportFrame.findings,
      seconds: seconds("how long all of it took"),
    }),
  };
}

/** The shapes of an operation that is taken back step by step. */
export function takeBackShapes(members: z.ZodRawShape): Shapes {
  return {
    plan: z.strictObject({
      plan: z.strictObject({
        ...members,
        takesBack: z.string().describe("id of the operation"),
        stays: z.array(z.string()).describe("what its steps did and is left as it is, one sentence each"),
        ...planFrame,
      }),
    }),
    report: z.strictObject({
      ...members,
      takenBack: z.array(z.strictObject({ id: z.string(), title: z.string() })).describe("its steps"),
      ...reportFrame,
    }),
  };
}

/** Shapes of another way of a command: `plan, of several`. */
export function named(shapes: Shapes, suffix: string): Shapes {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [`${name}, ${suffix}`, shape]));
}
