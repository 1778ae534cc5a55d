import * as z from "zod";
import { bytes, moment, seconds } from "../../../terminal/shapes";

const archive = z.strictObject({
  archive: z.string().describe("its name in Proxmox"),
  node: z.string().describe("where it was read"),
  guest: z.string().nullable().describe("null: the settings do not have its guest any more"),
  id: z.number().nullable().describe("the guest's, by the archive's name"),
  time: moment("when the backup began"),
  ageSeconds: seconds("how old it is"),
  size: bytes("of the file").nullable(),
  savePoint: z.boolean(),
  result: z
    .enum(["whole", "damaged", "doubtful", "writing", "unseen", "removed"])
    .describe("`doubtful`: its bytes are whole, and something is odd; `unseen`: nobody could read it"),
  problems: z.array(z.string()),
  sha256: z.string().nullable().describe("of the file as it was read now"),
  recordedSha256: z.string().nullable().describe("when it was first found whole"),
  notRecorded: z
    .string()
    .nullable()
    .describe("why the result is not in the archive's notes; null: it is, or need not be"),
});

/** The archives' part of `lifeboat verify --json`. */
export const environmentsShape = z.array(
  z.union([
    z.strictObject({
      environment: z.string(),
      archives: z.array(archive).describe("those that were verified now"),
      left: z.number().describe("archives that were not begun, or not ended: the next run begins with them"),
      missing: z.array(
        z.strictObject({
          guest: z.string(),
          id: z.number(),
          runs: z.array(moment("a run of the job")).describe("whose archive is not there; empty: there is none at all"),
          text: z.string(),
        }),
      ),
      unseen: z.array(z.string()).describe("what could not be looked at"),
    }),
    z.strictObject({ environment: z.string(), error: z.string() }),
  ]),
);
