import * as z from "zod";

/** Name of these operations in journals. */
export const returnKind = "state-return";

/** A state that leaves this machine for the store again, as the journal keeps it. No secrets. */
export const returnPlanSchema = z.object({
  environment: z.string(),
  /** The bucket and the folder, for messages. */
  store: z.string(),
  local: z.string(),
  /** Which side has another state than the fallback began with. */
  moved: z.enum(["neither", "local", "store", "both"]),
  /** The state that is the live one afterwards. */
  keep: z.enum(["local", "store"]),
  /** The state on this machine. */
  present: z.object({ object: z.string(), sha256: z.string() }),
  /** The state in the store; absent where it has none. */
  stored: z.object({ object: z.string(), sha256: z.string() }).exactOptional(),
  /** Where the other of two states that both moved, or the store's old one, stays as a restore point of the store. */
  kept: z.object({ side: z.enum(["local", "store"]), key: z.string(), id: z.string() }).exactOptional(),
  /** What differs between the two, seen from the store: a line for each resource. */
  difference: z.array(z.string()),
});

export type ReturnPlan = z.infer<typeof returnPlanSchema>;
