import * as z from "zod";
import { operationShapes } from "../engine/shapes";

/** Name of these operations in journals. */
export const returnKind = "state-return";

/** A state that leaves this machine for the store again, as the journal keeps it. No secrets. */
export const returnPlanSchema = z.object({
  environment: z.string(),
  store: z.string().describe("the bucket"),
  local: z.string().describe("the folder on this machine"),
  moved: z.enum(["neither", "local", "store", "both"]).describe("which has changed since the fallback began"),
  keep: z.enum(["local", "store"]).describe("which is the live one afterwards"),
  /** The state on this machine. */
  present: z.object({ object: z.string(), sha256: z.string() }),
  /** The state in the store; absent where it has none. */
  stored: z.object({ object: z.string(), sha256: z.string() }).exactOptional(),
  unusable: z.string().exactOptional().describe("why what the store has is no state: it makes room"),
  kept: z
    .object({ side: z.enum(["local", "store"]), key: z.string(), id: z.string() })
    .exactOptional()
    .describe("the other state, which stays as a restore point of the store"),
  difference: z.array(z.string()).describe("between the two, seen from the store: a line for each resource"),
});

export type ReturnPlan = z.infer<typeof returnPlanSchema>;

const { environment, moved, kept } = returnPlanSchema.shape;

/** `lifeboat state return --json` */
export const returnShapes = operationShapes({
  plan: returnPlanSchema.shape,
  report: {
    environment,
    state: z.literal("store"),
    moved,
    kept: kept.unwrap().nullable(),
    archive: z.string().describe("folder to which the state on this machine was put away"),
  },
});
