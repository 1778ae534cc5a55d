import * as z from "zod";
import { bytes, moment } from "../../terminal/shapes";
import { operationShapes } from "../engine/shapes";

/** Name of the operation in journals. */
export const pointInTimeKind = "point-in-time";

/** Name in journals of what takes a finished one back. */
export const undoPointInTimeKind = "undo-point-in-time";

const wishSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("time"), milliseconds: z.number() }),
  z.object({ kind: z.literal("xid"), xid: z.string() }),
  z.object({ kind: z.literal("name"), name: z.string() }),
]);

/** How a cluster is recovered, as the journal keeps it. */
export const pointInTimePlanSchema = z.object({
  environment: z.string(),
  guest: z.string(),
  source: z.string(),
  /** `15/main` */
  cluster: z.string(),
  /** Path of the data directory. */
  data: z.string(),
  wish: wishSchema,
  /** The timeline that was asked for. */
  asked: z.number().exactOptional(),
  timeline: z.number(),
  /** The archive has the point already; otherwise it will have when what is being written has arrived. */
  reached: z.boolean(),
  backup: z.object({ label: z.string(), stop: z.number(), bytes: z.number() }),
  running: z.boolean(),
  /** Asked of what was recovered, before it takes the place of what is there. */
  question: z.object({ sql: z.string(), database: z.string() }).exactOptional(),
});

export type PointInTimePlan = z.infer<typeof pointInTimePlanSchema>;

const where = {
  guest: z.string().describe("`prod/web`"),
  source: z.string(),
  cluster: z.string().describe("all of whose databases go back: `15/main`"),
  target: z.string().describe("the point, in words"),
  timeline: z.number().describe("PostgreSQL's number of the history on which the point lies"),
};

/** `lifeboat restore point-in-time --json` */
export const pointInTimeShapes = operationShapes({
  plan: {
    ...where,
    backup: z.string().describe("pgBackRest's label of the backup with which it begins"),
    backupTime: moment("when that backup was whole"),
    bytes: bytes("of the data directory in that backup"),
    reached: z.boolean().describe("false: the point is archived when the recovery begins"),
    running: z.boolean(),
  },
  report: {
    ...where,
    lastTransaction: z.string().nullable().describe("when the last transaction that is there ended, in UTC"),
    stopped: z.string().nullable().describe("PostgreSQL's own words on where the recovery ended"),
    answer: z.string().nullable().describe("of the query of `--query`"),
    newTimeline: z.number().describe("on which the database runs now"),
    kept: z.string().describe("folder in the guest with what was there before"),
    undo: z.string().describe("the command that goes back to what was there before"),
  },
});

const undone = {
  guest: where.guest,
  source: where.source,
  takesBack: z.string().describe("id of the recovery"),
};

/** `lifeboat restore point-in-time --undo --json` */
export const undoPointInTimeShapes = operationShapes({ plan: undone, report: undone });
