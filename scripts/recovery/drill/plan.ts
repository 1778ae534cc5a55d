import * as z from "zod";
import { isoMoment, seconds } from "../../terminal/shapes";
import { operationShapes } from "../engine/shapes";
import { addressSchema, checkSchema } from "../steps/guest/plan";

/** Name of these operations in journals. */
export const drillKind = "drill";

const markSchema = z.object({ operation: z.string(), time: z.number(), by: z.string() });

/** A copy that an earlier drill has left. */
const leftoverSchema = z.object({ target: addressSchema, mark: markSchema });

/** A guest whose backup is tried, with what is made of it. */
const candidateSchema = z.object({
  guest: z.string(),
  vmid: z.number(),
  /** Absent: it cannot be restored, for this reason. */
  target: addressSchema.exactOptional(),
  unfit: z.string().exactOptional(),
  archive: z.object({ volid: z.string(), time: z.number(), size: z.number() }).exactOptional(),
  /** Parameters of the restore request without its notes. */
  request: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).exactOptional(),
  /** MAC addresses that the copy gets. */
  macs: z.array(z.string()).exactOptional(),
  /** Where it is found on the bridge; absent: it has no fixed IPv4 address. */
  address: z.object({ host: z.string(), from: z.string() }).exactOptional(),
  checks: z.array(checkSchema),
  needs: z.array(z.string()),
  /** How long restore, start and checks may take, in seconds. */
  rto: z.number().exactOptional(),
});

/** A drill of some guests of an environment, as the journal keeps it. */
export const drillPlanSchema = z.object({
  environment: z.string(),
  bridge: z.string(),
  ids: z.object({ from: z.number(), to: z.number() }),
  /** By the clock of the node: when it was planned. */
  time: z.number(),
  /** Seconds after which no further group is begun. */
  within: z.number().exactOptional(),
  leftovers: z.array(leftoverSchema),
  /** Guests that are up at the same time, what is needed first. */
  groups: z.array(z.array(candidateSchema)),
  /** No guest is worked on: it is copies that are. */
  guests: z.array(z.object({ id: z.number(), name: z.string() })).max(0),
});

export type DrillPlan = z.infer<typeof drillPlanSchema>;
export type Candidate = DrillPlan["groups"][number][number];
export type Leftover = DrillPlan["leftovers"][number];

const subject = z.string().describe("`prod/web`");
const leftover = z.object({ vmid: z.number(), node: z.string(), by: z.string().describe("who has made it") });

/** A drill that has not ended is never resumed: it is held anew. */
const { resume: _resume, ...shapes } = operationShapes({
  plan: {
    environment: z.string(),
    bridge: z.string(),
    ids: drillPlanSchema.shape.ids,
    leftovers: z.array(leftover).describe("copies of earlier drills, which are destroyed first"),
    groups: z
      .array(
        z.array(
          z.object({
            guest: subject,
            copy: z.number().nullable().describe("id of the copy; null where none can be made"),
            archive: z.string().nullable(),
            macs: z.array(z.string()),
            checks: z.array(z.string()),
            unfit: z.string().nullable().describe("why no copy can be made"),
          }),
        ),
      )
      .describe("guests that are up at the same time"),
  },
  report: {
    environment: z.string(),
    guests: z.array(
      z.object({
        guest: subject,
        result: z.enum(["proven", "failed", "not reached"]),
        archive: z.string().nullable(),
        reasons: z.array(z.string()).describe("what keeps it from being proven"),
        seconds: seconds("from the restore to the last check").nullable(),
        at: isoMoment("when it was tried").nullable(),
      }),
    ),
  },
});

/** `lifeboat drill --json` */
export const drillShapes = shapes;
