import type { Log } from "../../drivers/driver";
import type { Node } from "../../model/site";
import type { Configuration } from "../configuration";
import { addUnused } from "../unused-volumes";
import { freeVolume, ownerOf } from "../volumes";
import { driveVolume, isSeed, readDrive } from "./drives";

/**
 * The volume of a drive that goes stays as an unused one, unless it is what cloud-init reads or is to be deleted
 * (PVE::QemuServer::vmconfig_delete_or_detach_drive). Another guest's volume is only forgotten.
 */
export async function releaseDrive(
  node: Node,
  vmid: number,
  configuration: Configuration,
  key: string,
  log: Log,
  /** How it is deleted; undefined: it stays. */
  free?: (volid: string) => Promise<void>,
): Promise<void> {
  const drive = readDrive(key, configuration.keys.get(key) ?? "");
  if (isSeed(drive)) return freeVolume(node, drive.file, log);
  const volume = driveVolume(drive);
  if (volume === undefined || ownerOf(volume) !== vmid) return;
  if (free === undefined) addUnused(configuration, volume);
  else await free(volume);
}
