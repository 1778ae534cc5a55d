import * as z from "zod";
import { seconds } from "../../terminal/shapes";
import { operationShapes } from "../engine/shapes";

/** Name of these operations in journals. */
export const rebuildMonitoringKind = "rebuild-monitoring";

/** Seconds within which monitoring has to watch again (L4). */
export const targetSeconds = 900;

/** Monitoring that is made anew by its program, as the journal keeps it. No secrets. */
export const rebuildMonitoringSchema = z.object({
  environment: z.string().describe("the environment whose stack makes it"),
  guest: z.object({
    name: z.string(),
    id: z.number(),
    node: z.string(),
    type: z.enum(["lxc", "qemu"]),
    exists: z.boolean().describe("the guest is there: its services are installed again"),
  }),
  reason: z.string().describe("why it does not come back from a backup"),
  backend: z.string().describe("with which `pulumi up` works, without its parameters"),
});

export type RebuildMonitoringPlan = z.infer<typeof rebuildMonitoringSchema>;

/** `lifeboat rebuild monitoring --json`, where no backup brings it back. */
export const rebuildMonitoringShapes = operationShapes({
  plan: rebuildMonitoringSchema.shape,
  report: {
    environment: z.string(),
    guest: z.string(),
    watches: z.boolean().describe("Prometheus reaches its targets, and everything else answers"),
    history: z.literal(false).describe("measurements from before are gone"),
    targetSeconds: seconds("how long it may take"),
  },
});
