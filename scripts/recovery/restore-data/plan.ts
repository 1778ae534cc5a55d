import * as z from "zod";
import { bytes, moment, seconds } from "../../terminal/shapes";
import { operationShapes } from "../engine/shapes";
import { pointInTimePlanSchema } from "../point-in-time/plan";

/** Name of the operation in journals. */
export const restoreDataKind = "restore-data";

const counts = z.record(z.string(), z.number());

const presentSchema = z.object({
  identity: z.string().describe("tells it from another of the same name"),
  bytes: bytes("how large it is"),
  connections: z.number().describe("who is connected to it"),
});

/** One thing that is restored: a database, a folder, a volume. */
const itemSchema = z.object({
  type: z.string(),
  name: z.string().describe("as the dump has it"),
  into: z.string().describe("the name that it gets"),
  file: z.string(),
  bytes: bytes("of its file in the dump"),
  sha256: z.string(),
  plainBytes: bytes("of what is loaded"),
  plainSha256: z.string(),
  counts: counts.describe("what is in it, as it was proven when it was made"),
  present: presentSchema.optional().describe("what has that name now; absent: nothing"),
});

/** How data is restored, as the journal keeps it. */
export const restoreDataPlanSchema = z.object({
  environment: z.string(),
  /** Where the dump lies. */
  from: z.object({
    environment: z.string(),
    guest: z.string(),
    source: z.string(),
    /** The bucket elsewhere with the copy. Absent: it lies in that guest. */
    bucket: z.string().exactOptional(),
  }),
  /** Where it is restored. */
  to: z.object({ guest: z.string(), source: z.string(), kind: z.string() }),
  /** Of an archive: pgBackRest's label of the backup with which it begins. */
  dump: z.string(),
  /** Unix seconds of the dump. */
  time: z.number(),
  /** Of which operation the dump is the save point. */
  savePointOf: z.string().exactOptional(),
  /** The next older dump with the same in it. */
  older: z.string().exactOptional(),
  /** It comes from the archive of its cluster, as it was at a point in time. */
  archive: pointInTimePlanSchema.exactOptional(),
  encrypted: z.boolean(),
  items: z.array(itemSchema),
  /** What is there is dumped first. */
  savePoint: z.boolean(),
  /** Connections are ended. */
  disconnect: z.boolean(),
});

export type RestoreDataPlan = z.infer<typeof restoreDataPlanSchema>;
export type RestoreDataItem = RestoreDataPlan["items"][number];

const { type, name, into, bytes: stored, plainBytes, present } = itemSchema.shape;
const where = {
  guest: z.string().describe("`prod/web`, where it is restored"),
  source: z.string(),
  dump: z.string().describe("with a point in time: the backup of the archive with which it begins"),
  time: moment("when the dump was made"),
  point: z.string().nullable().describe("point in time to which it comes back, in words; null: it comes from a dump"),
};
const savePoint = z
  .string()
  .nullable()
  .describe("id of the save point, as `--save-point` takes it; null: there is none");

/** `lifeboat restore database --json` and `restore files --json` */
export const restoreDataShapes = operationShapes({
  plan: {
    ...where,
    from: z.string().describe("`prod/web/shop`, whose dump it is"),
    bucket: z.string().nullable().describe("the bucket elsewhere from which it comes; null: from that guest"),
    ageSeconds: seconds("how old the dump is, by the guest's clock"),
    encrypted: z.boolean(),
    items: z.array(z.strictObject({ type, name, into, bytes: stored, plainBytes, counts, present })),
    savePoint: z.boolean().describe("what is there now is dumped first"),
    remarks: z.array(z.string()),
  },
  report: {
    ...where,
    items: z.array(
      z.strictObject({
        type,
        name,
        into,
        counts: counts.describe("what is in it now"),
        replaced: z.boolean().describe("something else had that name"),
      }),
    ),
    savePoint,
    undo: z.string().nullable().describe("the command that goes back to what was there before"),
  },
});
