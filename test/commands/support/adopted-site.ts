import { ArchiveFiles } from "./site/archive-files";
import { type DiskStorage, furnished, startContainer, startNodes, volumeOf } from "./site/furnish";
import { NodeSite } from "./site/node-site";
import { siteFolder } from "./site/project-site";

/** An environment of the site: a node of its own with guests made by hand, all adopted. */
export interface AdoptedEnvironment {
  readonly name: string;
  readonly node: string;
  readonly profile: "prod" | "lab" | "monitoring";
  readonly guests: readonly AdoptedContainer[];
  /** Of its node. Default: UTC. */
  readonly timeZone?: string;
  /** Further options of its job. */
  readonly job?: Readonly<Record<string, string>>;
  /** Further options of its storage for backups, such as `capacity` in bytes. */
  readonly storage?: Readonly<Record<string, string>>;
}

export interface AdoptedContainer {
  readonly id: number;
  readonly name: string;
  /** Default: it runs. */
  readonly stopped?: boolean;
  /** Further lines of its block in the settings. */
  readonly settings?: readonly string[];
  /** Further lines of its configuration in Proxmox. */
  readonly lines?: readonly string[];
  /** Type of the storage of its disk. Default: a folder. */
  readonly disk?: DiskStorage;
}

/** A site of standalone nodes whose archives are files that were put there. */
export class AdoptedSite extends NodeSite {
  static async start(environments: readonly AdoptedEnvironment[]): Promise<AdoptedSite> {
    const folder = siteFolder("adopted");
    const nodes = new Map(environments.map((environment) => [environment.node, environment]));
    const sandbox = await startNodes(folder, [...nodes.keys()], (cluster) => {
      const { timeZone, storage = {}, guests = [] } = nodes.get(cluster.nodes[0]?.node ?? "") ?? {};
      const zoned = cluster.nodes.map((node) => ({ ...node, timezone: timeZone ?? node.timezone }));
      const containers = guests.map((guest) => containerOf(guest, cluster.nodes[0]?.node ?? ""));
      const disks = ["dir", "lvmthin", "zfspool"] as const;
      return furnished({ ...cluster, nodes: zoned }, { backup: storage, disks, guests: containers });
    });
    const nodeOf = (name: string) => environments.find((environment) => environment.name === name)?.node ?? "";
    const site = new AdoptedSite(folder, sandbox, nodeOf);
    try {
      for (const environment of environments) await site.adopt(environment);
    } catch (error) {
      // Nobody else could stop it: its servers would keep the tests' process alive.
      await site.stop();
      throw error;
    }
    return site;
  }

  /** Puts an archive of a guest onto the storage of its node; `time` is in unix seconds. It holds the guest's name. */
  putArchive(node: string, vmid: number, time: number, size: number, notes = ""): void {
    this.archiveFiles(node).put(vmid, time, size, notes, `hostname: ${this.names.get(vmid) ?? ""}\n`);
  }

  /** Takes every archive of a guest off the storage of its node. */
  removeArchives(node: string, vmid: number): void {
    this.archiveFiles(node).remove(vmid);
  }

  /** Where a file of a guest's root disk is on this machine. */
  guestFile(node: string, id: number, disk: DiskStorage, path: string): string {
    return this.nodePath(node, `${volumeOf(id, disk).path}/${path}`);
  }

  /** Names of its guests in the beginning. */
  private readonly names = new Map<number, string>();

  private archiveFiles(node: string): ArchiveFiles {
    return new ArchiveFiles(this.nodePath(node, "mnt/backup/dump"));
  }

  /** Writes the settings of an environment and makes its job, which Proxmox refuses where it is to back up nothing. */
  private async adopt({ name, node, profile, guests, job = {} }: AdoptedEnvironment): Promise<void> {
    const blocks = guests.map(({ id, name, settings = [] }) => [name, [`adopt: ${String(id)}`, ...settings]]);
    this.declare(name, { profile, node, ca: "site-ca.pem", guests: Object.fromEntries(blocks) });
    for (const guest of guests) this.names.set(guest.id, guest.name);
    if (guests.length === 0) return;
    const schedule = { prod: "01:00", lab: "sun 03:00", monitoring: "02:00" }[profile];
    const vmid = guests.map(({ id }) => id).join(",");
    await this.on(node, (client) =>
      client.post(["cluster", "backup"], { id: `lifeboat-${name}`, schedule, storage: "backup", vmid, ...job }),
    );
  }
}

function containerOf({ disk = "dir", ...container }: AdoptedContainer, node: string) {
  const root = { key: "rootfs", on: disk, gibibytes: 1, files: { "etc/hostname": `${container.name}\n` } };
  return startContainer({ ...container, node, disks: [root] });
}
