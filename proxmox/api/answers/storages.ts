import * as z from "zod";
import { flagAnswer, numberAnswer, textAnswer } from "./values";

/** A storage as one node sees it. Sizes are in bytes, and missing while the storage is not active. */
export const storageStatusAnswer = z.object({
  type: z.string(),
  /** Comma-separated kinds of content, such as `backup,iso`. */
  content: z.string().optional(),
  enabled: flagAnswer.optional(),
  active: flagAnswer.optional(),
  shared: flagAnswer.optional(),
  total: numberAnswer.optional(),
  used: numberAnswer.optional(),
  avail: numberAnswer.optional(),
});
export type StorageStatus = z.infer<typeof storageStatusAnswer>;

export const storageEntryAnswer = storageStatusAnswer.extend({ storage: z.string() });
export type StorageEntry = z.infer<typeof storageEntryAnswer>;

/** A storage as it is defined for the whole cluster. Needs `Datastore.Allocate` on it. */
export const storageDefinitionAnswer = z.object({
  storage: z.string(),
  type: z.string(),
  content: z.string().optional(),
  path: z.string().optional(),
  nodes: z.string().optional(),
  shared: flagAnswer.optional(),
  disable: flagAnswer.optional(),
  /** Of a folder: whether a file system must be mounted there, `yes`, `no`, or where else. Undefined: nobody has said. */
  is_mountpoint: textAnswer.optional(),
  "prune-backups": z.string().optional(),
  "max-protected-backups": numberAnswer.optional(),
});
export type StorageDefinition = z.infer<typeof storageDefinitionAnswer>;

/** A storage on a Proxmox Backup Server, as it is defined for the whole cluster. */
export const backupServerStorageAnswer = z.object({
  storage: z.string(),
  datastore: z.string(),
  /** Fingerprint of its key, or 1 for a key without one. */
  "encryption-key": textAnswer.optional(),
});
export type BackupServerStorage = z.infer<typeof backupServerStorageAnswer>;

/** Anything on a storage, as its list shows it. */
export const storedVolumeAnswer = z.object({
  volid: z.string(),
  /** `rootdir`, `images`, `backup`, … */
  content: z.string(),
  vmid: numberAnswer.optional(),
  /** Of a linked clone: what it builds upon. */
  parent: z.string().nullish(),
});
export type StoredVolume = z.infer<typeof storedVolumeAnswer>;
