/**
 * What other Pulumi programs import as `lifeboat/components`. The state store is not among it: `lifeboat up` makes it, moves
 * the states into it, and needs the settings of a site for that.
 */
export { BackupJob, type BackupJobArgs, type KeepArgs, type MailArgs } from "./backups/backup-job";
export { BackupStorage, type BackupStorageArgs } from "./backups/backup-storage";
export { Container, type ContainerArgs, type DiskArgs, type RootDiskArgs } from "./guests/container";
export type { GuestArgs, NetworkArgs, OptOutArgs } from "./guests/guest-args";
export { RestoreFlow, type RestoreFlowArgs } from "./restores/restore-flow";
export {
  VirtualMachine,
  type CloudInitArgs,
  type MachineDiskArgs,
  type VirtualMachineArgs,
} from "./guests/virtual-machine";
