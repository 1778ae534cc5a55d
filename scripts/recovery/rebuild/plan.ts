import * as z from "zod";

/** Name of these operations in journals. */
export const rebuildKind = "rebuild-state-store";

const copySchema = z.object({
  object: z.string(),
  sha256: z.string(),
  /** When the copy was made, and the state in it, milliseconds since 1970. */
  time: z.number().exactOptional(),
  made: z.number().exactOptional(),
  duringUpdate: z.boolean(),
  /** Restore points: entries of the history and saved states. */
  points: z.number(),
});

const environmentSchema = z.object({
  name: z.string(),
  /** Absent: there is none that can be used. */
  copy: copySchema.exactOptional(),
  /** Why a copy cannot be used. */
  damaged: z.string().exactOptional(),
  /** When the store was last seen with something newer than the copy, milliseconds since 1970. */
  staleSince: z.number().exactOptional(),
  /** The state is on this machine: in a fallback. It goes back with `state return`, or is the store's owner's. */
  local: z.boolean(),
  /** The store has a state of it: it is not touched. */
  stored: z.boolean(),
});

export type RebuiltEnvironment = z.infer<typeof environmentSchema>;

/** A state store that is made again and gets its states back, as the journal keeps it. No secrets. */
export const rebuildPlanSchema = z.object({
  /** The environment whose stack makes the store. */
  owner: z.string(),
  endpoint: z.string(),
  kind: z.enum(["container", "service"]),
  /** The store's container. */
  guest: z.object({ name: z.string(), id: z.number(), exists: z.boolean() }).exactOptional(),
  answers: z.boolean(),
  /** Where the copies are, for people. */
  from: z.string(),
  /** Keys that are made because the settings do not hold them. */
  keys: z.array(z.string()),
  environments: z.array(environmentSchema),
});

export type RebuildPlan = z.infer<typeof rebuildPlanSchema>;
