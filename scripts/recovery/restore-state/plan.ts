import * as z from "zod";

/** Name of these operations in journals. */
export const restoreStateKind = "restore-state";

const namedSchema = z.object({ urn: z.string(), name: z.string(), type: z.string(), id: z.string() });

/**
 * A state that an earlier one takes the place of, as the journal keeps it: everything that the steps need, so that another
 * process can go on with them. No secrets.
 */
export const restoreStatePlanSchema = z.object({
  environment: z.string(),
  /** Where the state is kept, for messages. */
  where: z.string(),
  point: z.object({
    id: z.string(),
    source: z.enum(["present", "history", "saved", "version", "backup"]),
    /** Milliseconds since 1970. */
    time: z.number(),
    key: z.string(),
    versionId: z.string().exactOptional(),
    sha256: z.string(),
    /** Something was under way when it was written. */
    halfWritten: z.boolean(),
  }),
  /** The present checkpoint; absent where the stack was removed. */
  present: z
    .object({
      key: z.string(),
      sha256: z.string(),
      /** Where it is kept: an object beside Pulumi's, and a file on this machine. */
      kept: z.object({ key: z.string(), id: z.string(), file: z.string() }),
    })
    .exactOptional(),
  /** The object that is written. Its name fits the form of the content. */
  target: z.string(),
  /** Other forms of the present checkpoint: of several Pulumi reads the newest, and here one is left. */
  others: z.array(z.string()),
  /** Resources that Pulumi knows no more afterwards, and that go on to exist. */
  forgotten: z.array(namedSchema),
  /** What was under way when the state that is left was written. */
  underWay: z.array(z.object({ urn: z.string(), type: z.string() })),
});

export type RestoreStatePlan = z.infer<typeof restoreStatePlanSchema>;
