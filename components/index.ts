/**
 * What other Pulumi programs import as `lifeboat/components`. The state store is not among it: `lifeboat up` makes it, moves
 * the states into it, and needs the settings of a site for that.
 */
export { BackupJob, type BackupJobArgs, type KeepArgs, type MailArgs } from "./backups/backup-job";
export { BackupStorage, type BackupStorageArgs } from "./backups/backup-storage";
export { CommandBackup, type CommandBackupArgs } from "./data/command-backup";
export type { DataSourceArgs, DumpCopiesArgs, DumpKeepArgs, S3KeyArgs } from "./data/data-args";
export { FilesBackup, type FilesBackupArgs } from "./data/files-backup";
export { MariaDbBackup, type MariaDbBackupArgs } from "./data/mariadb-backup";
export {
  PostgresBackup,
  type PointInTimeArgs,
  type PointInTimeKeysArgs,
  type PostgresBackupArgs,
  type RecoveryStoreArgs,
} from "./data/postgres-backup";
export { Container, type ContainerArgs, type DiskArgs, type RootDiskArgs } from "./guests/container";
export type { GuestArgs, NetworkArgs, OptOutArgs } from "./guests/guest-args";
export { RestoreFlow, type RestoreFlowArgs } from "./restores/restore-flow";
export {
  VirtualMachine,
  type CloudInitArgs,
  type MachineDiskArgs,
  type VirtualMachineArgs,
} from "./guests/virtual-machine";
