import * as z from "zod";
import { bytes } from "../../terminal/shapes";
import { named, operationShapes } from "../engine/shapes";

/** Save points of one guest that are given up, as the journal keeps them. */
export const forgetPlanSchema = z.object({
  environment: z.string(),
  guest: z.string(),
  vmid: z.number(),
  /** It ran when the newest of its save points was made; absent in older journals: it is taken to have run. */
  ran: z.boolean().exactOptional(),
  savePoints: z.array(
    z.object({
      volid: z.string(),
      /** A node that reaches it. */
      node: z.string(),
      size: bytes("of the archive"),
      date: z.string().describe("when it was made, by the node's wall clock"),
    }),
  ),
  /** Save points under the guest's number that are another's; absent in older journals. */
  leftOut: z.array(z.object({ volid: z.string(), reason: z.string() })).exactOptional(),
  /** Storages on which there may be more, and why nobody knows; absent where every one was searched. */
  unsearched: z.string().exactOptional(),
});

export type ForgetPlan = z.infer<typeof forgetPlanSchema>;

/** Name of the operation in journals. */
export const forgetKind = "forget-save-points";

const { vmid, savePoints } = forgetPlanSchema.shape;
const leftOut = z
  .array(z.strictObject({ volid: z.string(), reason: z.string().describe("why it is not this guest's") }))
  .describe("save points under the same number that stay");
const unsearched = z.string().nullable().describe("storages on which there may be more, and why nobody knows");
const guest = z.string().describe("`prod/web`");
const deleted = { deleted: z.array(z.string()).describe("archives"), bytes: bytes("what they took") };

/** `lifeboat undo --forget --json` */
export const forgetShapes = named(
  operationShapes({
    plan: { guest, vmid, savePoints, leftOut, unsearched },
    report: { guest, ...deleted },
    nothing: { guest, ...deleted },
  }),
  "with --forget",
);
