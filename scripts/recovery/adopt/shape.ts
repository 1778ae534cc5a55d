import * as z from "zod";

/** A guest that could be adopted. */
export const candidateShape = z.strictObject({
  environment: z.string().describe("whose settings could name it"),
  id: z.number(),
  name: z.string(),
  type: z.enum(["lxc", "qemu"]),
  node: z.string(),
});

const environments = z.array(
  z.strictObject({
    environment: z.string(),
    file: z.string(),
    guests: z.array(
      z.strictObject({
        name: z.string().describe("its key in the settings"),
        id: z.number(),
        disksWithoutBackup: z.array(z.strictObject({ key: z.string(), volume: z.string(), reason: z.string() })),
      }),
    ),
    optOutsUntil: z.string().nullable().describe("last day on which those disks may stay so, as 2026-11-20"),
    added: z.array(z.string()).describe("lines that the file gets"),
    next: z.string().describe("the command that has them backed up"),
  }),
);

/** `lifeboat adopt 140 --dry-run --json` */
export const adoptionPlanShape = z.strictObject({
  plan: z.strictObject({ environments, flags: z.array(z.string()).describe("that answer every question") }),
});

/** `lifeboat adopt 140 --json` */
export const adoptionShape = z.strictObject({ environments });
