import * as z from "zod";

/** Name of the operation in journals. */
export const growKind = "grow-disks";

const diskSchema = z.object({
  /** Proxmox's key: `rootfs`, `mp2`. */
  key: z.string(),
  /** Its name in the settings; `root` for the root disk. */
  disk: z.string(),
  storage: z.string(),
  /** Bytes that it has in the end. */
  bytes: z.number(),
});

/** What is done to the disks of a guest, as the journal keeps it. */
export const growPlanSchema = z.object({
  environment: z.string(),
  guest: z.string(),
  target: z.object({ node: z.string(), type: z.enum(["lxc", "qemu"]), vmid: z.number() }),
  running: z.boolean(),
  /** Disks that get larger; `from` is what they have. */
  growths: z.array(diskSchema.extend({ from: z.number() })),
  /** Disks that are made. */
  additions: z.array(diskSchema.extend({ mount: z.string(), backup: z.boolean() })),
});

export type GrowPlan = z.infer<typeof growPlanSchema>;
export type Growth = GrowPlan["growths"][number];
export type Addition = GrowPlan["additions"][number];
