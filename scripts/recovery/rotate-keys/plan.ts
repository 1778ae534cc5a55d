import * as z from "zod";
import { operationShapes } from "../engine/shapes";

const renewedKeySchema = z.object({
  role: z
    .enum(["environment", "reader", "copier"])
    .describe("whose: the environment's own, that of previews, or that of the copies of all states"),
  former: z.string().describe("access key that goes"),
  next: z.string().describe("access key that takes its place"),
  made: z.array(z.string()).describe("access keys that the former has made for itself, which go with it"),
});

/** One key that is replaced by another. */
export type RenewedKey = z.infer<typeof renewedKeySchema>;

/** Which keys are replaced, as the journal keeps it: names, and no secret. */
export const rotateKeysPlanSchema = z.object({
  environment: z.string(),
  owner: z.string().describe("the environment whose stack makes the store"),
  endpoint: z.string().describe("the state store"),
  keys: z.array(renewedKeySchema),
});

export type RotateKeysPlan = z.infer<typeof rotateKeysPlanSchema>;

/** The files that hold the keys. */
export function settingsFiles({ owner, environment }: RotateKeysPlan): string {
  return [...new Set([owner, environment])].map((name) => `Pulumi.${name}.yaml`).join(" and ");
}

/** `lifeboat state rotate --json` */
export const rotateKeysShapes = operationShapes({
  plan: rotateKeysPlanSchema.shape,
  report: rotateKeysPlanSchema.shape,
});
