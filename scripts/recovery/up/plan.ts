import * as z from "zod";
import { lossSchema } from "../../clients/pulumi-cli/losses";
import { sequenceShapes } from "../engine/shapes";

/** Kind of the journals of `lifeboat up`. */
export const upKind = "up";

/**
 * What is done with one environment.
 *
 * - `store`: its state is in the state store, or gets there;
 * - `here`: it is on this machine, and stays there for now;
 * - `named`: somebody has named another backend.
 */
export const upPlanSchema = z.object({
  environment: z.string(),
  /** Where the state is when all is done. */
  place: z.enum(["store", "here", "named"]),
  /** Backend with which `pulumi up` works. */
  url: z.string(),
  /** Keys are made first, one half sentence each. */
  keys: z.array(z.string()),
  /** Environments whose tokens of the exporter are written into the settings, for another update. */
  handOver: z.array(z.string()).exactOptional(),
  /** What the monitoring lacks is made first, one half sentence each; absent: nothing, or an earlier version has made the plan. */
  monitoringKeys: z.array(z.string()).exactOptional(),
  /** Passwords that sources of data lack are made first, one half sentence each; absent: none, or an earlier version has made the plan. */
  dataPasswords: z.array(z.string()).exactOptional(),
  /** Locks of processes of this machine that have ended, and are taken away. */
  deadLocks: z.array(z.string()),
  /** The stack is not there yet. */
  init: z.boolean(),
  /** When the state goes from this machine to the store. */
  move: z.enum(["no", "before-up", "after-up"]),
  /** Wait until the store answers. */
  wait: z.boolean(),
  up: z.boolean(),
  /** Its state is copied to where the settings keep copies. */
  copy: z.boolean(),
  /** What the state was when the preview began: the update works on no other; absent: there was none. */
  state: z.string().exactOptional(),
  /** What a preview has counted; absent: there was none. */
  changes: z.record(z.string(), z.number()).exactOptional(),
  /** What it has seen deleted or made anew; absent: there was none, or an earlier version has made the plan. */
  losses: z.array(lossSchema).exactOptional(),
});

export type UpPlan = z.infer<typeof upPlanSchema>;

/** What `lifeboat up` prints with `--json`. */
export const upShapes = sequenceShapes({
  plan: {
    environment: z.string(),
    place: upPlanSchema.shape.place.describe(
      "where its state is at the end: in the state `store`, on this machine (`here`), or in a backend that you `named`",
    ),
    backend: z.string().describe("with which `pulumi up` works, without its parameters"),
    changes: z.record(z.string(), z.number()).nullable().describe("by operation; null where there was no preview"),
    losses: z
      .array(lossSchema)
      .nullable()
      .describe("every resource that is deleted or made anew; null where there was no preview"),
  },
  report: { changes: z.string().describe("what `pulumi up` did: `create 3, update 1`") },
});

/** Whether anything is to be done at all. */
export function isIdle({
  keys,
  handOver,
  monitoringKeys,
  dataPasswords,
  deadLocks,
  init,
  move,
  up,
  copy,
}: UpPlan): boolean {
  return (
    keys.length === 0 &&
    (handOver ?? []).length === 0 &&
    (monitoringKeys ?? []).length === 0 &&
    (dataPasswords ?? []).length === 0 &&
    deadLocks.length === 0 &&
    !init &&
    move === "no" &&
    !up &&
    !copy
  );
}
