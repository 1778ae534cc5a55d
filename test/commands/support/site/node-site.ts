import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import type { ControlCommand } from "../../../sandbox/server/control";
import type { TestSandbox } from "../../../sandbox/setup/start-sandbox";
import { createClient } from "../kit";
import { type LoggedRequest, RequestLog } from "../request-log";
import { ProjectSite } from "./project-site";

/** What the emulator writes of a site, as far as it is read here. */
const writtenSite = z.object({
  clusters: z.array(
    z.object({ guests: z.array(z.object({ vmid: z.number(), node: z.string(), configuration: z.string() })) }),
  ),
});

/** A project whose nodes answer: those of a `memory` sandbox that runs in this process. */
export class NodeSite extends ProjectSite {
  private readonly asked: RequestLog;

  /** @param nodeOf the node of an environment. */
  constructor(
    folder: string,
    readonly sandbox: TestSandbox,
    nodeOf: (environment: string) => string,
  ) {
    super(folder, {
      name: "site",
      endpoint: (environment) => endpointOf(sandbox, nodeOf(environment)),
      variables: { LIFEBOAT_PROXMOX_TOKEN_FILE: sandbox.layout.tokenFile },
    });
    this.asked = new RequestLog(join(sandbox.layout.server, "requests.ndjson"));
    this.write("site-ca.pem", this.authority);
  }

  override async stop(): Promise<void> {
    await this.sandbox.stop();
    await super.stop();
  }

  /** Default: of the first node. */
  endpoint(node?: string): string {
    return endpointOf(this.sandbox, node);
  }

  /** With Lifeboat's own token, for one node. Closed by the caller. */
  connect(node?: string): ProxmoxClient {
    const value = readFileSync(this.sandbox.layout.tokenFile, "utf8").trim();
    const trust = { kind: "ca", pem: this.authority } as const;
    return createClient({ endpoint: this.endpoint(node), trust, credential: { kind: "token", value } });
  }

  /** Signed in as root@pam: makes further users and tokens, bridges. Default: on the first node. Closed by the caller. */
  rootClient(node?: string): ProxmoxClient {
    const password = readFileSync(this.sandbox.layout.rootPasswordFile, "utf8").trim();
    const trust = { kind: "ca", pem: this.authority } as const;
    const credential = { kind: "password", username: "root@pam", password } as const;
    return createClient({ endpoint: this.endpoint(node), trust, credential });
  }

  /** Runs with a client for one node. */
  async on<Result>(node: string, work: (client: ProxmoxClient) => Promise<Result>): Promise<Result> {
    const client = this.connect(node);
    try {
      return await work(client);
    } finally {
      await client.close();
    }
  }

  control(command: ControlCommand): Promise<unknown> {
    return this.sandbox.control(command);
  }

  fault(name: string, settings: Record<string, string> = {}): Promise<unknown> {
    return this.control({ command: "set-fault", name, settings });
  }

  /** @param name of those that end. Default: all. */
  clearFaults(name?: string): Promise<unknown> {
    return this.control({ command: "clear-fault", ...(name === undefined ? {} : { name }) });
  }

  /** Requests that a node got, or all of them, in order. */
  requests(node?: string): readonly LoggedRequest[] {
    const all = this.asked.all();
    return node === undefined ? all : all.filter((request) => request.node === node);
  }

  /** Where a file of a node is on this machine. Default: its root folder. */
  nodePath(node: string, path = ""): string {
    return join(this.sandbox.layout.server, "nodes", node, "root", path);
  }

  /** Text of a container's configuration file on its node. */
  configuration(node: string, vmid: number): string {
    const text = readFileSync(join(this.sandbox.layout.server, "site.json"), "utf8");
    const guests = writtenSite.parse(JSON.parse(text)).clusters.flatMap((cluster) => cluster.guests);
    return guests.find((guest) => guest.node === node && guest.vmid === vmid)?.configuration ?? "";
  }

  /** Text of the nodes' certificate authority. */
  private get authority(): string {
    return readFileSync(this.sandbox.layout.ca, "utf8");
  }
}

function endpointOf({ nodes }: TestSandbox, node = nodes[0]?.name): string {
  const found = nodes.find(({ name }) => name === node);
  return `https://${found?.address ?? ""}:${String(found?.port ?? 0)}`;
}
