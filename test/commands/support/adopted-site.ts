import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { formatArchiveName } from "../../../proxmox/rules/archive-names";
import { siteFolderName } from "../../../scripts/project/state-home";
import type { TestSandbox } from "../../sandbox/setup/start-sandbox";
import type { StartCluster } from "../../sandbox/setup/start-state";
import { createClient, startSandboxHere } from "./kit";
import { type LoggedRequest, RequestLog } from "./request-log";
import { type RunOptions, type RunResult, bundle, runLifeboat, runProgram } from "./run-bundle";

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
  readonly disk?: keyof typeof diskStorages;
}

const stateSchema = z.object({
  clusters: z.array(
    z.object({ guests: z.array(z.object({ vmid: z.number(), node: z.string(), configuration: z.string() })) }),
  ),
});

/** A site of standalone nodes whose archives are files that were put there: many of them cost no time. */
export class AdoptedSite {
  readonly project: string;
  private readonly asked: RequestLog;

  private constructor(
    private readonly folder: string,
    readonly sandbox: TestSandbox,
    readonly environments: readonly AdoptedEnvironment[],
  ) {
    this.asked = new RequestLog(join(sandbox.layout.server, "requests.ndjson"));
    this.project = join(folder, "project");
    mkdirSync(this.project);
    writeFileSync(join(this.project, "site-ca.pem"), readFileSync(sandbox.layout.ca, "utf8"));
    writeFileSync(join(this.project, "Pulumi.yaml"), "name: site\nruntime: nodejs\n");
    for (const environment of environments) this.writeSettings(environment);
  }

  static async start(environments: readonly AdoptedEnvironment[]): Promise<AdoptedSite> {
    const folder = mkdtempSync(join(tmpdir(), "lifeboat-adopted-"));
    const byNode = new Map(environments.map((environment) => [environment.node, environment]));
    const sandbox = await startSandboxHere({
      driver: "memory",
      folder: join(folder, "sandbox"),
      nodes: [...byNode.keys()],
      fixture: (state) => ({
        clusters: state.clusters.map((cluster) => furnish(cluster, byNode.get(cluster.nodes[0]?.node ?? ""))),
      }),
    });
    const site = new AdoptedSite(folder, sandbox, environments);
    for (const environment of environments) await site.makeJob(environment);
    return site;
  }

