import * as z from "zod";
import { guestTypeAnswer } from "./guests";
import { flagAnswer, numberAnswer, textAnswer } from "./values";

const listedArchive = z.object({
  volid: z.string(),
  /** File name's extension, such as `tar.zst`; on a Proxmox Backup Server `pbs-ct` or `pbs-vm`. */
  format: z.string().optional(),
  /**
   * Bytes, exact (the single-volume answer rounds up to 512). On a Proxmox Backup Server it is what was read of the guest,
   * before it was packed.
   */
  size: numberAnswer.nullish().transform((value) => value ?? undefined),
  /** Unix seconds: when the backup started, from the file's name. */
  ctime: numberAnswer,
  vmid: numberAnswer.optional(),
  /** What a Proxmox Backup Server found when it verified the snapshot: `ok` or `failed`; missing where it has not. */
  verification: z
    .object({ state: z.string(), upid: z.string().optional() })
    .nullish()
    .transform((value) => value ?? undefined),
  /** Of a file whose name is not Proxmox's own it is something else, which is left out here. */
  subtype: guestTypeAnswer.optional().catch(undefined),
  /** First line of the notes only. */
  notes: textAnswer.optional(),
  protected: flagAnswer.optional().transform((value) => value ?? false),
  /** On a Proxmox Backup Server: fingerprint of the key that it is encrypted with, or 1 where the server does not know it. */
  encrypted: textAnswer.nullish().transform((value) => value ?? undefined),
});

/**
 * A backup as a storage lists it. Where a backup server tells no size, of a snapshot that is not whole or whose manifest it
 * cannot read, Proxmox VE says 1 (`PVE::Storage::PBSPlugin::list_volumes`): that is none.
 */
export const archiveAnswer = listedArchive.transform(({ size, ...archive }) => ({
  ...archive,
  size: archive.format?.startsWith("pbs-") === true && size !== undefined && size <= 1 ? undefined : size,
}));
export type Archive = z.infer<typeof archiveAnswer>;

/** What only the single-volume answer knows. */
export const archiveDetailsAnswer = z.object({
  /** File on the node. */
  path: z.string(),
  /** Complete notes; empty when there are none. */
  notes: textAnswer.optional().transform((value) => value ?? ""),
  protected: flagAnswer.optional().transform((value) => value ?? false),
});
export type ArchiveDetails = z.infer<typeof archiveDetailsAnswer>;

/** Of the options of a node's backups those that matter here. */
export const vzdumpDefaultsAnswer = z.object({
  /** Patterns of files that no container's backup holds. */
  "exclude-path": z.array(z.string()).optional(),
});
export type VzdumpDefaults = z.infer<typeof vzdumpDefaultsAnswer>;

/** Retention as Proxmox prints it: an object of strings in jobs, one string in storages. */
const retentionAnswer = z.union([z.string(), z.record(z.string(), textAnswer)]);

export const backupJobAnswer = z.object({
  id: z.string(),
  enabled: flagAnswer.optional().transform((value) => value ?? true),
  schedule: z.string().optional(),
  storage: z.string().optional(),
  /** Comma-separated ids. */
  vmid: textAnswer.optional(),
  all: flagAnswer.optional(),
  exclude: textAnswer.optional(),
  pool: z.string().optional(),
  node: z.string().optional(),
  mode: z.string().optional(),
  compress: textAnswer.optional(),
  "prune-backups": retentionAnswer.optional(),
  "notes-template": z.string().optional(),
  comment: z.string().optional(),
  /** Unix seconds. */
  "next-run": numberAnswer.optional(),
});
export type BackupJob = z.infer<typeof backupJobAnswer>;

/** One disk of a guest and whether a job backs it up. `reason` is not to be trusted: it says `backup=no` for an included disk. */
const includedVolumeAnswer = z.object({
  /** `101:mp0`. */
  id: z.string(),
  /** Volume id, or the path of a bind mount. */
  name: z.string(),
  included: flagAnswer,
  reason: z.string().optional(),
});

export const includedVolumesAnswer = z.object({
  children: z.array(
    z.object({
      id: numberAnswer,
      type: z.string().optional(),
      /** Null for a guest without a name. */
      name: textAnswer.nullish(),
      children: z.array(includedVolumeAnswer).default([]),
    }),
  ),
});
export type IncludedVolumes = z.infer<typeof includedVolumesAnswer>;

export const notBackedUpAnswer = z.object({ vmid: numberAnswer, name: textAnswer.optional(), type: guestTypeAnswer });
export type NotBackedUp = z.infer<typeof notBackedUpAnswer>;
