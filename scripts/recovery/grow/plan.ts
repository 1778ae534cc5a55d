import * as z from "zod";
import { bytes } from "../../terminal/shapes";
import { operationShapes } from "../engine/shapes";

/** Name of the operation in journals. */
export const growKind = "grow-disks";

const diskSchema = z.object({
  key: z.string().describe("Proxmox's key: `rootfs`, `mp2`, `scsi0`"),
  disk: z.string().describe("its name in the settings; `root` for a container's root disk"),
  storage: z.string(),
  bytes: bytes("its size in the end"),
});

/** What is done to the disks of a guest, as the journal keeps it. */
export const growPlanSchema = z.object({
  environment: z.string(),
  guest: z.string(),
  target: z.object({ node: z.string(), type: z.enum(["lxc", "qemu"]), vmid: z.number() }),
  running: z.boolean(),
  /** Disks that get larger. */
  growths: z.array(
    diskSchema.extend({
      from: bytes("its size before"),
      mount: z.string().exactOptional().describe("where it is in the guest"),
    }),
  ),
  /** Disks that are made; containers only. */
  additions: z.array(diskSchema.extend({ mount: z.string(), backup: z.boolean() })),
});

export type GrowPlan = z.infer<typeof growPlanSchema>;
export type Growth = GrowPlan["growths"][number];
/** A machine's disks have no names beside their keys. */
export function nameOf(disk: string, key: string): string {
  return disk === key ? key : `${disk} (${key})`;
}

export type Addition = GrowPlan["additions"][number];

const { running, growths, additions } = growPlanSchema.shape;
const guest = { guest: z.string().describe("`prod/web`"), vmid: z.number(), node: z.string() };
const next = z.string().nullable().describe("the command that brings Pulumi's state up to date, where it is not");

/** `lifeboat grow --json` */
export const growShapes = operationShapes({
  plan: { ...guest, running, growths, additions, remarks: z.array(z.string()) },
  report: { ...guest, grown: growths, added: additions, next },
  nothing: { guest: guest.guest, grown: growths, added: additions, next },
});
