import * as z from "zod";
import { milliseconds, seconds } from "../../terminal/shapes";
import { operationShapes } from "../engine/shapes";

/** Name of these operations in journals. */
export const rebuildKind = "rebuild-state-store";

const copySchema = z.object({
  object: z.string(),
  sha256: z.string(),
  time: milliseconds("when the copy was made").exactOptional(),
  made: milliseconds("when Pulumi made the state").exactOptional(),
  duringUpdate: z.boolean().describe("an update was at work when it was copied"),
  points: z.number().describe("restore points: entries of the history and saved states"),
});

const environmentSchema = z.object({
  name: z.string(),
  copy: copySchema.exactOptional().describe("absent: there is none that can be used"),
  damaged: z.string().exactOptional().describe("why a copy cannot be used"),
  staleSince: milliseconds("when the store was last seen with something newer than the copy").exactOptional(),
  /** In a fallback, which `state return` ends; or it is the store's owner's. */
  local: z.boolean().describe("the state is on this machine"),
  stored: z.boolean().describe("the store has its state, which stays"),
  unreadable: z
    .string()
    .exactOptional()
    .describe("why the state that the store has cannot be used: the copy replaces it"),
});

export type RebuiltEnvironment = z.infer<typeof environmentSchema>;

/** A state store that is made again and gets its states back, as the journal keeps it. No secrets. */
export const rebuildPlanSchema = z.object({
  owner: z.string().describe("the environment whose stack makes the store"),
  endpoint: z.string(),
  kind: z.enum(["container", "service"]),
  guest: z
    .object({ name: z.string(), id: z.number(), exists: z.boolean() })
    .exactOptional()
    .describe("the store's container"),
  answers: z.boolean().describe("the store answers"),
  from: z.string().describe("where the copies are"),
  keys: z.array(z.string()).describe("that are made because the settings do not hold them"),
  environments: z.array(environmentSchema),
  map: z
    .object({ nodes: z.record(z.string(), z.string()), storages: z.record(z.string(), z.string()) })
    .exactOptional()
    .describe(
      "new names, by old ones, of a node that was replaced and of its storages; absent: every node has its name",
    ),
});

export type RebuildPlan = z.infer<typeof rebuildPlanSchema>;

/** `lifeboat rebuild state-store --json` */
export const rebuildShapes = operationShapes({
  plan: rebuildPlanSchema.shape,
  report: {
    endpoint: z.string(),
    environments: z.array(
      z.strictObject({
        name: z.string(),
        works: z.boolean().describe("pulumi works with it again"),
        points: z.number().describe("restore points that it got"),
        copy: copySchema.nullable(),
      }),
    ),
    targetSeconds: seconds("how long it may take"),
  },
});
