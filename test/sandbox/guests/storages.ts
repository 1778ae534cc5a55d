import { setTimeout as sleep } from "node:timers/promises";
import { parseVolumeId } from "../../../proxmox/rules/volume-ids";
import type { Authority } from "../model/access";
import { serverPath, whyServerRefuses } from "../model/backup-servers";
import type { Cluster, Node } from "../model/site";
import type { StorageEntry } from "../model/state";
import { hasPath, storagePath } from "../model/storage-paths";
import { death } from "../protocol/failure";
import { splitList } from "../protocol/parameters";

/** What a storage may hold, in the order in which Proxmox lists it (PVE::Storage::volume_list). */
export const CONTENT_TYPES = ["rootdir", "images", "vztmpl", "iso", "backup", "snippets", "import"] as const;

export type ContentType = (typeof CONTENT_TYPES)[number];

/** Folders of a storage with a path (PVE::Storage::Plugin, $vtype_subdirs). */
const FOLDERS: Readonly<Record<ContentType, string>> = {
  rootdir: "private",
  images: "images",
  vztmpl: "template/cache",
  iso: "template/iso",
  backup: "dump",
  snippets: "snippets",
  import: "import",
};

export function requireStorage(cluster: Cluster, id: string): StorageEntry {
  const storage = cluster.storage(id);
  if (storage === undefined) throw death(`storage '${id}' does not exist`);
  return storage;
}

/** @throws for a storage that is missing, switched off, or not for this node (PVE::Storage::storage_check_enabled) */
export function enabledStorage(node: Node, id: string): StorageEntry {
  const storage = requireStorage(node.cluster, id);
  if (storage.options.disable === "1") throw death(`storage '${id}' is disabled`);
  const nodes = storage.options.nodes;
  if (nodes !== undefined && !splitList(nodes).includes(node.name)) {
    throw death(`storage '${id}' is not available on node '${node.name}'`);
  }
  return storage;
}

/** An access to a storage that is in use: takes longer while the fault `slow-storage` is on. */
export async function activateStorage(node: Node, id: string): Promise<StorageEntry> {
  const storage = enabledStorage(node, id);
  const slow = node.cluster.site.faults.hit("slow-storage", { node: node.name, storage: id });
  if (slow?.milliseconds !== undefined) await sleep(Number(slow.milliseconds));
  const why = whyInactive(node, storage);
  if (why !== undefined) throw death(why);
  return storage;
}

/** Where a file system must be mounted for a storage to be used (PVE::Storage::DirPlugin, is_mountpoint); undefined: nowhere. */
function expectedMount({ options: { is_mountpoint: text, path } }: StorageEntry): string | undefined {
  if (text === undefined || /^(?:0|off|no|false)$/iu.test(text)) return undefined;
  return /^(?:1|on|yes|true)$/iu.test(text) ? path : text;
}

/** The sandbox mounts nothing: what lies below `/mnt` stands for disks of their own, which the fault `disk-unmounted` takes off. */
export function isUnmounted(node: Node, { storage }: StorageEntry): boolean {
  return node.cluster.site.faults.hit("disk-unmounted", { node: node.name, storage }) !== undefined;
}

/** Why a storage cannot be used; undefined: it can (PVE::Storage::activate_storage). */
export function whyInactive(node: Node, entry: StorageEntry): string | undefined {
  return entry.type === "pbs" ? whyServerRefuses(node, entry) : missingMount(node, entry);
}

/** Why a storage that expects a mount point cannot be used; undefined: it can. */
function missingMount(node: Node, entry: StorageEntry): string | undefined {
  const path = expectedMount(entry);
  if (path === undefined || (path.startsWith("/mnt/") && !isUnmounted(node, entry))) return undefined;
  return `unable to activate storage '${entry.storage}' - directory is expected to be a mount point but is not mounted: '${path}'`;
}

export function holds(storage: StorageEntry, content: ContentType): boolean {
  return splitList(storage.options.content ?? "").includes(content);
}

/** Folder on the node for one kind of content. */
export function contentFolder(storage: StorageEntry, content: ContentType): string {
  const overrides = new Map(
    splitList(storage.options["content-dirs"] ?? "").map((part): [string, string] => {
      const [type = "", folder = ""] = part.split("=");
      return [type, folder];
    }),
  );
  return `${storagePath(storage)}/${overrides.get(content) ?? FOLDERS[content]}`;
}

/** A volume's name taken apart (PVE::Storage::Plugin::parse_volname). */
export interface ParsedVolume {
  storage: StorageEntry;
  content: ContentType;
  /** File name. */
  name: string;
  /** Number of the guest that a disk or an archive belongs to. */
  owner: string | undefined;
  /** Of a disk: `raw`, `qcow2`, `vmdk`, `subvol`; of a snapshot on a backup server `pbs-ct`, `pbs-vm`; `raw` for other files. */
  format: string;
}

const FILES: readonly { content: ContentType; pattern: RegExp }[] = [
  { content: "iso", pattern: /^iso\/([^/]+\.(?:iso|img))$/i },
  { content: "vztmpl", pattern: /^vztmpl\/([^/]+\.tar(?:\.(?:gz|xz|zst|bz2))?)$/ },
  { content: "backup", pattern: /^backup\/([^/]+\.(?:tgz|(?:tar|vma)(?:\.(?:zst|gz|lzo|bz2))?))$/ },
  { content: "snippets", pattern: /^snippets\/([^/]+)$/ },
  { content: "import", pattern: /^import\/([A-Za-z0-9\-._+=~@ ]+\.(?:ova|ovf|qcow2|raw|vmdk|img))$/ },
];

