import * as z from "zod";
import { moment, seconds } from "../../terminal/shapes";

export const snapshotShape = z.strictObject({
  name: z.string(),
  time: moment("when it was taken").nullable().describe("null for one that was broken off"),
  ageSeconds: seconds("how old it is").nullable(),
  kind: z.enum(["schedule", "way back", "by hand"]).describe("who made it; a rollback makes its way back"),
  incomplete: z.boolean(),
  description: z.string().describe("its first line"),
});

/** `lifeboat snapshots --json` */
export const snapshotsShape = z.strictObject({
  environment: z.string(),
  guest: z.string(),
  id: z.number(),
  timeZone: z.string(),
  snapshots: z.array(snapshotShape).describe("newest first"),
  schedule: z.strictObject({ schedule: z.string(), keep: z.number() }).nullable(),
  next: moment("the schedule's next time").nullable(),
});
