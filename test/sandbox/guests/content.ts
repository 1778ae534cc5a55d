import { lstat, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isListedFor, listArchive, parseArchiveName } from "../../../proxmox/rules/archive-names";
import { exists } from "../machine/files";
import type { Log } from "../drivers/driver";
import type { Authority } from "../model/access";
import type { Node } from "../model/site";
import type { StorageEntry } from "../model/state";
import { death } from "../protocol/failure";
import {
  activateStorage,
  contentFolder,
  CONTENT_TYPES,
  holds,
  isUnmounted,
  parseVolume,
  volumePath,
  type ContentType,
  type ParsedVolume,
} from "./storages";
import { parentOf } from "./base-volumes";
import { hasPath } from "../model/storage-paths";
import { changeRecord, listServer, removeSnapshot, serverDetails } from "./backup-server/content";
import type { ListedVolume, VolumeDetails } from "./listed-volumes";
import { findVolume, freeVolume, ownerOf, reaches } from "./volumes";

/**
 * Everything on a storage, or one kind of it, sorted by volume id (PVE::Storage::volume_list).
 * @param vmid only what belongs to this guest
 */
export async function listContent(
  node: Node,
  storageId: string,
  vmid: number | undefined,
  content: ContentType | undefined,
): Promise<ListedVolume[]> {
  const storage = await activateStorage(node, storageId);
  const types = (content === undefined ? CONTENT_TYPES : [content]).filter((type) => holds(storage, type));
  const lists = await Promise.all(types.map((type) => listType(node, storage, type, vmid)));
  return lists.flat().sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
}

function sortKey({ volid }: ListedVolume): string {
  return volid.toLowerCase();
}

async function listType(
  node: Node,
  storage: StorageEntry,
  type: ContentType,
  vmid: number | undefined,
): Promise<ListedVolume[]> {
  if (storage.type === "pbs") return type === "backup" ? listServer(node, storage, vmid) : [];
  if (hasPath(storage) && isUnmounted(node, storage)) return [];
  if (type === "rootdir" || type === "images") return listDisks(node, storage, type, vmid);
  if (!hasPath(storage)) return [];
  if ((type === "iso" || type === "vztmpl") && vmid !== undefined) return [];
  const folder = node.path(contentFolder(storage, type));
  const names = await readdir(folder).catch(() => []);
  const beside = new Set(names);
  const volumes = await Promise.all(names.map((name) => listFile(node, storage, type, { folder, name, beside }, vmid)));
  return volumes.filter((volume) => volume !== undefined);
}

/** A disk counts as a container's only while a container has its number; all others are `images`. */
async function listDisks(
  node: Node,
  storage: StorageEntry,
  type: "rootdir" | "images",
  vmid: number | undefined,
): Promise<ListedVolume[]> {
  const disks = node.cluster.state.volumes.flatMap((volume) => {
    const owner = ownerOf(volume.volid);
    if (owner === undefined || !volume.volid.startsWith(`${storage.storage}:`)) return [];
    if (!reaches(node, volume) || (vmid !== undefined && owner !== vmid)) return [];
    const content = node.cluster.guest(owner)?.type === "lxc" ? "rootdir" : "images";
    if (content !== type) return [];
    const { volid, format, size } = volume;
    return [{ volid, content, format, size, vmid: owner, used: size, parent: parentOf(volid), path: volume.path }];
  });
  const listed = await Promise.all(
    disks.map(async ({ path, ...disk }): Promise<ListedVolume | undefined> => {
      const found = await stat(node.path(path)).catch(() => undefined);
      return found === undefined ? undefined : { ...disk, content: type, ctime: Math.floor(found.ctimeMs / 1000) };
    }),
  );
  return listed.filter((disk) => disk !== undefined);
}

/** A file of a storage's folder. */
interface ContentFile {
  folder: string;
  name: string;
  /** Names of all files in the folder: whether an archive has notes is asked thousands of times. */
  beside: ReadonlySet<string>;
}

