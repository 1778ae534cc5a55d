import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import type { TestSandbox } from "../../sandbox/setup/start-sandbox";
import { createClient, startSandboxHere } from "../support/kit";

/** What stands in for TLS over TCP in the tests of commands, once a real connection has shown that it would be made. */

let site: TestSandbox;
let clients: ProxmoxClient[] = [];
let accepted = 0;
const count = (): void => void (accepted += 1);

beforeAll(async () => {
  subscribe("net.server.socket", count);
  site = await startSandboxHere({ driver: "memory", folder: mkdtempSync(join(tmpdir(), "lifeboat-connections-")) });
});

afterEach(async () => {
  for (const client of clients) await client.close();
  clients = [];
});

afterAll(async () => {
  unsubscribe("net.server.socket", count);
  await site.stop();
});

function client(pem = readFileSync(site.layout.ca, "utf8")): ProxmoxClient {
  const [node] = site.nodes;
  const endpoint = `https://${node?.address ?? ""}:${String(node?.port)}`;
  const credential = { kind: "token", value: readFileSync(site.layout.tokenFile, "utf8").trim() } as const;
  const made = createClient({ endpoint, trust: { kind: "ca", pem }, credential });
  clients.push(made);
  return made;
}

test("the first connection is a real one, those after it are not", async () => {
  const first = await client().get(["version"]);
  expect(accepted).toBe(1);
  expect(await client().get(["version"])).toEqual(first);
  expect(accepted).toBe(1);
});

test("who trusts another authority is not connected, whatever was trusted before", async () => {
  await client().get(["version"]);
  await expect(client(rootCertificates[0]).get(["version"])).rejects.toMatchObject({ kind: "untrusted" });
});

test("a node that closes its port breaks the connections that it has, and refuses others until it opens it", async () => {
  const connected = client();
  await connected.get(["version"]);
  const [node] = site.nodes;
  await site.control({ command: "set-fault", name: "node-unreachable", settings: { node: node?.name ?? "" } });
  await expect(connected.get(["version"])).rejects.toMatchObject({ kind: "unreachable" });
  await expect(client().get(["version"])).rejects.toMatchObject({ kind: "unreachable" });
  await site.control({ command: "clear-fault" });
  expect(await connected.get(["version"])).toBeDefined();
});

test("a request that is under way when the client is closed fails", async () => {
  const one = client();
  await one.get(["version"]);
  const answer = one.get(["version"]);
  await one.close();
  await expect(answer).rejects.toMatchObject({ kind: "lost" });
});
