import * as z from "zod";
import { operationShapes } from "../engine/shapes";
import { addressSchema } from "../steps/guest/plan";

/** Name of these operations in journals. */
export const snapshotKind = "snapshot";

/** A snapshot that is taken or removed by hand, as the journal keeps it. */
export const snapshotPlanSchema = z.object({
  environment: z.string(),
  guest: z.string(),
  target: addressSchema,
  action: z.enum(["take", "remove"]),
  /** Its name. */
  snapshot: z.string(),
  /** What it is for; empty where it is removed. */
  description: z.string(),
});

export type SnapshotPlan = z.infer<typeof snapshotPlanSchema>;

const guest = { guest: z.string().describe("`prod/web`"), vmid: z.number(), node: z.string() };
const snapshot = z.string().optional().describe("the one that is taken");
const removed = z.string().optional().describe("the one that is removed");

/** `lifeboat backup snapshot --json` */
export const snapshotShapes = operationShapes({
  plan: { ...guest, snapshot, removed },
  report: { ...guest, snapshot, removed, goBack: z.string().optional().describe("the command that goes back to it") },
});
