import * as z from "zod";
import { bytes, failureShape, isoMoment, seconds } from "../../../terminal/shapes";
import { batchShapes, named } from "../../engine/shapes";

/** Name of these operations in journals. */
export const backupRunKind = "backup-run";

/** A guest of the settings by the names that people and Proxmox have for it. */
const guestSchema = z.object({ name: z.string(), id: z.number() }).readonly();

/** One run of vzdump over the guests of a node, as the journal keeps it. */
export const backupRunSchema = z.object({
  environment: z.string(),
  node: z.string(),
  storage: z.string(),
  guests: z.array(guestSchema).readonly().describe("in the order in which vzdump takes them"),
  request: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]))
    .describe("parameters of the vzdump request, without `vmid`"),
  remarks: z.array(z.string()).describe("what the operator should know"),
});

export type BackupRun = z.infer<typeof backupRunSchema>;
export type RunGuest = z.infer<typeof guestSchema>;

/** What became of one guest of a run. */
export const guestOutcomeSchema = z.object({
  id: z.number(),
  /** `none`: the run ended before it came to the guest. */
  state: z.enum(["finished", "failed", "none"]),
  archive: z.string().exactOptional(),
  bytes: z.number().exactOptional(),
  seconds: z.number().exactOptional(),
  reason: z.string().exactOptional(),
});

export type GuestOutcome = z.infer<typeof guestOutcomeSchema>;

const reportedGuest = z.strictObject({
  guest: z.string().describe("`prod/web`"),
  id: z.number(),
  result: z
    .enum(["backed up", "ended before", "failed", "left out", "skipped"])
    .describe(
      "ended before: by an earlier run, and not looked at by this one; left out: the settings say so; skipped: it could not be begun",
    ),
  endedAt: isoMoment("when the earlier run did, by the clock of this machine").optional(),
  archive: z.string().optional(),
  bytes: bytes("the archive's size").optional(),
  seconds: seconds("how long it took").optional(),
  reason: z.string().optional(),
  hint: failureShape.hint,
});

/** `lifeboat backup --all --json` */
export const backupRunsShapes = named(
  batchShapes({
    plan: {
      environments: z.array(
        z.strictObject({
          environment: z.string(),
          runs: z.array(backupRunSchema).describe("of vzdump, one for each node"),
          optedOut: z.array(z.strictObject({ guest: z.string(), id: z.number(), reason: z.string() })),
        }),
      ),
    },
    report: {
      guests: z.array(reportedGuest),
      unknown: z.array(z.strictObject({ environment: z.string(), ...failureShape })).describe("who could not be asked"),
      warnings: z.array(z.string()).describe("of the nodes"),
    },
  }),
  "of all",
);
