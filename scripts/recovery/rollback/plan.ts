import * as z from "zod";
import { moment, seconds } from "../../terminal/shapes";
import { operationShapes } from "../engine/shapes";
import { addressSchema, checkSchema, membershipSchema, presentSchema, savePointSchema } from "../steps/guest/plan";

/** Name of these operations in journals. */
export const rollbackKind = "rollback-snapshot";

/**
 * A guest that goes back to a snapshot, as the journal keeps it: everything that the steps need, so that another process
 * can go on with them. No secrets.
 */
export const rollbackPlanSchema = z.object({
  environment: z.string(),
  guest: z.string(),
  target: addressSchema,
  snapshot: z.string(),
  /** When it was taken, unix seconds. */
  time: z.number(),
  present: presentSchema,
  /**
   * How the present state is kept. A snapshot takes no time; where the storage goes back to its newest snapshot only
   * (ZFS), or a disk can have none, it is a backup: the save point of a restore.
   */
  wayBack: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("snapshot"), name: z.string() }),
    z.object({ kind: z.literal("save-point") }),
    z.object({ kind: z.literal("none") }),
  ]),
  savePoint: savePointSchema.exactOptional(),
  /** Newer snapshots that must go first, the newest first. */
  removeNewer: z.array(z.string()),
  /** The guest ran, and runs again afterwards. */
  start: z.boolean(),
  checks: z.array(checkSchema),
  /** Address for the checks; absent where it is not known beforehand (DHCP). */
  host: z.string().exactOptional(),
  memberships: z.object({
    jobs: z.array(membershipSchema),
    pool: z.string().exactOptional(),
    highAvailability: z.string().exactOptional(),
  }),
  /** Compare with Pulumi at the end: the configuration goes back too. */
  compare: z.boolean(),
});

export type RollbackPlan = z.infer<typeof rollbackPlanSchema>;

const guest = { guest: z.string().describe("`prod/web`"), vmid: z.number(), node: z.string(), snapshot: z.string() };
const changedKey = z.strictObject({ key: z.string(), from: z.string().optional(), to: z.string().optional() });

/** `lifeboat restore snapshot --json` */
export const rollbackShapes = operationShapes({
  plan: {
    ...guest,
    time: moment("when the snapshot was taken"),
    timeZone: z.string(),
    ageSeconds: seconds("how old it is"),
    changes: z.strictObject({
      keys: z.array(changedKey).describe("of the configuration, that get their earlier value"),
      detached: z.array(z.string()).describe("disks that were added since: taken off and kept"),
    }),
    lost: z.array(z.string()).describe("what goes back and is in no save point"),
    removeNewer: rollbackPlanSchema.shape.removeNewer.describe("newer snapshots that go first"),
    wayBack: rollbackPlanSchema.shape.wayBack.describe("how the present state is kept"),
  },
  report: {
    ...guest,
    proven: z.boolean().describe("every check passed"),
    checks: z.array(z.strictObject({ check: z.string(), passed: z.boolean() })),
    removed: z.array(z.string()).describe("newer snapshots"),
    undo: z.string().optional().describe("the command that goes back to the state before"),
  },
});
