import { formatDrive, isDriveKey } from "../../../../proxmox/rules/property-strings";
import { newVolumeSize } from "../../../../proxmox/rules/volume-ids";
import type { Log } from "../../drivers/driver";
import type { Node } from "../../model/site";
import { parameterFailure } from "../../protocol/failure";
import { checkProtection, type Configuration } from "../configuration";
import { addUnused } from "../containers/mount-points";
import { checkDriveStorage, createDrive, driveVolume, readDrive } from "./drives";
import { plainValue } from "./create";

/** Changes a machine that does not run: everything takes effect at once (PVE::QemuServer::vmconfig_apply_pending). */
export async function updateMachine(
  node: Node,
  vmid: number,
  configuration: Configuration,
  values: ReadonlyMap<string, string>,
  removed: readonly string[],
  log: Log,
): Promise<void> {
  const { keys } = configuration;
  for (const key of removed) {
    if (values.has(key)) {
      throw parameterFailure({ delete: `you can't use '-${key}' and -delete ${key}' at the same time` });
    }
    if (isDriveKey(key)) checkProtection(configuration, `can't remove drive '${key}'`);
    releaseDrive(configuration, key);
    keys.delete(key);
  }
  for (const [key, value] of [...values].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (isDriveKey(key)) await setDrive(node, vmid, configuration, key, value, log);
    else keys.set(key, plainValue(key, value));
  }
}

async function setDrive(
  node: Node,
  vmid: number,
  configuration: Configuration,
  key: string,
  value: string,
  log: Log,
): Promise<void> {
  const drive = readDrive(key, value);
  checkDriveStorage(node, drive);
  const old = configuration.keys.get(key);
  const before = old === undefined ? undefined : readDrive(key, old);
  if (newVolumeSize(drive.file) !== undefined || drive.file.endsWith(":cloudinit")) {
    releaseDrive(configuration, key);
    await createDrive(node, vmid, configuration, key, value, log);
    return;
  }
  if (before !== undefined && before.file !== drive.file) releaseDrive(configuration, key);
  // The size belongs to the volume: a request that does not say it leaves it.
  const size = drive.size ?? (before?.file === drive.file ? before.size : undefined);
  configuration.keys.set(key, formatDrive(key, { ...drive, ...(size === undefined ? {} : { size }) }));
}

/** The volume of a drive that goes stays as an unused one. */
function releaseDrive(configuration: Configuration, key: string): void {
  const text = configuration.keys.get(key);
  if (text === undefined || !isDriveKey(key)) return;
  const volume = driveVolume(readDrive(key, text));
  if (volume !== undefined) addUnused(configuration, volume);
}
