import * as z from "zod";

const pendingSchema = z.looseObject({ type: z.string(), resource: z.looseObject({ urn: z.string() }) });

/** What is read of a state that `pulumi stack export` has printed. */
export const deploymentSchema = z.object({
  resources: listOf(z.looseObject({ urn: z.string() })),
  pending_operations: listOf(pendingSchema),
});

/** Go leaves out what is empty, or says null. */
function listOf<Member extends z.ZodType>(member: Member) {
  return z
    .array(member)
    .nullish()
    .transform((list) => list ?? []);
}
