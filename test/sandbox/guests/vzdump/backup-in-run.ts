import type { Compression } from "../../drivers/driver";
import type { SnapshotName } from "../backup-server/snapshots";
import type { Authority } from "../../model/access";
import type { Node } from "../../model/site";
import type { Task } from "../../model/tasks";
import type { GuestLog } from "./guest-log";
import type { RunOptions } from "./run-options";

/** The backup of one guest within a run. */
export interface GuestBackup {
  node: Node;
  vmid: number;
  options: RunOptions;
  authority: Authority;
  task: Task;
  log: GuestLog;
}

/** Packs one guest: what is locked, stopped or frozen for it is given back at the end. */
export interface GuestPacker {
  /** Name of the guest, for the notes. */
  readonly hostname: string;
  /** Locks the guest and brings it into the state in which it can be packed. */
  prepare(): Promise<void>;
  /** Writes the archive under its unfinished name. */
  pack(): Promise<PackedGuest>;
  /** Gives everything back, whatever happened. */
  release(): Promise<void>;
}

/** Names of a backup's files on the node. */
export interface ArchiveFiles {
  /** The archive. */
  target: string;
  /** The archive while it is written. */
  unfinished: string;
  /** The log beside it; a backup server gets it once the backup is done. */
  log: string | undefined;
  /** Folder for temporary files. */
  temporary: string;
  compression: Compression;
  /** On a backup server: the snapshot that is made. */
  snapshot?: SnapshotName;
}

/** What the packed guest was, before it was packed. */
export interface PackedGuest {
  /** Bytes. */
  size: number;
}
