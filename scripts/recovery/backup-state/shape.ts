import * as z from "zod";
import { bytes, exitCode, milliseconds } from "../../terminal/shapes";

const marker = z.strictObject({
  version: z.literal(1),
  project: z.string(),
  environment: z.string(),
  time: milliseconds("when the copy was made"),
  by: z.enum(["command", "timer"]),
  from: z.string(),
  checkpoint: z.strictObject({
    object: z.string(),
    size: bytes("of the state"),
    sha256: z.string(),
    modified: milliseconds("when it was written to the store, by the store's clock"),
    made: milliseconds("when Pulumi made it").optional(),
    pulumi: z.string().optional().describe("Pulumi's version"),
  }),
  update: z
    .strictObject({
      kind: z.string(),
      result: z.string(),
      ended: milliseconds("when it ended"),
      message: z.string().optional(),
    })
    .optional()
    .describe("the last update that ended before"),
  newest: z.string().optional().describe("name of the newest entry of its history: nanoseconds since 1970"),
  duringUpdate: z.boolean().describe("an update was at work, or had died: the state may be from its middle"),
});

const base = { environment: z.string(), from: z.string().nullable().describe("what was copied") };
const differing = z
  .array(z.string())
  .describe("keys of the history that the copy has with another content: one of both is damaged, and both are kept");
const objects = z.number().describe("of the history, that were not there before");

/** `lifeboat backup state --json` */
export const copiesShape = z.strictObject({
  exitCode,
  to: z.string(),
  dryRun: z.boolean(),
  copies: z.array(
    z.discriminatedUnion("outcome", [
      z.strictObject({
        ...base,
        outcome: z.literal("copied"),
        objects,
        differing,
        copy: marker,
        unreadable: z.array(z.string()).describe("objects of the history that cannot be read, and are not copied"),
      }),
      z.strictObject({ ...base, outcome: z.literal("planned"), objects, differing, state: z.boolean() }),
      z.strictObject({ ...base, outcome: z.literal("kept"), why: z.string() }),
      z.strictObject({ ...base, outcome: z.literal("failed"), why: z.string(), hint: z.string().nullable() }),
      z.strictObject({ ...base, outcome: z.literal("empty") }),
    ]),
  ),
  unusable: z.array(z.string()).describe("environments whose settings are wrong"),
});
