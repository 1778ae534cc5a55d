import * as z from "zod";
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
