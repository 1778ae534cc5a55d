import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { MemoryDriver } from "../../../sandbox/drivers/memory";
import { parseFixture } from "../../../sandbox/model/fixture";
import { loadFixture } from "../../../sandbox/model/fixture-files";
import type { Node } from "../../../sandbox/model/site";
import { type Listen, SiteServer } from "../../../sandbox/server/site-server";

const VERSION = { version: "9.2.11", release: "9.2", repoid: "0000000000000000" };

/** Two nodes of one cluster, three users, and a guest in a pool. */
const FIXTURE = {
  nodes: [
    { node: "one", address: "192.0.2.11", timezone: "UTC", cluster: "pair", version: VERSION },
    { node: "two", address: "192.0.2.12", timezone: "UTC", cluster: "pair", version: VERSION },
  ],
  storage: [{ storage: "local", type: "dir", path: "/var/lib/vz", content: "backup,rootdir,images" }],
  access: {
    users: [
      { userid: "root@pam", password: "not-a-secret-root" },
      { userid: "operator@pve" },
      { userid: "auditor@pve" },
    ],
    tokens: [
      { userid: "root@pam", tokenid: "all", privsep: 0, value: "not-a-secret-1" },
      { userid: "operator@pve", tokenid: "own", privsep: 0, value: "not-a-secret-2" },
      { userid: "operator@pve", tokenid: "less", privsep: 1, value: "not-a-secret-3" },
      { userid: "auditor@pve", tokenid: "old", privsep: 0, value: "not-a-secret-4", expire: 1 },
    ],
    pools: [{ poolid: "prod", vmids: [101] }],
    groups: [{ groupid: "audit", members: ["auditor@pve"] }],
    acl: [
      { path: "/pool/prod", type: "user", ugid: "operator@pve", roleid: "PVEVMAdmin" },
      { path: "/vms/102", type: "user", ugid: "operator@pve", roleid: "PVEVMUser" },
      { path: "/vms/102", type: "token", ugid: "operator@pve!less", roleid: "PVEAuditor" },
      { path: "/", type: "group", ugid: "audit", roleid: "PVEAuditor" },
      { path: "/vms", type: "user", ugid: "auditor@pve", roleid: "NoAccess" },
    ],
  },
  guests: [
    { vmid: 101, type: "lxc", node: "one", config: "hostname: web\nrootfs: local:101/vm-101-disk-0.raw,size=1G\n" },
    { vmid: 102, type: "lxc", node: "two", config: "hostname: db\nrootfs: local:102/vm-102-disk-0.raw,size=1G\n" },
  ],
};

export function withNodes(names: readonly string[]) {
  const [first] = FIXTURE.nodes;
  const nodes = names.map((node, index) => ({ ...first, node, address: `192.0.2.${String(11 + index)}` }));
  return { ...FIXTURE, nodes };
}

export const TOKENS = {
  root: "root@pam!all=not-a-secret-1",
  own: "operator@pve!own=not-a-secret-2",
  less: "operator@pve!less=not-a-secret-3",
  expired: "auditor@pve!old=not-a-secret-4",
};

const bodySchema = z.object({
  data: z.unknown().optional(),
  message: z.string().optional(),
  errors: z.record(z.string(), z.string()).optional(),
  total: z.number().optional(),
});

export interface Reply {
  status: number;
  reason: string;
  contentType: string | undefined;
  text: string;
  /** Empty when the answer is no JSON. */
  body: z.infer<typeof bodySchema>;
}

/** A running site on loopback. */
export class TestServer {
  readonly folder: string;
  readonly server: SiteServer;
  readonly #authority: string;

  private constructor(folder: string, server: SiteServer) {
    this.folder = folder;
    this.server = server;
    this.#authority = readFileSync(server.authorityFile, "utf8");
  }

  /** @param names nodes of the cluster: the first two have guests */
  static async start(
    folder = mkdtempSync(join(tmpdir(), "lifeboat-server-")),
    names: readonly string[] = ["one", "two"],
  ): Promise<TestServer> {
    const listen: Listen[] = names.map((node) => ({ node, address: "127.0.0.1", port: 0 }));
    const server = await SiteServer.start({ folder, driver: new MemoryDriver(), listen, unauthorizedDelay: 0 });
    if (!existsSync(join(folder, "site.json"))) {
      await loadFixture(server.site, parseFixture(JSON.stringify(withNodes(names))));
    }
    return new TestServer(folder, server);
  }

  node(name = "one"): Node {
    const node = this.server.site.findNode(name);
    if (node === undefined) throw new Error(`no node '${name}'`);
    return node;
  }

  /** Ends the server; the folder stays, so that another one can open it. */
  async stop(): Promise<void> {
    await this.server.close();
  }

  async end(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  call(
    method: string,
    path: string,
    options: { node?: string; token?: string; headers?: Record<string, string>; body?: string; type?: string } = {},
  ): Promise<Reply> {
    const { node = "one", token, headers = {}, body, type = "application/x-www-form-urlencoded" } = options;
    const sent = {
      ...(token !== undefined && { Authorization: `PVEAPIToken=${token}` }),
      ...(body !== undefined && { "Content-Type": type, "Content-Length": String(Buffer.byteLength(body)) }),
      ...headers,
    };
    return new Promise((resolve, reject) => {
      const url = `${this.server.url(node)}${path}`;
      const outgoing = request(url, { method, headers: sent, ca: this.#authority, agent: false }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => {
          text += part;
        });
        response.on("error", reject);
        response.on("end", () => {
          const isJson = response.headers["content-type"]?.startsWith("application/json") ?? false;
          resolve({
            status: response.statusCode ?? 0,
            reason: response.statusMessage ?? "",
            contentType: response.headers["content-type"],
            text,
            body: isJson ? bodySchema.parse(JSON.parse(text)) : {},
          });
        });
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }
}
