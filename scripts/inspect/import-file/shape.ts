import * as z from "zod";

/** `lifeboat state import-file --json` */
export const importFileShape = z.strictObject({
  environment: z.string(),
  dryRun: z.boolean().describe("the file was not written"),
  file: z.string(),
  imported: z
    .array(z.strictObject({ type: z.string(), name: z.string(), id: z.string() }))
    .describe("resources that the new state takes in"),
  leftOut: z.array(
    z.strictObject({
      what: z.string(),
      why: z.string(),
      next: z.string().describe("what to do, or what the next update does"),
      isMade: z.boolean().describe("the next update makes it"),
    }),
  ),
  notes: z.array(z.string()),
  next: z.array(z.string()).describe("commands to run in the project's folder, in this order"),
});