  async stop(): Promise<void> {
    await this.sandbox.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  endpoint(node: string): string {
    const found = this.sandbox.nodes.find(({ name }) => name === node);
    return `https://${found?.address ?? ""}:${String(found?.port ?? 0)}`;
  }

  /** Runs with a client for one node. */
  async on<Result>(node: string, work: (client: ProxmoxClient) => Promise<Result>): Promise<Result> {
    const { layout } = this.sandbox;
    const client = createClient({
      endpoint: this.endpoint(node),
      trust: { kind: "ca", pem: readFileSync(layout.ca, "utf8") },
      credential: { kind: "token", value: readFileSync(layout.tokenFile, "utf8").trim() },
    });
    try {
      return await work(client);
    } finally {
      await client.close();
    }
  }

  /**
   * Puts an archive of a guest onto the storage of its node.
   *
   * @param time unix seconds of its start.
   */
  putArchive(node: string, vmid: number, time: number, size: number, notes = ""): void {
    const dump = join(this.sandbox.layout.server, "nodes", node, "root/mnt/backup/dump");
    mkdirSync(dump, { recursive: true });
    const name = formatArchiveName({
      guestType: "lxc",
      vmid,
      time,
      timeZone: "UTC",
      format: "tar",
      compression: "zst",
    });
    writeFileSync(join(dump, name), Buffer.alloc(size));
    if (notes !== "") writeFileSync(join(dump, `${name}.notes`), notes);
  }

  /** Takes every archive of a guest off the storage of its node. */
  removeArchives(node: string, vmid: number): void {
    const dump = join(this.sandbox.layout.server, "nodes", node, "root/mnt/backup/dump");
    if (!existsSync(dump)) return;
    const own = readdirSync(dump).filter((name) => name.startsWith(`vzdump-lxc-${String(vmid)}-`));
    for (const name of own) rmSync(join(dump, name));
  }

  /** Where a file of a guest's root disk is on this machine. */
  guestFile(node: string, id: number, disk: keyof typeof diskStorages, path: string): string {
    return join(this.sandbox.layout.server, "nodes", node, "root", rootVolume(disk, id).path, path);
  }

  /** Where the command line keeps the journals of an environment. */
  stateFolder(environment: string): string {
    const node = this.environments.find(({ name }) => name === environment)?.node ?? "";
    return join(this.folder, "state", "lifeboat", siteFolderName(environment, this.endpoint(node)));
  }

  /** Text of a container's configuration file on its node. */
  configuration(node: string, id: number): string {
    const state: unknown = JSON.parse(readFileSync(join(this.sandbox.layout.server, "site.json"), "utf8"));
    const { clusters } = stateSchema.parse(state);
    const guests = clusters.flatMap((cluster) => cluster.guests);
    return guests.find((guest) => guest.node === node && guest.vmid === id)?.configuration ?? "";
  }

  /** Runs the command line without a terminal. */
  lifeboat(argv: readonly string[], options?: RunOptions): Promise<RunResult> {
    return runLifeboat(argv, { cwd: this.project, env: this.variables }, options);
  }

  /** Runs it in a terminal of so many columns, by `script` of util-linux. Both streams come as one. */
  inTerminal(argv: readonly string[], columns: number, env: Readonly<Record<string, string>> = {}): Promise<RunResult> {
    const command = `stty cols ${String(columns)}; exec '${process.execPath}' '${bundle}' ${argv.join(" ")}`;
    const variables = { ...this.variables, TERM: "xterm", ...env };
    return runProgram(["script", "-qec", command, "/dev/null"], { cwd: this.project, env: variables });
  }

  /** Requests that a node got, in order. */
  requests(node: string): LoggedRequest[] {
    return this.asked.all().filter((request) => request.node === node);
  }

  /** What a person needs to run the command by hand. */
  get variables(): Record<string, string> {
    return {
      PATH: process.env["PATH"] ?? "",
      HOME: this.folder,
      LIFEBOAT_PROJECT: this.project,
      LIFEBOAT_PROXMOX_TOKEN_FILE: this.sandbox.layout.tokenFile,
      XDG_STATE_HOME: join(this.folder, "state"),
    };
  }

  private writeSettings({ name, node, profile, guests }: AdoptedEnvironment): void {
    const lines = [
      "config:",
      `  lifeboat:profile: ${profile}`,
      `  lifeboat:proxmox: { endpoint: "${this.endpoint(node)}", node: ${node}, ca: site-ca.pem }`,
      "  lifeboat:backup: { storage: { id: backup, adopt: true } }",
      "  lifeboat:guests:",
      ...guests.flatMap(({ id, name, settings = [] }) => [
        `    ${name}:`,
        `      adopt: ${String(id)}`,
        ...settings.map((line) => `      ${line}`),
      ]),
      "",
    ];
    writeFileSync(join(this.project, `Pulumi.${name}.yaml`), lines.join("\n"));
  }

  private async makeJob({ name, node, profile, guests, job = {} }: AdoptedEnvironment): Promise<void> {
    const schedule = { prod: "01:00", lab: "sun 03:00", monitoring: "02:00" }[profile];
    const vmid = guests.map(({ id }) => id).join(",");
    await this.on(node, (client) =>
      client.post(["cluster", "backup"], { id: `lifeboat-${name}`, schedule, storage: "backup", vmid, ...job }),
    );
  }
}

/** Storages for disks, one of each kind, and where volumes lie on them. */
const diskStorages = {
  dir: { storage: "data", path: "/mnt/data" },
  lvmthin: { storage: "thin", vgname: "pve", thinpool: "data" },
  zfspool: { storage: "tank", pool: "tank" },
} as const;

function rootVolume(type: keyof typeof diskStorages, id: number): { volid: string; path: string; format: string } {
  switch (type) {
    case "dir":
      return {
        volid: `data:${id}/vm-${id}-disk-0.raw`,
        path: `/mnt/data/images/${id}/vm-${id}-disk-0.raw`,
        format: "raw",
      };
    case "lvmthin":
      return { volid: `thin:vm-${id}-disk-0`, path: `/dev/pve/vm-${id}-disk-0`, format: "raw" };
    case "zfspool":
      return { volid: `tank:subvol-${id}-disk-0`, path: `/tank/subvol-${id}-disk-0`, format: "subvol" };
  }
}

function furnish(cluster: StartCluster, environment: AdoptedEnvironment | undefined): StartCluster {
  const backup = { storage: "backup", type: "dir", path: "/mnt/backup", content: "backup", ...environment?.storage };
  return {
    ...cluster,
    nodes: cluster.nodes.map((node) => ({ ...node, timezone: environment?.timeZone ?? node.timezone })),
    storage: [
      ...cluster.storage,
      backup,
      ...Object.entries(diskStorages).map(([type, options]) => ({ type, content: "rootdir,images", ...options })),
    ],
    guests: (environment?.guests ?? []).map((guest) => containerOf(guest, environment?.node ?? "")),
  };
}

const gibibyte = 1024 ** 3;

function containerOf(
  { id, name, stopped, lines = [], disk = "dir" }: AdoptedContainer,
  node: string,
): StartCluster["guests"][number] {
  const volume = rootVolume(disk, id);
  return {
    vmid: id,
    type: "lxc",
    node,
    status: stopped === true ? "stopped" : "running",
    config: [
      "arch: amd64",
      `hostname: ${name}`,
      "memory: 512",
      "ostype: debian",
      `rootfs: ${volume.volid},size=1G`,
      ...lines,
      "",
    ].join("\n"),
    volumes: [
      {
        ...volume,
        size: gibibyte,
        files: { "etc/hostname": `${name}\n` },
      },
    ],
  };
}