/** @throws `unable to parse volume ID '…'`, `storage '…' does not exist`, `unable to parse directory volume name '…'` */
export function parseVolume(cluster: Cluster, volid: string): ParsedVolume {
  const id = parseVolumeId(volid);
  if (id === undefined) throw death(`unable to parse volume ID '${volid}'`);
  const storage = requireStorage(cluster, id.storage);
  if (storage.type === "pbs") return serverVolume(storage, id.volume);
  const disk = hasPath(storage) ? directoryDisk(id.volume) : plainDisk(id.volume);
  if (disk !== undefined) return { storage, content: "images", ...disk };
  for (const { content, pattern } of FILES) {
    const name = pattern.exec(id.volume)?.[1];
    if (name === undefined) continue;
    const owner = content === "backup" ? /^vzdump-(?:openvz|lxc|qemu)-(\d+)-.+/.exec(name)?.[1] : undefined;
    return { storage, content, name, owner, format: content === "import" ? extension(name) : "raw" };
  }
  throw death(`unable to parse directory volume name '${id.volume}'`);
}

/** `backup/ct/101/2026-11-21T01:00:00Z` (PVE::Storage::PBSPlugin::parse_volname). */
function serverVolume(storage: StorageEntry, volume: string): ParsedVolume {
  const [, type, id, time] =
    /^backup\/([^\s_/]+)\/([^\s_/]+)\/(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z)$/.exec(volume) ?? [];
  if (type === undefined || id === undefined || time === undefined) {
    throw death(`unable to parse PBS volume name '${volume}'`);
  }
  const isGuests = (type === "ct" || type === "vm") && /^\d+$/.test(id);
  const name = `${type}/${id}/${time}`;
  return { storage, content: "backup", name, owner: isGuests ? id : undefined, format: `pbs-${type}` };
}

function directoryDisk(volume: string): { name: string; owner: string; format: string } | undefined {
  const [, owner, name] = /^(?:\d+\/[^\s/]+\/)?(\d+)\/(\S+)$/.exec(volume) ?? [];
  if (owner === undefined || name === undefined) return undefined;
  if (!/^[^/]+\.(raw|qcow2|vmdk|subvol)$/.test(name)) throw death(`unable to parse volume filename '${name}'`);
  return { name, owner, format: extension(name) };
}

function plainDisk(volume: string): { name: string; owner: string; format: string } | undefined {
  const [, prefix, owner] =
    /^(?:base(?:vol)?-\d+-[^\s/]+\/)?(vm|base|subvol|basevol)-(\d+)-[^\s/]+$/.exec(volume) ?? [];
  if (prefix === undefined || owner === undefined) return undefined;
  return { name: volume.slice(volume.indexOf("/") + 1), owner, format: prefix.endsWith("vol") ? "subvol" : "raw" };
}

function extension(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

/** A volume's path on the node (PVE::Storage::path). */
export function volumePath(parsed: ParsedVolume): string {
  const { storage, content, name, owner } = parsed;
  if (storage.type === "pbs") return serverPath(parsed);
  if (content !== "images") return `${contentFolder(storage, content)}/${name}`;
  if (hasPath(storage)) return `${contentFolder(storage, "images")}/${owner ?? ""}/${name}`;
  if (storage.type === "zfspool") return `${storage.options.mountpoint ?? `/${storage.options.pool ?? ""}`}/${name}`;
  return `/dev/${storage.options.vgname ?? storage.storage}/${name}`;
}

/**
 * Whether a caller may use a volume (PVE::Storage::check_volume_access).
 * @param vmid the guest for which it is used
 * @param wanted what the volume has to be
 */
export function checkVolumeAccess(
  cluster: Cluster,
  authority: Authority,
  vmid: number | undefined,
  volid: string,
  wanted?: ContentType,
): void {
  if (parseVolumeId(volid) === undefined) {
    if (authority.isRoot) return;
    throw death("Only root can pass arbitrary filesystem paths. at /usr/share/perl5/PVE/Storage.pm line 651.");
  }
  const { storage, content, owner } = parseVolume(cluster, volid);
  if (wanted !== undefined && content !== wanted && !(wanted === "rootdir" && content === "images")) {
    throw death(`unable to use volume ${volid} - content type needs to be '${wanted}'`);
  }
  const path = `/storage/${storage.storage}`;
  if (authority.has(path, "Datastore.Allocate")) return;
  if (content === "iso" || content === "vztmpl" || content === "import") {
    return authority.checkAny(path, "Datastore.AllocateSpace", "Datastore.Audit");
  }
  if (owner !== undefined && Number(owner) === vmid) return;
  if (owner === undefined) throw death(`missing privileges to access ${volid}`);
  if (content === "backup") {
    authority.check(path, "Datastore.AllocateSpace");
    return authority.check(`/vms/${owner}`, "VM.Backup");
  }
  if (content !== "images") throw death(`missing privileges to access ${volid}`);
  authority.check(path, "Datastore.Audit");
  authority.check(`/vms/${owner}`, "VM.Config.Disk");
}
