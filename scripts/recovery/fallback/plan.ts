import * as z from "zod";
import { bytes, milliseconds } from "../../terminal/shapes";
import { operationShapes } from "../engine/shapes";

/** Name of these operations in journals. */
export const fallbackKind = "state-fallback";

/** A state that a copy of it takes the place of, on this machine, as the journal keeps it. No secrets. */
export const fallbackPlanSchema = z.object({
  environment: z.string(),
  project: z.string(),
  from: z.string().exactOptional().describe("place of the copy, as --from has it; absent: the folder of the settings"),
  fromName: z.string().describe("the same for people"),
  store: z.string().describe("endpoint of the store that does not answer"),
  copy: z.object({
    object: z.string(),
    sha256: z.string(),
    size: bytes("of the state"),
    time: milliseconds("when the copy was made").exactOptional(),
    made: milliseconds("when Pulumi made the state").exactOptional(),
    duringUpdate: z.boolean().describe("an update was at work when it was copied"),
    update: z
      .object({ kind: z.string(), result: z.string(), ended: milliseconds("when it ended"), message: z.string() })
      .exactOptional()
      .describe("the last update that ended before"),
  }),
  base: z.string().describe("digest of what the state holds"),
  staleSince: milliseconds("when the store was last seen with something newer").exactOptional(),
  answers: z.boolean().describe("the store answers after all"),
});

export type FallbackPlan = z.infer<typeof fallbackPlanSchema>;

/** `lifeboat state fallback --json` */
export const fallbackShapes = operationShapes({
  plan: fallbackPlanSchema.shape,
  report: {
    environment: z.string(),
    state: z.literal("local"),
    copy: fallbackPlanSchema.shape.copy,
    return: z.string().describe("the command that brings it back to the store"),
  },
});
