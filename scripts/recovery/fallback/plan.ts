import * as z from "zod";

/** Name of these operations in journals. */
export const fallbackKind = "state-fallback";

/** A state that a copy of it takes the place of, on this machine, as the journal keeps it. No secrets. */
export const fallbackPlanSchema = z.object({
  environment: z.string(),
  project: z.string(),
  /** What names the place of the copy on a command line; absent for the folder of the settings. */
  from: z.string().exactOptional(),
  /** The same for people. */
  fromName: z.string(),
  /** The store that does not answer. */
  store: z.string(),
  copy: z.object({
    object: z.string(),
    sha256: z.string(),
    /** Bytes. */
    size: z.number(),
    /** When the copy was made, and the state in it, milliseconds since 1970. */
    time: z.number().exactOptional(),
    made: z.number().exactOptional(),
    duringUpdate: z.boolean(),
    /** The last update that ended before. */
    update: z.object({ kind: z.string(), result: z.string(), ended: z.number(), message: z.string() }).exactOptional(),
  }),
  /** Digest of what the state holds. */
  base: z.string(),
  /** When the store was last seen with something newer, milliseconds since 1970. */
  staleSince: z.number().exactOptional(),
  /** The store answers after all. */
  answers: z.boolean(),
});

export type FallbackPlan = z.infer<typeof fallbackPlanSchema>;