async function listFile(
  node: Node,
  storage: StorageEntry,
  type: ContentType,
  file: ContentFile,
  vmid: number | undefined,
): Promise<ListedVolume | undefined> {
  const { folder, name } = file;
  if (type === "backup" && listArchive(name, node.timeZone) === undefined) return undefined;
  const path = join(folder, name);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || found.isDirectory()) return undefined;
  const plain = { size: found.size, ctime: Math.floor(found.ctimeMs / 1000) };
  if (type === "backup") return listBackup(node, storage, file, plain, vmid);
  const format = fileFormat(type, name);
  if (format === undefined) return undefined;
  return { volid: `${storage.storage}:${type}/${name}`, content: type, format, ...plain };
}

function fileFormat(type: ContentType, name: string): string | undefined {
  if (type === "iso") return /\.(iso|img)$/i.test(name) ? "iso" : undefined;
  if (type === "snippets") return "snippet";
  if (type === "import") return /\.(ova|ovf|qcow2|raw|vmdk|img)$/i.exec(name)?.[1]?.toLowerCase();
  const compression = /\.tar(?:\.(gz|xz|zst|bz2))?$/.exec(name);
  if (compression === null) return undefined;
  return compression[1] === undefined ? "tar" : `t${compression[1]}`;
}

async function listBackup(
  node: Node,
  storage: StorageEntry,
  { folder, name, beside }: ContentFile,
  file: { size: number; ctime: number },
  vmid: number | undefined,
): Promise<ListedVolume | undefined> {
  const archive = listArchive(name, node.timeZone);
  if (archive === undefined || (vmid !== undefined && !isListedFor(name, vmid))) return undefined;
  const owner = vmid ?? archive.vmid;
  const notes = beside.has(`${name}.notes`) ? await readNotes(join(folder, name)) : undefined;
  const firstLine = notes?.split("\n")[0];
  return {
    volid: `${storage.storage}:backup/${name}`,
    content: "backup",
    format: archive.format,
    size: file.size,
    ctime: archive.time ?? file.ctime,
    subtype: archive.subtype,
    ...(owner === undefined ? {} : { vmid: owner }),
    ...(firstLine === undefined || firstLine === "" ? {} : { notes: firstLine }),
    ...(beside.has(`${name}.protected`) ? { protected: 1 as const } : {}),
  };
}

async function readNotes(path: string): Promise<string | undefined> {
  return readFile(`${path}.notes`, "utf8").catch(() => undefined);
}

/** What qemu-img says about a file: sizes in whole sectors, and `raw` for everything that is no disk of its own. */
const SECTOR = 512;

/** @throws for a volume that is missing or empty, in Proxmox's words */
export async function volumeDetails(node: Node, volid: string): Promise<VolumeDetails> {
  const parsed = parseVolume(node.cluster, volid);
  if (parsed.storage.type === "pbs") {
    await activateStorage(node, parsed.storage.storage);
    return serverDetails(node, parsed);
  }
  const path = volumePath(parsed);
  const disk = findVolume(node, volid);
  if (disk !== undefined) return { path, size: disk.size, used: disk.size, format: disk.format };
  const found = await lstat(node.path(path)).catch(() => undefined);
  if (found === undefined) throw death(`volume_size_info on '${volid}' failed - no format`);
  const size = Math.ceil(found.size / SECTOR) * SECTOR;
  if (size === 0) throw death(`volume '${volid}' has size zero`);
  const plain = { path, size, used: found.blocks * SECTOR, format: parsed.format };
  if (parsed.content !== "backup") return plain;
  return {
    ...plain,
    notes: (await readNotes(node.path(path))) ?? "",
    protected: (await isProtected(node, path)) ? 1 : 0,
  };
}

/** Whether an archive has its `.protected` file. */
function isProtected(node: Node, path: string): Promise<boolean> {
  return exists(node.path(`${path}.protected`));
}

/** The snapshot of a backup server that a volume is; undefined for any other. */
async function onServer(node: Node, volid: string): Promise<ParsedVolume | undefined> {
  const parsed = parseVolume(node.cluster, volid);
  if (parsed.storage.type !== "pbs") return undefined;
  await activateStorage(node, parsed.storage.storage);
  return parsed;
}

