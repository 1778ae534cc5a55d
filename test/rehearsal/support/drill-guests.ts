/**
 * The guests of a drill's rehearsal, made by nothing of ours and all at the same time:
 *
 *     drill-guests make BRIDGE ID=NAME…     the node's bridge without a port, and a small container that runs for each
 *     drill-guests back-up ID…              an archive of each in the storage `local`
 */
import { readFileSync } from "node:fs";
import * as z from "zod";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { requireSuccess } from "../../../proxmox/api/tasks";
import { openSite } from "../../../scripts/project/site";
import { Redactor } from "../../../scripts/terminal/redactor";

const node = "pve-prod";
const template = "local:vztmpl/debian-12-standard_amd64.tar.zst";

interface Place {
  readonly client: ProxmoxClient;
  /** Public keys that guests let in. */
  readonly keys: string;
}

async function task(client: ProxmoxClient, upid: unknown): Promise<void> {
  requireSuccess(await client.tasks.wait(z.string().parse(upid)));
}

async function make({ client, keys }: Place, [bridge = "", ...guests]: readonly string[]): Promise<void> {
  const network = ["nodes", node, "network"];
  await client.post(network, { iface: bridge, type: "bridge", autostart: 1 });
  await task(client, await client.put(network, {}));
  await Promise.all(guests.map((guest) => makeGuest(client, keys, guest.split("="))));
}

async function makeGuest(client: ProxmoxClient, keys: string, [id = "", name = ""]: readonly string[]): Promise<void> {
  const parameters = {
    vmid: Number(id),
    hostname: name,
    ostemplate: template,
    rootfs: "local:2",
    memory: 256,
    unprivileged: 1,
    net0: `name=eth0,bridge=vmbr0,ip=192.0.2.${id}/24,gw=192.0.2.1`,
    "ssh-public-keys": keys,
  };
  await task(client, await client.post(["nodes", node, "lxc"], parameters));
  await task(client, await client.post(["nodes", node, "lxc", Number(id), "status", "start"], {}));
}

async function backUp({ client }: Place, ids: readonly string[]): Promise<void> {
  const parameters = { vmid: ids.join(","), storage: "local", mode: "snapshot", compress: "zstd" };
  await task(client, await client.post(["nodes", node, "vzdump"], parameters));
}

async function main([action, ...words]: readonly string[]): Promise<void> {
  const { env: environment } = process;
  const workingDirectory = process.cwd();
  const site = await openSite({ redactor: new Redactor(), project: undefined, environment, workingDirectory });
  try {
    const prod = site.environment("prod");
    // What makes a bridge is no token of Lifeboat's: somebody in the web interface.
    const client = await prod.rootClient();
    if (client === undefined) throw new Error("the password of root@pam is not given");
    const keys = readFileSync(`${prod.settings.ssh.identity ?? ""}.pub`, "utf8");
    await (action === "make" ? make({ client, keys }, words) : backUp({ client, keys }, words));
  } finally {
    await site.close();
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
