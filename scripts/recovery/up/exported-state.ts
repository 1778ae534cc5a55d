import * as z from "zod";

const pendingSchema = z.looseObject({ type: z.string(), resource: z.looseObject({ urn: z.string() }) });

const resourceSchema = z.looseObject({
  urn: z.string(),
  /** When an update has made it, or taken it in. */
  created: z.string().nullish(),
  /** It was there before, and was taken in. */
  importID: z.string().nullish(),
});

/** What is read of a state that `pulumi stack export` has printed. */
export const deploymentSchema = z.object({
  resources: listOf(resourceSchema),
  pending_operations: listOf(pendingSchema),
});

export type Deployment = z.infer<typeof deploymentSchema>;

/** Go leaves out what is empty, or says null. */
function listOf<Member extends z.ZodType>(member: Member) {
  return z
    .array(member)
    .nullish()
    .transform((list) => list ?? []);
}
