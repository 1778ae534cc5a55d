/**
 * What the owner of a site did who has never heard of Lifeboat, with the password of root as the web interface does it:
 *
 *     hand-made make SANDBOX-FOLDER           on the first node a storage for backups, and forty guests: the container 100, `web`,
 *                                             which runs, and the stopped containers 101 to 103 and machines 104 to 139
 *     hand-made set-up SANDBOX-FOLDER FILE    runs the lines of `pveum` in FILE as root's shell does, and prints the token
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { createClient, type ProxmoxClient } from "../../../proxmox/api/client";
import type { Parameters } from "../../../proxmox/api/encoding";
import { requireSuccess } from "../../../proxmox/api/tasks";
import { type Layout, layoutOf, readRecord, type SandboxNode } from "../../sandbox/setup/layout";
import { runSetup } from "../../support/node-commands";

const template = "local:vztmpl/debian-12-standard_amd64.tar.zst";
const web = 100;
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, step) => from + step);

interface Place {
  readonly layout: Layout;
  readonly node: SandboxNode;
  readonly client: ProxmoxClient;
}

async function task(client: ProxmoxClient, path: readonly (string | number)[], parameters: Parameters): Promise<void> {
  requireSuccess(await client.tasks.wait(z.string().parse(await client.post(path, parameters))));
}

function container(id: number, keys: string): Parameters {
  return {
    vmid: id,
    hostname: id === web ? "web" : `old-${String(id)}`,
    ostemplate: template,
    rootfs: "local:2",
    memory: 256,
    unprivileged: 1,
    net0: `name=eth0,bridge=vmbr0,ip=192.0.2.${String(id)}/24,gw=192.0.2.1`,
    "ssh-public-keys": keys,
  };
}

async function make({ layout, node, client }: Place): Promise<void> {
  // A folder that is not there is a storage that is not active.
  mkdirSync(join(layout.server, "nodes", node.name, "root/mnt/backup/dump"), { recursive: true });
  await client.post(["storage"], { storage: "backup", type: "dir", path: "/mnt/backup", content: "backup" });
  const keys = readFileSync(layout.sshPublicKey, "utf8");
  const lxc = ["nodes", node.name, "lxc"];
  for (const id of range(web, 103)) await task(client, lxc, container(id, keys));
  for (const id of range(104, 139)) {
    await task(client, ["nodes", node.name, "qemu"], { vmid: id, name: `vm-${String(id)}`, memory: 512 });
  }
  await task(client, [...lxc, web, "status", "start"], {});
}

async function setUp({ client }: Place, file: string): Promise<void> {
  const lines = readFileSync(file, "utf8").split("\n");
  const printed = lines.map((line) => line.trim()).filter((line) => line.startsWith("pveum "));
  const secret = (await runSetup(client, printed)).get("lifeboat@pve!cli");
  if (secret === undefined) throw new Error(`no line of ${file} makes the token lifeboat@pve!cli`);
  process.stdout.write(`lifeboat@pve!cli=${secret}\n`);
}

async function main([action = "", folder = "", file = ""]: readonly string[]): Promise<void> {
  const layout = layoutOf(folder);
  const [node] = readRecord(layout)?.nodes ?? [];
  if (node === undefined) throw new Error(`${folder} is no sandbox`);
  const client = createClient({
    endpoint: `https://${node.address}:${String(node.port)}`,
    trust: { kind: "ca", pem: readFileSync(layout.ca, "utf8") },
    credential: {
      kind: "password",
      username: "root@pam",
      password: readFileSync(layout.rootPasswordFile, "utf8").trim(),
    },
  });
  try {
    await (action === "make" ? make({ layout, node, client }) : setUp({ layout, node, client }, file));
  } finally {
    await client.close();
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
