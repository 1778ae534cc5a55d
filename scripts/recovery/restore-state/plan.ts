import * as z from "zod";
import { milliseconds } from "../../terminal/shapes";
import { operationShapes } from "../engine/shapes";
import { pointShape } from "../steps/state/points-view";

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
  /** The present checkpoint's key, where it cannot be read: then there is nothing to keep. */
  unreadable: z.string().exactOptional(),
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

const environment = z.string();
const where = z.string().describe("the backend");
const kept = z
  .strictObject({ key: z.string(), id: z.string(), file: z.string() })
  .nullable()
  .describe("the state before: its object, its restore point, and its file on this machine");
const resource = z.strictObject({ urn: z.string(), name: z.string(), type: z.string(), id: z.string().optional() });
const input = z.strictObject({
  name: z.string(),
  from: z.string().optional(),
  to: z.string().optional(),
  secret: z.boolean().describe("then the values are not shown"),
});
const difference = z
  .strictObject({
    added: z.array(resource),
    removed: z.array(resource).describe("Pulumi knows them no more; they go on to exist"),
    changed: z.array(resource.extend({ idFrom: z.string().optional(), inputs: z.array(input) })),
    same: z.number(),
  })
  .nullable()
  .describe("seen from the present state; null where there is none");

/** `lifeboat restore state --to --json` */
export const restoreStateShapes = operationShapes({
  plan: { environment, where, point: pointShape, difference, remarks: z.array(z.string()), kept },
  report: {
    environment,
    where,
    point: z.string().describe("its id"),
    time: milliseconds("of the point"),
    kept,
    undo: z.string().nullable().describe("the command that goes back"),
  },
  nothing: { environment, point: pointShape },
});
