import * as z from "zod";

/** Name of these operations in journals. */
export const backupRunKind = "backup-run";

/** A guest of the settings by the names that people and Proxmox have for it. */
const guestSchema = z.object({ name: z.string(), id: z.number() }).readonly();

/** One run of vzdump over the guests of a node, as the journal keeps it. */
export const backupRunSchema = z.object({
  environment: z.string(),
  node: z.string(),
  storage: z.string(),
  /** By rising id: vzdump takes them in this order. */
  guests: z.array(guestSchema).readonly(),
  /** Parameters of the vzdump request, without `vmid`. */
  request: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])),
  /** What the operator should know. */
  remarks: z.array(z.string()),
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
