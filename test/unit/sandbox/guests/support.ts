import { mkdtempSync, rmSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Driver } from "../../../sandbox/drivers/driver";
import { MemoryDriver } from "../../../sandbox/drivers/memory";
import { run } from "../../../sandbox/machine/child-process";
import { endpoints } from "../../../sandbox/endpoints/registry";
import { tokenCaller, userCaller, type Caller } from "../../../sandbox/model/access";
import { parseFixture } from "../../../sandbox/model/fixture";
import { loadFixture } from "../../../sandbox/model/fixture-files";
import { Site, type Node } from "../../../sandbox/model/site";
import { dispatch } from "../../../sandbox/server/dispatch";
import { ProxmoxFailure, type Json } from "../../../sandbox/protocol/failure";
import type { Method } from "../../../sandbox/calls/endpoint";
import type { RawValue } from "../../../sandbox/protocol/parameters";
import { Router } from "../../../sandbox/server/router";

/** A template with little in it: a system's release file, a folder that a mount covers, a file and a link. */
const TEMPLATE = "local:vztmpl/debian-12-tiny_12.1-1_amd64.tar.zst";

const FIXTURE = {
  nodes: [
    {
      node: "pve",
      address: "192.0.2.11",
      timezone: "Europe/Amsterdam",
      version: { version: "9.2.11", release: "9.2", repoid: "0000000000000000" },
    },
  ],
  storage: [
    { storage: "local", type: "dir", path: "/var/lib/vz", content: "iso,vztmpl,backup,rootdir,images" },
    { storage: "data", type: "dir", path: "/mnt/data", content: "rootdir,images,backup" },
    { storage: "files", type: "dir", path: "/mnt/files", content: "iso" },
    { storage: "thin", type: "lvmthin", vgname: "pve", thinpool: "data", content: "rootdir,images" },
  ],
  access: {
    users: [{ userid: "root@pam" }, { userid: "operator@pve" }],
    tokens: [{ userid: "operator@pve", tokenid: "tok", privsep: 0, value: "not-a-secret-1" }],
    acl: [],
  },
  backupServers: [
    {
      server: "192.0.2.30",
      datastores: ["main"],
      fingerprint: Array.from({ length: 32 }, () => "AB").join(":"),
      users: [{ userid: "lifeboat@pbs", password: "not-a-secret-3" }],
    },
  ],
  files: [
    {
      volid: TEMPLATE,
      format: "tar.zst",
      path: "/var/lib/vz/template/cache/debian-12-tiny_12.1-1_amd64.tar.zst",
      folders: ["dev", "root", "tmp", "srv/data"],
      files: {
        "etc/os-release": 'ID=debian\nVERSION_ID="12"\n',
        "etc/hostname": "localhost\n",
        "srv/hidden": "root's\n",
      },
    },
  ],
};

/** A site on the memory driver, without a server: operations are called as its server would call them. */
export class TestSite {
  readonly folder = mkdtempSync(join(tmpdir(), "lifeboat-guests-"));
  readonly site: Site;
  readonly template = TEMPLATE;
  readonly #router = new Router(endpoints);

  private constructor(driver: Driver) {
    this.site = new Site(this.folder, driver);
  }

  static async open(driver: Driver = new MemoryDriver()): Promise<TestSite> {
    const test = new TestSite(driver);
    await loadFixture(test.site, parseFixture(JSON.stringify(FIXTURE)));
    return test;
  }

  /** Opens the same folder again, as a restarted emulator does. */
  reopened(): Site {
    return new Site(this.folder, new MemoryDriver());
  }

