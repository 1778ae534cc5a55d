import { copyFile, open, stat } from "node:fs/promises";
import { basename, join } from "node:path";
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
import { parameterFailure } from "../../protocol/failure";
import type { Section } from "../configuration";
import { parseVolume, requireStorage } from "../storages";
import { activateFile, allocateVolume } from "../volumes";

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

/** The drive that holds what cloud-init reads. */
export function isSeed({ file }: Drive): boolean {
  return /[:/]vm-\d+-cloudinit/u.test(file);
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
  const seed = /^([^:/]+):cloudinit$/u.exec(drive.file)?.[1];
  if (seed !== undefined) return createSeed(node, vmid, configuration, key, seed, log);
  const wanted = newVolumeSize(drive.file);
  if (wanted === undefined) {
    configuration.keys.set(key, formatDrive(key, drive));
    return undefined;
  }
  const options = new Map(drive.options);
  const format = options.get("format") ?? "raw";
  options.delete("format");
  const image = await importedImage(node, options.get("import-from"));
  options.delete("import-from");
  const size = image?.size ?? Math.floor(wanted.gibibytes * 1024 ** 3);
  const volume = await allocateVolume(node, { storage: wanted.storage, vmid, size, format: imageFormat(format) }, log);
  if (image !== undefined) await copyImage(image.file, node.path(volume.path));
  const printed = formatDrive(key, { ...drive, file: volume.volid, size: volume.size, options });
  log(`${key}: successfully created disk '${printed}'`);
  configuration.keys.set(key, printed);
  return volume;
}

/** What cloud-init reads is a drive of its own, whose content Proxmox makes anew at each start. */
async function createSeed(
  node: Node,
  vmid: number,
  configuration: Section,
  key: string,
  storage: string,
  log: Log,
): Promise<VolumeState> {
  const volume = await allocateVolume(
    node,
    { storage, vmid, size: SEED_SIZE, format: "qcow2", purpose: "cloudinit" },
    log,
  );
  configuration.keys.set(key, `${volume.volid},media=cdrom`);
  return volume;
}

/** Bytes of a cloud-init drive. */
const SEED_SIZE = 4 * 1024 ** 2;

/** An image that a disk is made from, with the size that a guest sees. */
async function importedImage(
  node: Node,
  volid: string | undefined,
): Promise<{ file: string; size: number } | undefined> {
  if (volid === undefined) return undefined;
  const file = node.path(await activateFile(node, volid));
  return { file, size: await virtualSize(file) };
}

/** A qcow2 image says in its head how large its disk is; any other is as large as its file. */
async function virtualSize(file: string): Promise<number> {
  const image = await open(file);
  try {
    const { buffer } = await image.read(Buffer.alloc(32), 0, 32, 0);
    const isQcow = buffer.toString("latin1", 0, 4) === "QFI\u00fb";
    return isQcow ? Number(buffer.readBigUInt64BE(24)) : (await image.stat()).size;
  } finally {
    await image.close();
  }
}

/** Where a driver keeps disks as folders, the image is a file in it. */
async function copyImage(file: string, disk: string): Promise<void> {
  const isFolder = (await stat(disk)).isDirectory();
  await copyFile(file, isFolder ? join(disk, basename(file)) : disk);
}

function imageFormat(format: string): VolumeState["format"] {
  if (format === "qcow2" || format === "vmdk") return format;
  return "raw";
}

/** @throws `storage '…' does not exist` for a drive on a storage that is not there */
export function checkDriveStorage(node: Node, drive: Drive): void {
  const storage = newVolumeSize(drive.file)?.storage ?? /^([^:/]+):cloudinit$/u.exec(drive.file)?.[1];
  if (storage !== undefined) requireStorage(node.cluster, storage);
  else if (driveVolume(drive) !== undefined) parseVolume(node.cluster, drive.file);
}
