/**
 * One request to a node of a sandbox as root@pam, for what a site's administrator does and Lifeboat's token may not:
 *
 *     root-request SANDBOX-FOLDER NODE-ADDRESS METHOD PATH [NAME=VALUE …]
 *
 * Prints the answer's data as JSON. A task that the request starts is waited for.
 */
import { readFileSync } from "node:fs";
import { createClient } from "../../../proxmox/api/client";
import { requireSuccess } from "../../../proxmox/api/tasks";
import { layoutOf } from "../../sandbox/setup/layout";

async function main([folder = "", address = "", method = "", path = "", ...fields]: string[]): Promise<void> {
  const layout = layoutOf(folder);
  const client = createClient({
    endpoint: `https://${address}:8006`,
    trust: { kind: "ca", pem: readFileSync(layout.ca, "utf8") },
    credential: {
      kind: "password",
      username: "root@pam",
      password: readFileSync(layout.rootPasswordFile, "utf8").trim(),
    },
  });
  try {
    const parts = path.split("/").filter((part) => part !== "");
    const parameters = Object.fromEntries(
      fields.map((field) => [field.slice(0, field.indexOf("=")), field.slice(field.indexOf("=") + 1)]),
    );
    const send = { GET: client.get, POST: client.post, PUT: client.put, DELETE: client.delete }[method];
    if (send === undefined) throw new Error(`unknown method '${method}'`);
    const data = await send.call(client, parts, parameters);
    if (typeof data === "string" && data.startsWith("UPID:")) requireSuccess(await client.tasks.wait(data));
    process.stdout.write(`${JSON.stringify(data)}\n`);
  } finally {
    await client.close();
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
