import { formatSize, isBackedUp } from "../../../../proxmox/rules/property-strings";
import type { GuestState } from "../../model/state";
import { death } from "../../protocol/failure";
import { checkLock, readConfiguration, setLock, removeLock } from "../configuration";
import { driveKeys, readDrive } from "../machines/drives";
import { activateVolume } from "../volumes";
import type { GuestBackup } from "./backup-in-run";

/**
 * A virtual machine's backup up to its disks, in Proxmox's lines. Its archive is written by Proxmox's own QEMU, which
 * the sandbox does not have yet: a machine whose disks exist fails with a text that says so.
 */
export async function backUpMachine({ node, vmid, options, log }: GuestBackup, guest: GuestState): Promise<void> {
  const running = guest.status === "running";
  log.info(`status = ${guest.status}`);
  const { keys } = readConfiguration(guest.configuration);
  checkLock("qemu", readConfiguration(guest.configuration));
  await setLock(node, "qemu", vmid, "backup");
  try {
    log.info(`backup mode: ${running ? options.mode : "stop"}`);
    if (options.bandwidth > 0) log.info(`bandwidth limit: ${options.bandwidth} KiB/s`);
    log.info(`ionice priority: ${options.ionice}`);
    const name = keys.get("name");
    if (name !== undefined) log.info(`VM Name: ${name}`);
    const volumes = driveKeys(keys).flatMap((key) => {
      const drive = readDrive(key, keys.get(key) ?? "");
      if (drive.media === "cdrom" || drive.file === "none") return [];
      if (!isBackedUp("qemu", key, drive)) {
        log.info(`exclude disk '${key}' '${drive.file}' (backup=no)`);
        return [];
      }
      log.info(`include disk '${key}' '${drive.file}'${drive.size === undefined ? "" : ` ${formatSize(drive.size)}`}`);
      return drive.file.includes(":") ? [drive.file] : [];
    });
    for (const volid of volumes) await activateVolume(node, volid);
    throw death("the sandbox cannot back up virtual machines: it has no Proxmox QEMU");
  } finally {
    await removeLock(node, "qemu", vmid, "backup");
  }
}
