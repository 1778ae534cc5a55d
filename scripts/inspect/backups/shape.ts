import * as z from "zod";
import { bytes, moment, seconds } from "../../terminal/shapes";

export const backupShape = z.strictObject({
  archive: z.string().describe("its name in Proxmox: `backup:backup/vzdump-lxc-101-….tar.zst`"),
  storage: z.string(),
  type: z.enum(["lxc", "qemu"]),
  time: moment("when the backup began"),
  ageSeconds: seconds("how old it is"),
  size: bytes("of the archive; null where the storage tells none").nullable(),
  notes: z.string().describe("their first line"),
  protected: z.boolean(),
  verification: z
    .strictObject({ state: z.string(), time: moment("when the task began that verified it").nullable() })
    .nullable()
    .describe("what a backup server found when it verified it; null: nobody has, or it lies on no backup server"),
  encrypted: z.boolean().describe("on a backup server, with the key of its storage"),
  doubt: z.string().nullable().describe("why it counts as no backup and is restored by its name only"),
  stranger: z.string().nullable().describe("why it is not of this guest, or may not be; null: it is"),
  savePoint: z.boolean().describe("made by a restore, as its way back"),
});

/** `lifeboat backups --json` */
export const backupsShape = z.strictObject({
  environment: z.string(),
  guest: z.string(),
  id: z.number(),
  timeZone: z.string(),
  backups: z.array(backupShape).describe("newest first"),
  unsearched: z.array(z.strictObject({ storage: z.string(), reason: z.string() })),
});