  close(): void {
    for (const node of this.site.nodes) node.tasks.abandon();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get node(): Node {
    const node = this.site.findNode("pve");
    if (node === undefined) throw new Error("the test's site has no node");
    return node;
  }

  /** One call; rejects with the failure that the server would answer. */
  async call(
    method: Method,
    path: string,
    parameters: Readonly<Record<string, RawValue | number>> = {},
    caller: Caller = userCaller("root@pam"),
  ): Promise<Json> {
    const sent = new Map(
      Object.entries(parameters).map(([key, value]) => [key, Array.isArray(value) ? value : String(value)] as const),
    );
    const usesToken = caller.tokenid !== undefined;
    const answer = await dispatch(this.#router, this.node, { method, path, sent, signedIn: { caller, usesToken } });
    return answer.data;
  }

  /** A call that starts a task; answers with the task's exit status and log. */
  async task(
    method: Method,
    path: string,
    parameters: Readonly<Record<string, RawValue | number>> = {},
    caller?: Caller,
  ): Promise<TaskResult> {
    const upid = String(await this.call(method, path, parameters, caller));
    const status = await this.node.tasks.wait(upid);
    return { upid, status, log: this.node.tasks.log(upid) };
  }

  /** The task that began last. */
  async newestTask(): Promise<{ upid: string; type: string; user: string }> {
    const [newest] = (await this.call("GET", "/cluster/tasks")) as { upid: string; type: string; user: string }[];
    if (newest === undefined) throw new Error("there is no task");
    return newest;
  }

  /** The refusal of a call. */
  async refusal(
    method: Method,
    path: string,
    parameters: Readonly<Record<string, RawValue | number>> = {},
    caller?: Caller,
  ): Promise<{ status: number; message: string; errors: Readonly<Record<string, string>> | undefined }> {
    try {
      await this.call(method, path, parameters, caller);
    } catch (failure) {
      if (!(failure instanceof ProxmoxFailure)) throw failure;
      return { status: failure.status, message: failure.message.trimEnd(), errors: failure.errors };
    }
    throw new Error(`${method} ${path} was not refused`);
  }

  /** Makes a container from the template. */
  create(vmid: number, parameters: Readonly<Record<string, RawValue | number>> = {}): Promise<TaskResult> {
    return this.task("POST", "/nodes/pve/lxc", {
      vmid,
      ostemplate: this.template,
      hostname: `ct${vmid}`,
      rootfs: "local:1",
      ...parameters,
    });
  }

  async config(vmid: number): Promise<Record<string, Json | undefined>> {
    const config = await this.call("GET", `/nodes/pve/lxc/${vmid}/config`);
    if (config === null || typeof config !== "object" || Array.isArray(config)) throw new Error("no configuration");
    return config;
  }

  /** Backs a guest up. Names of archives have whole seconds, so that the clock is moved on for each. */
  async backUp(vmid: number, parameters: Readonly<Record<string, RawValue | number>> = {}): Promise<Backup> {
    this.site.state.clockOffset += 2;
    const target = parameters.dumpdir === undefined ? { storage: "local" } : {};
    const result = await this.task("POST", "/nodes/pve/vzdump", { vmid, compress: "zstd", ...target, ...parameters });
    const created = /creating vzdump archive '(.*)'/.exec(result.log.join("\n"))?.[1] ?? "";
    const storage = String(parameters.storage ?? "local");
    return { ...result, path: created, volid: `${storage}:backup/${created.slice(created.lastIndexOf("/") + 1)}` };
  }

  /** Restores over or beside a guest. */
  restore(
    vmid: number,
    archive: string,
    parameters: Readonly<Record<string, RawValue | number>> = {},
    caller?: Caller,
  ): Promise<TaskResult> {
    return this.task("POST", "/nodes/pve/lxc", { vmid, ostemplate: archive, restore: 1, ...parameters }, caller);
  }

  /** Where a volume's data lies. */
  path(volid: string): string {
    const volume = this.node.cluster.state.volumes.find((candidate) => candidate.volid === volid);
    if (volume === undefined) throw new Error(`there is no volume ${volid}`);
    return this.node.path(volume.path);
  }

  async write(volid: string, file: string, text: string): Promise<void> {
    const path = join(this.path(volid), file);
    await run("mkdir", ["-p", dirname(path)]);
    await writeFile(path, text);
  }

  /** A file of a volume; undefined when it is not there. */
  async read(volid: string, file: string): Promise<string | undefined> {
    return readFile(join(this.path(volid), file), "utf8").catch(() => undefined);
  }

  get volids(): string[] {
    return this.node.cluster.state.volumes.map((volume) => volume.volid).sort();
  }

  /** Rights of a user on a path, by a role of its own. */
  grant(userid: string, path: string, ...privileges: readonly string[]): void {
    const { access } = this.node.cluster.state;
    const roleid = `role-${access.roles.length}`;
    access.roles.push({ roleid, privileges: [...privileges] });
    access.acl.push({ path, type: "user", ugid: userid, roleid, propagate: true });
  }
}

export interface TaskResult {
  upid: string;
  status: string;
  log: string[];
}

export interface Backup extends TaskResult {
  /** On the node. */
  path: string;
  volid: string;
}

export const operator = userCaller("operator@pve");
export const operatorToken = tokenCaller("operator@pve", "tok");
