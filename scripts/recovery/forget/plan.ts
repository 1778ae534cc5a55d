import * as z from "zod";

/** Save points of one guest that are given up, as the journal keeps them. */
export const forgetPlanSchema = z.object({
  environment: z.string(),
  guest: z.string(),
  vmid: z.number(),
  savePoints: z.array(
    z.object({
      volid: z.string(),
      /** A node that reaches it. */
      node: z.string(),
      /** Bytes. */
      size: z.number(),
      /** When it was made, by the node's wall clock. */
      date: z.string(),
    }),
  ),
});

export type ForgetPlan = z.infer<typeof forgetPlanSchema>;

/** Name of the operation in journals. */
export const forgetKind = "forget-save-points";
