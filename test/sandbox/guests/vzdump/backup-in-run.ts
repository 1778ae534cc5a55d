import type { Compression } from "../../drivers/driver";
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

/** Names of a backup's files on the node. */
export interface ArchiveFiles {
  /** The archive. */
  target: string;
  /** The archive while it is written. */
  unfinished: string;
  /** The log beside it. */
  log: string;
  /** Folder for temporary files. */
  temporary: string;
  compression: Compression;
}
