import * as z from "zod";

/** Name of these operations in journals. */
export const pruneStateKind = "prune-state";

const countSchema = z.object({ remove: z.number(), keep: z.number() });

/** What goes of a stack's history, as the journal keeps it. */
export const pruneStatePlanSchema = z.object({
  environment: z.string(),
  where: z.string(),
  /** Keys, in the order in which they go. */
  remove: z.array(z.string()),
  bytes: z.number(),
  updates: countSchema,
  backups: countSchema,
  saved: countSchema,
  /** Updates that would go by the rule, and stay because of what they are. */
  spared: z.number(),
  /** Milliseconds since 1970 of the oldest update that stays. */
  oldest: z.number().exactOptional(),
  /** The store keeps old versions of what goes, until they expire. */
  versioned: z.boolean(),
});

export type PruneStatePlan = z.infer<typeof pruneStatePlanSchema>;
