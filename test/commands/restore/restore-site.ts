import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import type { Archive } from "../../../proxmox/api/answers";
import type { ControlCommand } from "../../sandbox/server/control";
import type { TestSandbox } from "../../sandbox/setup/start-sandbox";
import type { StartCluster } from "../../sandbox/setup/start-state";
import { createClient, requireSuccess, startSandboxHere } from "../support/kit";
import { type LoggedRequest, RequestLog } from "../support/request-log";
import { type RunOptions, type RunResult, runLifeboat } from "../support/run-bundle";

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
  /** Further lines of its configuration. */
  readonly lines?: readonly string[];
  /** Its block in the settings says this instead of `checks: [running]`. */
  readonly checks?: string;
}

export type { LoggedRequest } from "../support/request-log";

/** A `memory` site with containers made by hand, settings that name them, and the bundled command line. */
export class RestoreSite {
  readonly client: ProxmoxClient;
  readonly project: string;
  readonly env: Readonly<Record<string, string>>;
  private hours = 0;
  private readonly asked: RequestLog;

  private constructor(
    private readonly folder: string,
    readonly sandbox: TestSandbox,
    containers: readonly TestContainer[],
    extraSettings: string,
  ) {
    this.asked = new RequestLog(join(sandbox.layout.server, "requests.ndjson"));
    this.project = join(folder, "project");
    mkdirSync(this.project);
    const ca = readFileSync(sandbox.layout.ca, "utf8");
    writeFileSync(join(this.project, "site-ca.pem"), ca);
    writeFileSync(join(this.project, "Pulumi.yaml"), "name: site\nruntime: nodejs\n");
    writeFileSync(join(this.project, "Pulumi.prod.yaml"), settingsOf(this.endpoint, containers, extraSettings));
    const token = readFileSync(sandbox.layout.tokenFile, "utf8").trim();
    const trust = { kind: "ca", pem: ca } as const;
    this.client = createClient({ endpoint: this.endpoint, trust, credential: { kind: "token", value: token } });
    this.env = {
      PATH: process.env["PATH"] ?? "",
      HOME: folder,
      LIFEBOAT_PROJECT: this.project,
      LIFEBOAT_PROXMOX_TOKEN_FILE: sandbox.layout.tokenFile,
      XDG_STATE_HOME: join(folder, "state"),
    };
  }

  static async start(containers: readonly TestContainer[], options: SiteOptions = {}): Promise<RestoreSite> {
    const folder = mkdtempSync(join(tmpdir(), "lifeboat-restore-"));
    const sandbox = await startSandboxHere({
      driver: "memory",
      folder: join(folder, "sandbox"),
      nodes: [node, ...(options.further ?? [])],
      ...(options.further === undefined ? {} : { cluster: "site" }),
      fixture: (state) => ({ clusters: state.clusters.map((cluster) => furnish(cluster, containers, options)) }),
    });
    return new RestoreSite(folder, sandbox, containers, options.settings ?? "");
  }

