import * as z from "zod";
import { bytes, milliseconds } from "../../terminal/shapes";
import { operationShapes } from "../engine/shapes";

/** Name of these operations in journals. */
export const pruneStateKind = "prune-state";

const countSchema = z.object({ remove: z.number(), keep: z.number() });

/** What goes of a stack's history, as the journal keeps it. */
export const pruneStatePlanSchema = z.object({
  environment: z.string(),
  where: z.string().describe("the backend"),
  remove: z.array(z.string()).describe("keys of what goes, in this order"),
  bytes: bytes("what goes"),
  updates: countSchema,
  backups: countSchema,
  saved: countSchema,
  spared: z.number().describe("updates that are old enough, and stay because of what they are"),
  oldest: milliseconds("oldest update that stays").exactOptional(),
  versioned: z.boolean().describe("the store keeps old versions of what goes, until they expire"),
});

export type PruneStatePlan = z.infer<typeof pruneStatePlanSchema>;

/** `lifeboat state prune --json` */
export const pruneStateShapes = operationShapes({
  plan: pruneStatePlanSchema.shape,
  report: pruneStatePlanSchema.shape,
  nothing: pruneStatePlanSchema.shape,
});
