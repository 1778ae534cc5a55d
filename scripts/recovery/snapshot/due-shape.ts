import * as z from "zod";
import { exitCode, failureShape, moment } from "../../terminal/shapes";

/** `lifeboat backup snapshots --due --json` */
export const dueShape = z.strictObject({
  exitCode,
  dryRun: z.boolean(),
  guests: z.array(
    z.strictObject({
      guest: z.string().describe("`prod/web`"),
      id: z.number(),
      node: z.string(),
      taken: z.array(z.string()).describe("snapshots that were taken; in a dry run those that would be"),
      removed: z.array(z.string()),
      next: moment("the schedule's next time").optional(),
      postponed: z.string().optional().describe("why none is taken just now; the next run tries again"),
      problem: z.string().optional(),
      hint: z.string().optional().describe("the way on, where there is one"),
      exitCode: exitCode.optional().describe("what the command ends with that has this problem only"),
    }),
  ),
  unknown: z.array(z.strictObject({ environment: z.string(), ...failureShape })).describe("who could not be asked"),
});
