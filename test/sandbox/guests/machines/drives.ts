import {
  formatDrive,
  isDriveKey,
  parseDrive,
  PropertyStringError,
  type Drive,
} from "../../../../proxmox/rules/property-strings";
import { newVolumeSize } from "../../../../proxmox/rules/volume-ids";
import type { Log } from "../../drivers/driver";
import type { Node } from "../../model/site";
import type { VolumeState } from "../../model/state";
import { death, parameterFailure } from "../../server/failure";
import type { Section } from "../configuration";
import { parseVolume, requireStorage } from "../storages";
import { allocateVolume } from "../volumes";

const BUSES = ["ide", "scsi", "virtio", "sata", "efidisk", "tpmstate"];

/** Keys of drives in the order in which Proxmox walks through them. */
export function driveKeys(keys: ReadonlyMap<string, string>): string[] {
  return [...keys.keys()].filter(isDriveKey).sort((a, b) => rank(a) - rank(b));
}

function rank(key: string): number {
  const [, bus = "", number = "0"] = /^([a-z]+)(\d+)$/.exec(key) ?? [];
  return BUSES.indexOf(bus) * 1000 + Number(number);
}

/** @throws the 400 of Proxmox for a text that is no drive */
export function readDrive(key: string, text: string): Drive {
  try {
    return parseDrive(key, text);
  } catch (failure) {
    if (!(failure instanceof PropertyStringError)) throw failure;
    throw parameterFailure({ [key]: `invalid format - format error\n${failure.message}\n` });
  }
}

/** The volume of a drive; undefined for CD-ROM drives and paths. */
export function driveVolume(drive: Drive): string | undefined {
  return drive.media !== "cdrom" && drive.file.includes(":") ? drive.file : undefined;
}

/**
 * Makes the disk that a drive asks for with `storage:SIZE`, and sets the drive in the configuration. Any other drive is
 * set as it is.
 * @returns the new volume
 */
export async function createDrive(
  node: Node,
  vmid: number,
  configuration: Section,
  key: string,
  text: string,
  log: Log,
): Promise<VolumeState | undefined> {
  const drive = readDrive(key, text);
  const wanted = newVolumeSize(drive.file);
  if (wanted === undefined) {
    configuration.keys.set(key, formatDrive(key, drive));
    return undefined;
  }
  if (drive.options.has("import-from")) throw death("the sandbox cannot import disks of virtual machines");
  const options = new Map(drive.options);
  const format = options.get("format") ?? "raw";
  options.delete("format");
  const volume = await allocateVolume(
    node,
    { storage: wanted.storage, vmid, size: Math.floor(wanted.gibibytes * 1024 ** 3), format: imageFormat(format) },
    log,
  );
  const printed = formatDrive(key, { ...drive, file: volume.volid, size: volume.size, options });
  log(`${key}: successfully created disk '${printed}'`);
  configuration.keys.set(key, printed);
  return volume;
}

function imageFormat(format: string): VolumeState["format"] {
  if (format === "qcow2" || format === "vmdk") return format;
  return "raw";
}

/** @throws `storage '…' does not exist` for a drive on a storage that is not there */
export function checkDriveStorage(node: Node, drive: Drive): void {
  const wanted = newVolumeSize(drive.file);
  if (wanted !== undefined) requireStorage(node.cluster, wanted.storage);
  else if (driveVolume(drive) !== undefined) parseVolume(node.cluster, drive.file);
}