/** Sets an archive's notes; an empty text removes them. */
export async function setNotes(node: Node, volid: string, notes: string): Promise<void> {
  const snapshot = await onServer(node, volid);
  if (snapshot !== undefined) return changeRecord(node, snapshot, { notes });
  const path = node.path(archivePath(node, volid, "notes"));
  if (notes === "") await rm(`${path}.notes`, { force: true });
  else await writeFile(`${path}.notes`, notes);
}

/**
 * How many archives of a guest may be protected on a storage; -1 for any number
 * (PVE::Storage::get_max_protected_backups).
 */
export function mostProtected(storage: StorageEntry, authority: Authority): number {
  const set = storage.options["max-protected-backups"];
  if (set !== undefined) return Number(set);
  return authority.has(`/storage/${storage.storage}`, "Datastore.Allocate") ? -1 : 5;
}

/** @throws when the guest has as many protected archives as the storage allows */
export async function checkProtectable(node: Node, volid: string, authority: Authority): Promise<void> {
  const parsed = parseVolume(node.cluster, volid);
  const most = mostProtected(parsed.storage, authority);
  if (parsed.content !== "backup" || parsed.owner === undefined || most < 0) return;
  const { storage } = parsed.storage;
  const backups = await listContent(node, storage, Number(parsed.owner), "backup");
  const own = backups.find((entry) => entry.volid === volid);
  if (own?.protected === 1) return;
  const type = own?.subtype;
  const kept = backups.filter((entry) => entry.protected === 1 && (type === undefined || entry.subtype === type));
  if (kept.length < most) return;
  throw death(`The number of protected backups per guest is limited to ${most} on storage '${storage}'`);
}

export async function setProtected(node: Node, volid: string, on: boolean): Promise<void> {
  const snapshot = await onServer(node, volid);
  if (snapshot !== undefined) return changeRecord(node, snapshot, { isProtected: on });
  const path = node.path(archivePath(node, volid, "protected"));
  if (on) await writeFile(`${path}.protected`, "");
  else await rm(`${path}.protected`, { force: true });
}

function archivePath(node: Node, volid: string, attribute: string): string {
  const parsed = parseVolume(node.cluster, volid);
  if (parsed.content === "backup") return volumePath(parsed);
  throw death(attribute === "notes" ? "only backups can have notes" : `only backups support attribute '${attribute}'`);
}

/**
 * Removes a volume (PVE::Storage::vdisk_free and, for an archive, the log and notes beside it).
 * @throws `cannot remove protected volume '…' on '…'`
 */
export async function removeVolume(node: Node, volid: string, log: Log): Promise<void> {
  const parsed = parseVolume(node.cluster, volid);
  await activateStorage(node, parsed.storage.storage);
  if (parsed.content === "images") return freeVolume(node, volid, log);
  if (parsed.storage.type === "pbs") return removeSnapshot(node, parsed);
  const path = volumePath(parsed);
  if (await isProtected(node, path)) {
    const volume = volid.slice(volid.indexOf(":") + 1);
    throw death(`cannot remove protected volume '${volume}' on '${parsed.storage.storage}'`);
  }
  if (!(await exists(node.path(path)))) log(`disk image '${path}' does not exist`);
  await rm(node.path(path), { force: true });
  await removeAuxiliaries(node, path);
}

/** Removes an archive that a retention no longer keeps. @throws `cannot remove protected archive '…'` */
export async function removeArchive(node: Node, path: string): Promise<void> {
  if (await isProtected(node, path)) throw death(`cannot remove protected archive '${path}'`);
  await rm(node.path(path), { force: true });
  await removeAuxiliaries(node, path);
}

/** Log and notes; only archives with a standard name have any. */
async function removeAuxiliaries(node: Node, path: string): Promise<void> {
  const name = parseArchiveName(basename(path), node.timeZone);
  if (name?.standard !== true) return;
  const folder = node.path(dirname(path));
  for (const file of [name.logFileName, name.notesFileName]) await rm(join(folder, file), { force: true });
}
