import { mkdirSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import type { Archive } from "../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import type { TestSandbox } from "../../sandbox/setup/start-sandbox";
import type { StartCluster } from "../../sandbox/setup/start-state";
import { requireSuccess } from "../support/kit";
import { furnished, startNodes } from "../support/site/furnish";
import { SteppedClock } from "../support/site/stepped-clock";
import { NodeSite } from "../support/site/node-site";
import { siteFolder } from "../support/site/project-site";

export const node = "pve-prod";

/** A virtual machine of the test site, adopted: a disk on `local`, one on `data`, and what the test adds. */
export interface TestMachine {
  readonly id: number;
  readonly name: string;
  /** Default: it runs. */
  readonly stopped?: boolean;
  /** Further options of its configuration, or others than it has. */
  readonly options?: Readonly<Record<string, string>>;
  /** Its checks in the settings. Default: its agent answers. */
  readonly checks?: string;
  /** Further lines of its block in the settings. */
  readonly settings?: readonly string[];
}

/** A `memory` site with virtual machines made by hand, settings that adopt them, and the bundled command line. */
export class MachineSite extends NodeSite {
  readonly client: ProxmoxClient;
  private readonly clock = new SteppedClock();

  private constructor(folder: string, sandbox: TestSandbox) {
    super(folder, sandbox, () => node);
    this.client = this.connect();
  }

  /**
   * @param keep what the settings say that backups keep. Default: what the profile says
   * @param storage further options of the storage `backup`, such as those of one on a backup server
   */
  static async start(
    machines: readonly TestMachine[],
    keep?: string,
    storage: Readonly<Record<string, string>> = {},
  ): Promise<MachineSite> {
    const folder = siteFolder("machines");
    const furnishing = (cluster: StartCluster): StartCluster => furnish(cluster, storage);
    const site = new MachineSite(folder, await startNodes(folder, [node], furnishing));
    const blocks = machines.map(({ id, name, checks = "[agent]", settings = [] }) => [
      name,
      [`adopt: ${id}`, `checks: ${checks}`, ...settings],
    ]);
    const kept = keep === undefined ? {} : { keep };
    site.declare("prod", { profile: "prod", node, ca: "site-ca.pem", ...kept, guests: Object.fromEntries(blocks) });
    for (const { path } of imageStorages) mkdirSync(site.nodePath(node, path), { recursive: true });
    for (const machine of machines) await site.make(machine);
    return site;
  }

  private async make({ id, name, stopped, options = {} }: TestMachine): Promise<void> {
    const upid = await this.client.post(["nodes", node, "qemu"], {
      vmid: id,
      name,
      memory: 256,
      agent: 1,
      description: `lifeboat: prod/${name}`,
      scsi0: "local:0.0078125,format=qcow2",
      scsi1: "data:0.00390625,format=qcow2",
      ide2: "local:cloudinit",
      ciuser: "ops",
      net0: `virtio=BC:24:11:00:02:${String(id % 100).padStart(2, "0")},bridge=vmbr0`,
      ipconfig0: `ip=192.0.2.${id % 256}/24,gw=192.0.2.1`,
      onboot: 1,
      ...options,
    });
    requireSuccess(await this.client.tasks.wait(String(upid)));
    if (stopped !== true) await this.start(id);
  }

  override async stop(): Promise<void> {
    await this.client.close();
    await super.stop();
  }

  async start(vmid: number): Promise<void> {
    requireSuccess(await this.client.tasks.wait(await this.client.guests.start({ node, type: "qemu", vmid })));
  }

  async halt(vmid: number): Promise<void> {
    requireSuccess(await this.client.tasks.wait(await this.client.guests.stop({ node, type: "qemu", vmid })));
  }

  /** A backup as its job would make it; some minutes pass before it, so that names differ. */
  async backUp(vmid: number, parameters: Record<string, string | boolean> = {}): Promise<string> {
    await this.control({ command: "clock", offset: this.clock.next() });
    const upid = await this.client.backups.vzdump(node, vmid, { storage: "backup", compress: "zstd", ...parameters });
    requireSuccess(await this.client.tasks.wait(upid));
    const [newest] = await this.archives(vmid);
    if (newest === undefined) throw new Error("The backup left no archive.");
    return newest.volid;
  }

  /** Ends and deletes a machine, if it is there. */
  async destroy(vmid: number): Promise<void> {
    const guest = { node, type: "qemu", vmid } as const;
    if (!(await this.client.guests.exists(guest))) return;
    await this.halt(vmid);
    requireSuccess(await this.client.tasks.wait(await this.client.guests.destroy(guest)));
  }

  /** Newest first. */
  async archives(vmid: number): Promise<Archive[]> {
    return (await this.client.backups.archives(node, "backup", vmid)).sort((a, b) => b.ctime - a.ctime);
  }

  config(vmid: number): Promise<Readonly<Record<string, string>>> {
    return this.client.guests.guestConfig({ node, type: "qemu", vmid });
  }

  async running(vmid: number): Promise<boolean> {
    return (await this.client.guests.guestStatus({ node, type: "qemu", vmid })).status === "running";
  }

  /** Writes what a guest would have written to a disk. */
  async writeDisk(vmid: number, key: string, text: string): Promise<void> {
    const file = await open(await this.image(vmid, key), "r+");
    await file.write(text.padEnd(16), 4096);
    await file.close();
  }

  /** Undefined where the machine has no such disk. */
  async readDisk(vmid: number, key: string): Promise<string | undefined> {
    if ((await this.config(vmid))[key] === undefined) return undefined;
    return (await readFile(await this.image(vmid, key))).toString("utf8", 4096, 4112).replaceAll("\0", "").trim();
  }

  private async image(vmid: number, key: string): Promise<string> {
    const configuration = await this.config(vmid);
    const [volid = ""] = (configuration[key] ?? "").split(",");
    if (volid === "") throw new Error(`${key} is not in ${JSON.stringify(configuration)}`);
    const [storage = "", volume = ""] = volid.split(":");
    const folder = storage === "local" ? "var/lib/vz/images" : `mnt/${storage}/images`;
    return this.nodePath(node, `${folder}/${volume}`);
  }
}

/** Storages that take no disks of containers. */
const imageStorages = ["fast", "old"].map((id) => ({
  storage: id,
  type: "dir" as const,
  path: `/mnt/${id}`,
  content: "images",
}));

function alsoImages(storage: StartCluster["storage"][number]): StartCluster["storage"][number] {
  const content = "content" in storage ? String(storage.content) : "";
  return storage.storage === "local" && !content.includes("images")
    ? { ...storage, content: `${content},images` }
    : storage;
}

function furnish(cluster: StartCluster, backup: Readonly<Record<string, string>>): StartCluster {
  const storage = [...cluster.storage.map(alsoImages), ...imageStorages];
  return furnished({ ...cluster, storage }, { backup, disks: ["dir"], guests: [] });
}
