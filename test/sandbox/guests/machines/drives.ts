import { open, stat } from "node:fs/promises";
import {
  formatDrive,
  isDriveKey,
  parseDrive,
  PropertyStringError,
  type Drive,
} from "../../../../proxmox/rules/property-strings";
import { newVolumeSize } from "../../../../proxmox/rules/volume-ids";
import type { Log } from "../../drivers/driver";
import type { Image } from "../../drivers/machines";
import type { Node } from "../../model/site";
import type { VolumeState } from "../../model/state";
import { death, parameterFailure } from "../../protocol/failure";
import type { Section } from "../configuration";
import { parseVolume } from "../storages";
import { activateFile, activateVolume, allocateVolume, diskImage } from "../volumes";

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
    throw parameterFailure({ [key]: `invalid format - ${wholeProblem(key, failure.message)}\n` });
  }
}

/** Whether a property string could not be split into its keys: Proxmox tells that without its heading for single keys. */
export function isOfWholeText(message: string): boolean {
  return /^(?:duplicate key|missing key|value without key|key '|key alias ')/.test(message);
}

function wholeProblem(key: string, message: string): string {
  if (message.startsWith("format error\n") || isOfWholeText(message)) return message;
  const unknown = /^invalid key in comma-separated list property: (.*)$/.exec(message)?.[1];
  if (unknown === undefined) return `format error\n${message}`;
  return `format error\n${key}.${unknown}: property is not defined in schema and the schema does not allow additional properties`;
}

/** The drive that holds what cloud-init reads, or is to hold it (PVE::QemuServer::drive_is_cloudinit). */
export function isSeed({ file }: Drive): boolean {
  return /[:/](?:vm-\d+-)?cloudinit(?:\.(?:raw|qcow2|vmdk))?$/u.test(file);
}

/** A drive without a disc, or with the node's own one, is for discs whether the request says so or not. */
export function withMedia(drive: Drive): Drive {
  return /^(?:none|cdrom)$/.test(drive.file) && drive.media === undefined ? { ...drive, media: "cdrom" } : drive;
}

/** Discs have no format and no snapshots, and are not on the bus `virtio` (PVE::QemuServer::Drive::parse_drive). */
export function isReadable(key: string, { media, options }: Drive): boolean {
  return media !== "cdrom" || !(key.startsWith("virtio") || options.get("snapshot") === "1" || options.has("format"));
}

/** Whether a drive is for discs, what cloud-init reads included. */
export function isDiscDrive(drive: Drive): boolean {
  return drive.media === "cdrom" || isSeed(drive);
}

/** The volume of a drive; undefined for CD-ROM drives and paths. */
export function driveVolume(drive: Drive): string | undefined {
  return !isDiscDrive(drive) && drive.file.includes(":") ? drive.file : undefined;
}

/**
 * Makes the disk that a drive asks for with `storage:SIZE`, and sets the drive in the configuration. A drive of a volume
 * that exists is set with the volume's size (PVE::API2::Qemu, create_disks).
 * @returns the new volume
 * @throws `volume '…' does not exist`
 */
export async function createDrive(
  node: Node,
  vmid: number,
  configuration: Section,
  key: string,
  text: string,
  log: Log,
): Promise<VolumeState | undefined> {
  const drive = withMedia(readDrive(key, text));
  const seed = /^([^:/]+):cloudinit$/u.exec(drive.file)?.[1];
  if (seed !== undefined) return createSeed(node, vmid, configuration, key, { ...drive, file: seed }, log);
  const wanted = newVolumeSize(drive.file);
  if (wanted === undefined) {
    const { size: _size, ...rest } = drive;
    const size = await existingSize(node, drive);
    configuration.keys.set(key, formatDrive(key, size === undefined ? rest : { ...rest, size }));
    return undefined;
  }
  const options = new Map(drive.options);
  const image = await importedImage(node, options.get("import-from"));
  const format = options.get("format") ?? image?.format ?? "raw";
  options.delete("format");
  options.delete("import-from");
  const size = image?.size ?? fixedSize(key, options) ?? Math.floor(wanted.gibibytes * 1024 ** 3);
  const wantedDisk = { storage: wanted.storage, vmid, size, format: imageFormat(format), isDisk: true } as const;
  const volume = await allocateVolume(node, wantedDisk, log);
  if (image !== undefined) await node.cluster.site.driver.machines.copyImage(image, diskImage(node, volume));
  const printed = formatDrive(key, { ...drive, file: volume.volid, size: volume.size, options });
  log(`${key}: successfully created disk '${printed}'`);
  configuration.keys.set(key, printed);
  return volume;
}

