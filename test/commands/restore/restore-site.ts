import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Archive } from "../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { formatGuestConfiguration } from "../../../proxmox/rules/guest-configuration";
import type { TestSandbox } from "../../sandbox/setup/start-sandbox";
import type { StartCluster } from "../../sandbox/setup/start-state";
import { requireSuccess } from "../support/kit";
import { furnished, startContainer, type StartDisk, startNodes } from "../support/site/furnish";
import { SteppedClock } from "../support/site/stepped-clock";
import { NodeSite } from "../support/site/node-site";
import { siteFolder } from "../support/site/project-site";

export const node = "pve-prod";

/** A container of the test site: root disk, `/srv` (backed up), and what the test adds. */
export interface TestContainer {
  readonly id: number;
  readonly name: string;
  /** Where it is; the settings have it on the first node. Default: there. */
  readonly node?: string;
  /** Whether it runs at the start. Default: it does. */
  readonly stopped?: boolean;
  /** `/var/cache/app` is a mount point that no backup holds. */
  readonly withCache?: boolean;
  /** Its notes do not say whose it is. */
  readonly unmarked?: boolean;
  /** The settings adopt it under this key, and have its name as `hostname`. */
  readonly adoptedAs?: string;
  /** Further lines of its configuration. */
  readonly lines?: readonly string[];
  /** Its block in the settings says this instead of `checks: [running]`. */
  readonly checks?: string;
}

export interface SiteOptions {
  /** Further lines of the settings below `config:`. */
  readonly settings?: string;
  /** Further nodes: all of them are a cluster then. */
  readonly further?: readonly string[];
  /** Further nodes that stand alone, without guests: their disks go to `tank`, and to `local` as everywhere. */
  readonly beside?: readonly string[];
  /** What the settings say that backups keep. Default: what the profile says. */
  readonly keep?: string;
  /** `prune-backups` of the backup storage. */
  readonly retention?: string;
  /** Further options of the backup storage, such as those of one on a backup server. */
  readonly storage?: Readonly<Record<string, string>>;
  readonly adjust?: (cluster: StartCluster) => StartCluster;
}

/** A `memory` site with containers made by hand, settings that name them, and the bundled command line. */
export class RestoreSite extends NodeSite {
  readonly client: ProxmoxClient;
  private readonly clock = new SteppedClock();

  private constructor(folder: string, sandbox: TestSandbox) {
    super(folder, sandbox, () => node);
    this.client = this.connect();
  }

  static async start(containers: readonly TestContainer[], options: SiteOptions = {}): Promise<RestoreSite> {
    const {
      settings = "",
      keep,
      further = [],
      beside = [],
      retention,
      storage = {},
      adjust = (cluster) => cluster,
    } = options;
    const folder = siteFolder("restore");
    const furniture = {
      backup: { ...storage, ...(retention === undefined ? {} : { "prune-backups": retention }) },
      disks: ["dir"] as const,
      guests: containers.map(guestOf),
    };
    const isBeside = ({ nodes }: StartCluster) => nodes.every((one) => beside.includes(one.node));
    const empty = { ...furniture, disks: ["zfspool"] as const, guests: [] };
    const furnish = (cluster: StartCluster) => adjust(furnished(cluster, isBeside(cluster) ? empty : furniture));
    const cluster = options.further === undefined ? undefined : "site";
    const site = new RestoreSite(folder, await startNodes(folder, [node, ...further, ...beside], furnish, cluster));
    const guests = Object.fromEntries(containers.map(settingsOf));
    const kept = keep === undefined ? {} : { keep };
    site.declare("prod", { profile: "prod", node, ca: "site-ca.pem", ...kept, guests, lines: [settings] });
    return site;
  }

  override async stop(): Promise<void> {
    await this.client.close();
    await super.stop();
  }

  /** A backup of the guest as its job would make it; some minutes pass before it, so that names differ. */
  async backUp(vmid: number, parameters: Record<string, string | boolean> = {}, on = node): Promise<string> {
    await this.control({ command: "clock", offset: this.clock.next() });
    const request = { storage: "backup", compress: "zstd", ...parameters };
    const upid = await this.client.backups.vzdump(on, vmid, request);
    requireSuccess(await this.client.tasks.wait(upid));
    const listed = await this.client.backups.archives(on, request.storage, vmid);
    const [newest] = listed.sort((a, b) => b.ctime - a.ctime);
    if (newest === undefined) throw new Error("The backup left no archive.");
    return newest.volid;
  }

  /** Newest first. */
  async archives(vmid: number): Promise<Archive[]> {
    return (await this.client.backups.archives(node, "backup", vmid)).sort((a, b) => b.ctime - a.ctime);
  }

  /** What must be as it was after a refusal. */
  async picture(vmid: number): Promise<unknown> {
    const guest = { node, type: "lxc", vmid } as const;
    const { digest: _digest, ...configuration } = await this.client.guests.guestConfig(guest);
    const { status, lock } = await this.client.guests.guestStatus(guest);
    return { configuration, status, lock, archives: await this.archives(vmid) };
  }

