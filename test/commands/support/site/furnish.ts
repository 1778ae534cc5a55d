import { join } from "node:path";
import type { TestSandbox } from "../../../sandbox/setup/start-sandbox";
import type { StartCluster } from "../../../sandbox/setup/start-state";
import { startSandboxHere } from "../kit";

type StartGuest = StartCluster["guests"][number];

/** Storages for disks that nodes can be given, by their type. */
const storages = {
  dir: { storage: "data", path: "/mnt/data" },
  lvmthin: { storage: "thin", vgname: "pve", thinpool: "data" },
  zfspool: { storage: "tank", pool: "tank" },
} as const;

export type DiskStorage = keyof typeof storages;

/** What nodes have besides what a fresh Proxmox has. */
export interface Furniture {
  /** Further options of the storage `backup`; with `type: pbs` it is none of the node's folders. */
  readonly backup: Readonly<Record<string, string>>;
  readonly disks: readonly DiskStorage[];
  readonly guests: readonly StartGuest[];
}

/** The storage `backup` on the backup server that is beside every site, in place of a folder. */
export const serverStorage = {
  type: "pbs",
  server: "192.0.2.30",
  datastore: "main",
  username: "lifeboat@pbs",
  password: "not-a-secret-of-the-sandbox",
} as const;

/** Starts nodes in this process, below a site's folder; without the name of a cluster each stands alone. */
export function startNodes(
  folder: string,
  nodes: readonly string[],
  furnish: (cluster: StartCluster) => StartCluster,
  cluster?: string,
): Promise<TestSandbox> {
  return startSandboxHere({
    driver: "memory",
    folder: join(folder, "sandbox"),
    nodes,
    ...(cluster === undefined ? {} : { cluster }),
    fixture: ({ clusters }) => ({ clusters: clusters.map(furnish) }),
  });
}

/** A cluster with a storage for backups, storages for disks, and guests made by hand. */
export function furnished(cluster: StartCluster, { backup, disks, guests }: Furniture): StartCluster {
  const folder = backup["type"] === undefined ? { type: "dir", path: "/mnt/backup" } : {};
  return {
    ...cluster,
    storage: [
      ...cluster.storage,
      { storage: "backup", ...folder, content: "backup", ...backup },
      ...disks.map((type) => ({ type, content: "rootdir,images", ...storages[type] })),
    ],
    guests: [...guests],
  };
}

/** A disk of a container. */
export interface StartDisk {
  /** Its line in the configuration: `rootfs`, `mp0`. */
  readonly key: string;
  /** `local` is the storage that every node has. */
  readonly on: DiskStorage | "local";
  /** Its number among the guest's disks on that storage. Default: 0. */
  readonly number?: number;
  readonly gibibytes: number;
  /** Options of its line, such as `mp=/srv`. */
  readonly options?: string;
  readonly folders?: string[];
  /** Path in the volume to text. */
  readonly files: Record<string, string>;
}

export interface StartContainer {
  readonly id: number;
  readonly name: string;
  readonly node: string;
  /** Default: it runs. */
  readonly stopped?: boolean | undefined;
  readonly disks: readonly StartDisk[];
  /** Further options of its configuration. */
  readonly options?: readonly string[];
  /** Lines at the end of its configuration, where sections of snapshots are. */
  readonly lines?: readonly string[] | undefined;
}

/** A Debian container with 512 MiB. */
export function startContainer(container: StartContainer): StartGuest {
  const { id, name, node, stopped, disks, options = [], lines = [] } = container;
  const own = ["arch: amd64", `hostname: ${name}`, "memory: 512", "ostype: debian"];
  return {
    vmid: id,
    type: "lxc",
    node,
    status: stopped === true ? "stopped" : "running",
    config: [...[...own, ...options, ...disks.map((disk) => diskLine(id, disk))].sort(), ...lines, ""].join("\n"),
    volumes: disks.map((disk) => diskVolume(id, disk)),
  };
}

function diskLine(id: number, { key, on, number, gibibytes, options }: StartDisk): string {
  const parts = [volumeOf(id, on, number).volid, options ?? [], `size=${String(gibibytes)}G`];
  return `${key}: ${parts.flat().join(",")}`;
}

function diskVolume(id: number, { on, number, gibibytes, folders, files }: StartDisk): StartGuest["volumes"][number] {
  const size = gibibytes * 1024 ** 3;
  return { ...volumeOf(id, on, number), size, files, ...(folders === undefined ? {} : { folders }) };
}

/** A volume of a guest: its id, where it lies on the node, and how. */
export function volumeOf(
  id: number,
  on: StartDisk["on"],
  number = 0,
): { volid: string; path: string; format: "raw" | "subvol" } {
  const file = `${String(id)}/vm-${String(id)}-disk-${String(number)}.raw`;
  const volume = `${String(id)}-disk-${String(number)}`;
  switch (on) {
    case "local":
      return { volid: `local:${file}`, path: `/var/lib/vz/images/${file}`, format: "raw" };
    case "dir":
      return { volid: `data:${file}`, path: `/mnt/data/images/${file}`, format: "raw" };
    case "lvmthin":
      return { volid: `thin:vm-${volume}`, path: `/dev/pve/vm-${volume}`, format: "raw" };
    case "zfspool":
      return { volid: `tank:subvol-${volume}`, path: `/tank/subvol-${volume}`, format: "subvol" };
  }
}