  async stop(): Promise<void> {
    await this.client.close();
    await this.sandbox.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get endpoint(): string {
    const [first] = this.sandbox.nodes;
    return `https://${first?.address ?? ""}:${first?.port ?? 0}`;
  }

  /** The state folder of the command line on this "machine". */
  get stateFolder(): string {
    return this.stateFolderOf(this.env);
  }

  /** The state folder of a "machine" with this environment. */
  stateFolderOf(env: Readonly<Record<string, string>>): string {
    const { host } = new URL(this.endpoint);
    return join(env["XDG_STATE_HOME"] ?? "", "lifeboat", `prod@${host.replace(":", "_")}`);
  }

  /** State of another machine: same settings and token, no journals. */
  otherMachine(): Record<string, string> {
    return { XDG_STATE_HOME: mkdtempSync(join(this.folder, "state-")) };
  }

  /** Runs the command line without a terminal. */
  lifeboat(argv: readonly string[], options?: RunOptions): Promise<RunResult> {
    return runLifeboat(argv, { cwd: this.project, env: this.env }, options);
  }

  /** A backup of the guest as its job would make it; an hour passes before it, so that names differ. */
  async backUp(vmid: number, parameters: Record<string, string | boolean> = {}, on = node): Promise<string> {
    this.hours += 1;
    await this.control({ command: "clock", offset: this.hours * 3600 });
    const request = { storage: "backup", compress: "zstd", ...parameters };
    const upid = await this.client.backups.vzdump(on, vmid, request);
    requireSuccess(await this.client.tasks.wait(upid));
    const listed = await this.client.backups.archives(on, request.storage, vmid);
    const [newest] = listed.sort((a, b) => b.ctime - a.ctime);
    if (newest === undefined) throw new Error("The backup left no archive.");
    return newest.volid;
  }

  /** Signed in as root@pam: makes further users and tokens. Closed by the caller. */
  rootClient(): ProxmoxClient {
    const trust = { kind: "ca", pem: readFileSync(this.sandbox.layout.ca, "utf8") } as const;
    const password = readFileSync(this.sandbox.layout.rootPasswordFile, "utf8").trim();
    return createClient({
      endpoint: this.endpoint,
      trust,
      credential: { kind: "password", username: "root@pam", password },
    });
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

  async destroy(vmid: number, purge = true): Promise<void> {
    const guest = { node, type: "lxc", vmid } as const;
    if (await this.running(vmid)) requireSuccess(await this.client.tasks.wait(await this.client.guests.stop(guest)));
    requireSuccess(await this.client.tasks.wait(await this.client.guests.destroy(guest, { purge })));
  }

  control(command: ControlCommand): Promise<unknown> {
    return this.sandbox.control(command);
  }

  fault(name: string, settings: Record<string, string> = {}): Promise<unknown> {
    return this.control({ command: "set-fault", name, settings });
  }

  clearFaults(): Promise<unknown> {
    return this.control({ command: "clear-fault" });
  }

  /** Requests that the node got, in order. */
  requests(): readonly LoggedRequest[] {
    return this.asked.all();
  }

  requestLog(): string {
    return readFileSync(join(this.sandbox.layout.server, "requests.ndjson"), "utf8");
  }

  /** Texts of all journals, newest first. */
  journals(): string[] {
    return readdirSync(this.stateFolder)
      .filter((name) => name.endsWith(".json"))
      .sort()
      .reverse()
      .map((name) => readFileSync(join(this.stateFolder, name), "utf8"));
  }

  /** Text of a file in the guest's root disk, or of a mount point's volume; undefined where there is none. */
  readGuestFile(volid: string, path: string): string | undefined {
    const volume = volid.slice(volid.indexOf(":") + 1);
    const file = join(this.sandbox.layout.server, "nodes", node, "root/var/lib/vz/images", volume, path);
    try {
      return readFileSync(file, "utf8");
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

export interface SiteOptions {
  /** Further lines of the settings below `config:`. */
  readonly settings?: string;
  /** Further nodes: all of them are a cluster then. */
  readonly further?: readonly string[];
  /** `prune-backups` of the backup storage. */
  readonly retention?: string;
  readonly adjust?: (cluster: StartCluster) => StartCluster;
}

function furnish(cluster: StartCluster, containers: readonly TestContainer[], options: SiteOptions): StartCluster {
  const storage = {
    storage: "backup",
    type: "dir",
    path: "/mnt/backup",
    content: "backup",
    ...(options.retention === undefined ? {} : { "prune-backups": options.retention }),
  };
  const data = { storage: "data", type: "dir", path: "/mnt/data", content: "rootdir,images" };
  const furnished = {
    ...cluster,
    storage: [...cluster.storage, storage, data],
    guests: containers.map((container) => guestOf(container)),
  };
  return options.adjust?.(furnished) ?? furnished;
}

const gibibyte = 1024 ** 3;

function guestOf({
  id,
  name,
  node: home = node,
  stopped,
  withCache,
  lines = [],
}: TestContainer): StartCluster["guests"][number] {
  const local = (disk: number) => `local:${id}/vm-${id}-disk-${disk}.raw`;
  const data = `data:${id}/vm-${id}-disk-0.raw`;
  const path = (disk: number) => `/var/lib/vz/images/${id}/vm-${id}-disk-${disk}.raw`;
  return {
    vmid: id,
    type: "lxc",
    node: home,
    status: stopped === true ? "stopped" : "running",
    config: [
      "arch: amd64",
      "cores: 1",
      `hostname: ${name}`,
      "memory: 512",
      `mp0: ${data},mp=/srv,backup=1,size=2G`,
      ...(withCache === true ? [`mp1: ${local(1)},mp=/var/cache/app,size=1G`] : []),
      `net0: name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:01:${String(id % 100).padStart(2, "0")},ip=192.0.2.${id % 256}/24,gw=192.0.2.1,type=veth`,
      "onboot: 1",
      "ostype: debian",
      `rootfs: ${local(0)},size=1G`,
      "swap: 0",
      "unprivileged: 1",
      ...lines,
      "",
    ].join("\n"),
    volumes: [
      {
        volid: local(0),
        format: "raw",
        path: path(0),
        size: gibibyte,
        folders: ["etc", "srv", "var/cache/app"],
        files: { "etc/marker": `${name} root\n`, "etc/debian_version": "12.12\n" },
      },
      {
        volid: data,
        format: "raw",
        path: `/mnt/data/images/${id}/vm-${id}-disk-0.raw`,
        size: 2 * gibibyte,
        files: { marker: `${name} data\n` },
      },
      ...(withCache === true
        ? [{ volid: local(1), format: "raw", path: path(1), size: gibibyte, files: { cached: "precious\n" } }]
        : []),
    ],
  };
}

function settingsOf(endpoint: string, containers: readonly TestContainer[], extra: string): string {
  return [
    "config:",
    "  lifeboat:profile: prod",
    `  lifeboat:proxmox: { endpoint: "${endpoint}", node: ${node}, ca: site-ca.pem }`,
    "  lifeboat:backup: { storage: { id: backup, adopt: true } }",
    "  lifeboat:guests:",
    ...containers.map(guestSettings),
    extra,
    "",
  ].join("\n");
}

function guestSettings({ id, name, withCache, checks = "[running]" }: TestContainer): string {
  const cache =
    "{ mount: /var/cache/app, storage: local, size: 1GiB, backup: { exclude: rebuilt, owner: web team, until: 2099-06-30 } }";
  return [
    `    ${name}:`,
    "      kind: container",
    `      id: ${id}`,
    "      template: local:vztmpl/debian-12-standard_amd64.tar.zst",
    "      root: { storage: local, size: 1GiB }",
    "      disks:",
    "        data: { mount: /srv, storage: data, size: 2GiB }",
    ...(withCache === true ? [`        cache: ${cache}`] : []),
    `      network: { bridge: vmbr0, address: 192.0.2.${id % 256}/24, gateway: 192.0.2.1 }`,
    `      checks: ${checks}`,
  ].join("\n");
}