  async running(vmid: number): Promise<boolean> {
    return (await this.client.guests.guestStatus({ node, type: "lxc", vmid })).status === "running";
  }

  exists(vmid: number): Promise<boolean> {
    return this.client.guests.exists({ node, type: "lxc", vmid });
  }

  async destroy(vmid: number): Promise<void> {
    const guest = { node, type: "lxc", vmid } as const;
    if (await this.running(vmid)) requireSuccess(await this.client.tasks.wait(await this.client.guests.stop(guest)));
    requireSuccess(await this.client.tasks.wait(await this.client.guests.destroy(guest)));
  }

  /** Lets the token see volumes on a storage, which nothing else takes. */
  async showVolumes(storage: string): Promise<void> {
    const root = this.rootClient();
    const rights = { path: `/storage/${storage}`, roles: "PVEDatastoreAdmin" };
    await root.put(["access", "acl"], { ...rights, users: "lifeboat@pve" });
    await root.put(["access", "acl"], { ...rights, tokens: "lifeboat@pve!lifeboat" });
    await root.close();
  }

  /** As `pct set --lock` and `pct unlock` on the node: takes the lock off without one. */
  async setLock(vmid: number, lock?: string): Promise<void> {
    const { lock: _lock, ...keys } = await this.client.guests.guestConfig({ node, type: "lxc", vmid });
    await this.setKeys(vmid, { ...keys, ...(lock === undefined ? {} : { lock }) });
  }

  /** Writes a container's configuration as an editor on the node would. */
  async setKeys(vmid: number, configuration: Readonly<Record<string, string>>): Promise<void> {
    const { digest: _digest, description = "", ...keys } = configuration;
    const content = formatGuestConfiguration({ keys, description, raw: [], snapshots: {} });
    await this.control({ command: "write", path: `/etc/pve/nodes/${node}/lxc/${String(vmid)}.conf`, content });
  }

  requestLog(): string {
    return readFileSync(join(this.sandbox.layout.server, "requests.ndjson"), "utf8");
  }

  /** Text of a file in the guest's root disk, or of a mount point's volume; undefined where there is none. */
  readGuestFile(volid: string, path: string): string | undefined {
    const volume = volid.slice(volid.indexOf(":") + 1);
    try {
      return readFileSync(this.nodePath(node, join("var/lib/vz/images", volume, path)), "utf8");
    } catch {
      return undefined;
    }
  }

  /** Volume id of a disk of the guest. */
  async volumeOf(vmid: number, key: string): Promise<string> {
    const configuration = await this.client.guests.guestConfig({ node, type: "lxc", vmid });
    return configuration[key]?.split(",")[0] ?? "";
  }
}

function settingsOf(container: TestContainer): [string, string[]] {
  const { id, name, adoptedAs } = container;
  if (adoptedAs === undefined) return [name, guestSettings(container)];
  return [adoptedAs, [`adopt: ${id}`, `hostname: ${name}`, "checks: [running]"]];
}

function guestOf({
  withCache,
  unmarked,
  adoptedAs: _key,
  ...container
}: TestContainer): StartCluster["guests"][number] {
  const { id, name } = container;
  const root: StartDisk = {
    key: "rootfs",
    on: "local",
    gibibytes: 1,
    folders: ["etc", "srv", "var/cache/app"],
    files: { "etc/marker": `${name} root\n`, "etc/debian_version": "12.12\n" },
  };
  const data: StartDisk = {
    key: "mp0",
    on: "dir",
    gibibytes: 2,
    options: "mp=/srv,backup=1",
    files: { marker: `${name} data\n` },
  };
  const cache: StartDisk = {
    key: "mp1",
    on: "local",
    number: 1,
    gibibytes: 1,
    options: "mp=/var/cache/app",
    files: { cached: "precious\n" },
  };
  const card = `name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:01:${String(id % 100).padStart(2, "0")},ip=192.0.2.${id % 256}/24,gw=192.0.2.1,type=veth`;
  return startContainer({
    node,
    ...container,
    disks: [root, data, ...(withCache === true ? [cache] : [])],
    options: [
      ...(unmarked === true ? [] : [`#lifeboat%3A prod/${name}`]),
      "cores: 1",
      `net0: ${card}`,
      "onboot: 1",
      "swap: 0",
      "unprivileged: 1",
    ],
  });
}

function guestSettings({ id, withCache, checks = "[running]" }: TestContainer): string[] {
  const cache =
    "{ mount: /var/cache/app, storage: local, size: 1GiB, backup: { exclude: rebuilt, owner: web team, until: 2099-06-30 } }";
  return [
    "kind: container",
    `id: ${id}`,
    "template: local:vztmpl/debian-12-standard_amd64.tar.zst",
    "root: { storage: local, size: 1GiB }",
    "disks:",
    "  data: { mount: /srv, storage: data, size: 2GiB }",
    ...(withCache === true ? [`  cache: ${cache}`] : []),
    `network: { bridge: vmbr0, address: 192.0.2.${id % 256}/24, gateway: 192.0.2.1 }`,
    `checks: ${checks}`,
  ];
}
