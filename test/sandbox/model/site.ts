import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Driver } from "../drivers/driver";
import { death } from "../protocol/failure";
import { Authority, type Caller } from "./access";
import { type Clock, shiftedClock } from "./clock";
import { Faults } from "./faults";
import { Locks } from "./locks";
import { linkSharedStorages } from "./shared-storages";
import type { BackupServerState, ClusterState, GuestState, NodeState, SiteState, StorageEntry } from "./state";
import { Tasks } from "./tasks";

/** How a site runs, beyond what its state says. */
export interface SiteSettings {
  /**
   * Whether the daemons around the API run, as on any installed node. Without them `cluster/resources` knows no guest's
   * status and nobody knows a node's certificate: the recordings were made so.
   */
  statistics: boolean;
}

/** A site: clusters of nodes, on one driver, with its state in one folder. */
export class Site {
  readonly folder: string;
  readonly driver: Driver;
  readonly settings: SiteSettings;
  readonly clock: Clock;
  readonly faults: Faults;
  /** SHA-256 of the nodes' certificates by node, where they listen. */
  readonly fingerprints = new Map<string, string>();
  #state: SiteState;
  #clusters: Cluster[] = [];
  #written: string | undefined;

  /** Opens the folder; without a site in it this is one without clusters, to be filled by a fixture. */
  constructor(folder: string, driver: Driver, settings: SiteSettings = { statistics: true }) {
    this.folder = folder;
    this.driver = driver;
    this.settings = settings;
    mkdirSync(folder, { recursive: true });
    this.#state = readState(join(folder, "site.json")) ?? emptyState();
    this.clock = shiftedClock(() => this.#state.clockOffset);
    this.faults = new Faults(
      () => this.#state.faults,
      () => this.save(),
    );
    this.#open();
  }

  get state(): SiteState {
    return this.#state;
  }

  get clusters(): readonly Cluster[] {
    return this.#clusters;
  }

  get nodes(): Node[] {
    return this.#clusters.flatMap((cluster) => [...cluster.nodes]);
  }

  /** The node of that name, whatever its cluster. */
  findNode(name: string): Node | undefined {
    return this.nodes.find((node) => node.name === name);
  }

  /** Writes the state when it changed. The server calls it after each request that is no GET, tasks when they end. */
  save(): void {
    const text = `${JSON.stringify(this.#state, undefined, 1)}\n`;
    if (text === this.#written) return;
    const file = join(this.folder, "site.json");
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    renameSync(`${file}.new`, file);
    this.#written = text;
  }

  /** Throws everything away, nodes' folders and tasks included, and starts anew with the clusters given. */
  replace(clusters: ClusterState[], backupServers: BackupServerState[] = []): void {
    for (const node of this.nodes) node.tasks.abandon();
    for (const name of ["nodes", "shared", "backup-servers"])
      rmSync(join(this.folder, name), { recursive: true, force: true });
    this.#state = { ...emptyState(), clusters, ...(backupServers.length > 0 && { backupServers }) };
    this.#open();
    this.save();
  }

  #open(): void {
    this.#clusters = this.#state.clusters.map((state) => new Cluster(this, state));
    for (const cluster of this.#clusters) linkSharedStorages(cluster);
  }
}

/** A cluster, or a node of its own: what lies under /etc/pve. */
export class Cluster {
  readonly site: Site;
  readonly state: ClusterState;
  readonly nodes: readonly Node[];
  /** Held while a guest's configuration, the vzdump run of a node … is changed: `locks.exclusive("guest-101", …)`. */
  readonly locks = new Locks();

  constructor(site: Site, state: ClusterState) {
    this.site = site;
    this.state = state;
    this.nodes = state.nodes.map((node) => new Node(this, node));
  }

  save(): void {
    this.site.save();
  }

  node(name: string): Node | undefined {
    return this.nodes.find((node) => node.name === name);
  }

  guest(vmid: number): GuestState | undefined {
    return this.state.guests.find((guest) => guest.vmid === vmid);
  }

  storage(id: string): StorageEntry | undefined {
    return this.state.storages.find((entry) => entry.storage === id);
  }

  authority(caller: Caller): Authority {
    return new Authority(this.state.access, caller);
  }
}

export class Node {
  readonly cluster: Cluster;
  readonly state: NodeState;
  readonly tasks: Tasks;
  readonly clock: Clock;
  /** Folder on this machine that stands for the node's `/`. */
  readonly root: string;

  constructor(cluster: Cluster, state: NodeState) {
    const { site } = cluster;
    this.cluster = cluster;
    this.state = state;
    const folder = join(site.folder, "nodes", state.node);
    this.root = join(folder, "root");
    mkdirSync(this.root, { recursive: true });
    const base = site.clock;
    const skew = (): number =>
      Number(
        site.faults
          .list()
          .find((fault) => fault.name === "clock-skew" && (fault.settings.node ?? state.node) === state.node)?.settings
          .seconds ?? 0,
      );
    const milliseconds = (): number => base.milliseconds() + skew() * 1000;
    this.clock = { milliseconds, seconds: () => Math.floor(milliseconds() / 1000) };
    this.tasks = new Tasks(state.node, join(folder, "tasks"), this.clock, site.faults, () => site.save());
  }

  get name(): string {
    return this.state.node;
  }

  get timeZone(): string {
    return this.state.timezone;
  }

  /** Where a path of the node lies on this machine. */
  path(nodePath: string): string {
    if (!nodePath.startsWith("/") || nodePath.split("/").includes("..")) {
      throw death(`'${nodePath}' is not an absolute path`);
    }
    return join(this.root, nodePath);
  }
}

function emptyState(): SiteState {
  return { format: 1, clusters: [], clockOffset: 0, faults: [], ticketSecret: randomBytes(32).toString("hex") };
}

function readState(file: string): SiteState | undefined {
  if (!existsSync(file)) return undefined;
  const state: SiteState = JSON.parse(readFileSync(file, "utf8"));
  if (state.format !== 1) throw new Error(`${file} was written by another version of the sandbox`);
  return state;
}
