import { machineDataFolder } from "../../site/monitoring/services/places";
import type { MonitoringSettings, OwnedGuest } from "../../site/settings/environment";
import { refusal } from "../refusal";
import type { Installation } from "./install-script";

/**
 * Where the services' data are, and on what.
 *
 * @throws pulumi.RunError where a container has not the disk of the settings
 */
export function diskOf(
  guest: OwnedGuest,
  { disk }: Pick<MonitoringSettings, "disk">,
): Pick<Installation, "data" | "disk"> {
  if (guest.kind === "container") {
    const found = guest.disks.find(({ name }) => name === disk);
    if (found !== undefined) return { data: found.mount, disk: { kind: "mounted" } };
    throw refusal(`Unable to declare the monitoring: guest ${guest.name} has no disk ${disk ?? "for its data"}`);
  }
  if (disk === undefined) return { data: machineDataFolder, disk: { kind: "folder" } };
  // QEMU gives a disk of scsi the name of its drive, which Proxmox makes of the key.
  const path = `/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_drive-${disk}`;
  return { data: machineDataFolder, disk: { kind: "device", path } };
}