/** Bytes of a volume that exists; undefined for a drive without a disc and for a path of the node. */
async function existingSize(node: Node, { file }: Drive): Promise<number | undefined> {
  if (!file.includes(":")) return undefined;
  if (parseVolume(node.cluster, file).content === "images") return (await activateVolume(node, file)).size;
  const { size } = await stat(node.path(await activateFile(node, file)));
  return Math.ceil(size / BLOCK) * BLOCK;
}

/** Sizes of files are told in blocks of so many bytes. */
const BLOCK = 512;

/** Bytes of a state's disk, whatever the request says. */
function fixedSize(key: string, options: ReadonlyMap<string, string>): number | undefined {
  if (key.startsWith("tpmstate")) return 4 * 1024 ** 2;
  if (key.startsWith("efidisk")) return (options.get("efitype") === "4m" ? 528 : 128) * 1024;
  return undefined;
}

/** What cloud-init reads is a drive of its own, whose content Proxmox makes anew at each start. */
async function createSeed(
  node: Node,
  vmid: number,
  configuration: Section,
  key: string,
  drive: Drive,
  log: Log,
): Promise<VolumeState> {
  const attached = seedKeys(configuration).find((other) => other !== key);
  if (attached !== undefined) throw death(`${key} - cloud-init drive is already attached at '${attached}'`);
  const options = new Map(drive.options);
  const format = imageFormat(options.get("format") ?? "qcow2");
  options.delete("format");
  const volume = await allocateVolume(
    node,
    { storage: drive.file, vmid, size: SEED_SIZE, format, purpose: "cloudinit", isDisk: true },
    log,
  );
  const printed = formatDrive(key, { ...drive, file: volume.volid, media: "cdrom", options });
  log(`${key}: successfully created disk '${printed}'`);
  configuration.keys.set(key, printed);
  return volume;
}

/** Keys of the drives that hold what cloud-init reads: a machine has one at most. */
function seedKeys({ keys }: Section): string[] {
  return driveKeys(keys).filter((key) => isSeed(readDrive(key, keys.get(key) ?? "")));
}

/** Bytes of a cloud-init drive. */
export const SEED_SIZE = 4 * 1024 ** 2;

/** An image that a disk is made from, with the size that a guest sees. */
async function importedImage(node: Node, volid: string | undefined): Promise<(Image & { size: number }) | undefined> {
  if (volid === undefined) return undefined;
  const { content, format } = parseVolume(node.cluster, volid);
  if (content === "images") {
    const volume = await activateVolume(node, volid);
    return { ...diskImage(node, volume), size: volume.size };
  }
  const file = node.path(await activateFile(node, volid));
  return { path: file, size: await virtualSize(file), format: format === "qcow2" ? "qcow2" : "raw" };
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

export function imageFormat(format: string): VolumeState["format"] {
  if (format === "qcow2" || format === "vmdk") return format;
  return "raw";
}

/** @throws the 400 of Proxmox for drives whose words do not go together (PVE::API2::Qemu, $check_drive_param) */
export function checkDrives(node: Node, options: ReadonlyMap<string, string>): void {
  for (const key of driveKeys(options).sort()) checkDrive(node, key, readDrive(key, options.get(key) ?? ""));
}

/** What an image of a state does not say of itself. */
const NEEDED_TO_IMPORT: Readonly<Record<string, readonly string[]>> = {
  efidisk0: ["efitype", "pre-enrolled-keys"],
  tpmstate0: ["version"],
};

function tpmVersion({ options }: Drive): string {
  return options.get("version") ?? "v1.2";
}

/** @throws for another version of the TPM whose state stays the same */
export function checkTpmVersion(key: string, before: string | undefined, after: string): void {
  if (key !== "tpmstate0" || before === undefined) return;
  const [old, wanted] = [readDrive(key, before), readDrive(key, after)];
  if (old.file !== wanted.file || tpmVersion(old) === tpmVersion(wanted)) return;
  throw death("cannot change TPM state version after creation");
}

function checkDrive(node: Node, key: string, drive: Drive): void {
  if (!isReadable(key, drive)) throw parameterFailure({ [key]: "unable to parse drive options" });
  const wanted = newVolumeSize(drive.file);
  if (drive.options.has("import-from") && wanted?.gibibytes !== 0) {
    const text = "'import-from' requires special syntax - use <storage ID>:0,import-from=<source>";
    throw parameterFailure({ [key]: text });
  }
  if (drive.options.has("import-from")) {
    const missing = (NEEDED_TO_IMPORT[key] ?? []).find((name) => !drive.options.has(name));
    if (missing !== undefined) {
      throw parameterFailure({ [key]: `need to specify '${missing}' when using 'import-from'` });
    }
  }
  if (wanted !== undefined || isDiscDrive(drive) || !drive.file.includes(":")) return;
  if (parseVolume(node.cluster, drive.file).content === "iso") {
    throw parameterFailure({ [key]: "explicit 'media=cdrom' is required for iso images" });
  }
}
