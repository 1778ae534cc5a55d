import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { ProxmoxClient } from "../../proxmox/api/client";
import { exporterUser } from "../../proxmox/rules/exporter-privileges";
import { exporterTokenName } from "../../site/monitoring/exporter-token-name";
import { createClient } from "./support/kit";
import { runSetup } from "../support/node-commands";
import { node, RestoreSite } from "./restore/restore-site";

/**
 * The token of `lifeboat exporter`: the lines that root runs once, what the operator's token can do with them, and what the
 * exporter's own can see and do.
 */
let site: RestoreSite;
const clients: ProxmoxClient[] = [];
let root: ProxmoxClient;
/** With the token that the printed lines make. */
let operator: ProxmoxClient;
let operatorToken: string;
let exporter: ProxmoxClient;
let exporterToken: string;
let archive: string;

const tokenName = exporterTokenName("site", "prod", 1);
const setupShape = z.object({ setups: z.array(z.object({ commands: z.array(z.string()) })) });

beforeAll(async () => {
  site = await RestoreSite.start([{ id: 101, name: "web" }], { settings: "  lifeboat:exporterTokens: [1]" });
  root = site.rootClient();
  clients.push(root);
  archive = await site.backUp(101);
});

afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await site.stop();
});

function clientOf(value: string): ProxmoxClient {
  const pem = readFileSync(join(site.project, "site-ca.pem"), "utf8");
  const trust = { kind: "ca", pem } as const;
  const client = createClient({ endpoint: site.endpoint(), trust, credential: { kind: "token", value } });
  clients.push(client);
  return client;
}

async function told(words: readonly string[], token: string): Promise<{ code: number | null; text: string }> {
  const { code, stdout, stderr } = await site.lifeboat(words, { env: { LIFEBOAT_PROXMOX_TOKEN: token } });
  return { code, text: `${stdout}${stderr}`.replace(/\s+/gu, " ") };
}

/** Kind of the refusal; undefined: it was done. */
async function refusal(request: Promise<unknown>): Promise<string | undefined> {
  try {
    await request;
    return undefined;
  } catch (error) {
    if (typeof error === "object" && error !== null && "kind" in error) return String(error.kind);
    throw error;
  }
}

test("without the set-up doctor says what lacks; root's printed lines give it, twice as well as once [K6, N5]", async () => {
  const before = await site.lifeboat(["doctor"]);
  expect([before.code, before.stdout.replace(/\s+/gu, " ")]).toEqual([
    3,
    expect.stringMatching(
      /User\.Modify on \/access\/groups\/lifeboat-exporter is missing \(deploy: it makes and removes the exporter's tokens\).*✗ exporter there is no user lifeboat-exporter@pve/u,
    ),
  ]);
  const printed = await site.lifeboat(["doctor", "--print-setup", "--json"]);
  const [setup] = setupShape.parse(JSON.parse(printed.stdout)).setups;
  const made = await runSetup(root, setup?.commands ?? []);
  expect([...made.keys()]).toEqual(["lifeboat@pve!cli"]);
  expect([...(await runSetup(root, setup?.commands ?? [])).keys()]).toEqual([]);
  operatorToken = `lifeboat@pve!cli=${made.get("lifeboat@pve!cli") ?? ""}`;
  operator = clientOf(operatorToken);
  const { code, text } = await told(["doctor"], operatorToken);
  expect([code, text]).toEqual([
    0,
    expect.stringMatching(/! exporter lifeboat-exporter@pve has no token site\.prod\.1 yet → lifeboat up prod/u),
  ]);
});

test("the operator's token makes a token of that user, and of nobody else [N5]", async () => {
  const answer = z
    .object({ value: z.string() })
    .parse(await operator.post(["access", "users", exporterUser, "token", tokenName], { privsep: false }));
  exporterToken = `${exporterUser}!${tokenName}=${answer.value}`;
  exporter = clientOf(exporterToken);
  const { code, text } = await told(["doctor"], operatorToken);
  expect([code, text]).toEqual([0, expect.stringContaining(`✓ exporter ${exporterUser} has ${tokenName}, and may`)]);
});

test("a token of this environment that no settings name is told, those of other projects are not [N5]", async () => {
  const left = exporterTokenName("site", "prod", 7);
  for (const name of [left, "other.prod.1"]) await root.post(["access", "users", exporterUser, "token", name]);
  const { code, text } = await told(["doctor"], operatorToken);
  expect([code, text]).toEqual([
    0,
    expect.stringMatching(
      /! exporter lifeboat-exporter@pve has a token that no settings name, and it is valid: site\.prod\.7 → if nobody uses it, on the node: pveum user token remove lifeboat-exporter@pve site\.prod\.7/u,
    ),
  ]);
  expect(text).not.toContain("other.prod.1");
  for (const name of [left, "other.prod.1"]) await root.delete(["access", "users", exporterUser, "token", name]);
});

/** Ways in which a stolen token of the operator could become more than it is. */
const ascents: Readonly<Record<string, () => Promise<unknown>>> = {
  "a token of root": () => operator.post(["access", "users", "root@pam", "token", "more"], { privsep: false }),
  "a token of its own user": () => operator.post(["access", "users", "lifeboat@pve", "token", "more"]),
  "another user": () => operator.post(["access", "users"], { userid: "more@pve", groups: "lifeboat-exporter" }),
  "another user in the group": () => operator.put(["access", "users", "lifeboat@pve"], { groups: "lifeboat-exporter" }),
  "the user in another group": () => operator.put(["access", "users", exporterUser], { groups: "admins" }),
  "the user deleted": () => operator.delete(["access", "users", exporterUser]),
  "another role": () => operator.put(["access", "roles", "LifeboatExporterSite"], { privs: "Sys.Modify" }),
  "rights at the top": () =>
    operator.put(["access", "acl"], { path: "/", roles: "Administrator", users: exporterUser }),
  "rights that it has not itself": () =>
    operator.put(["access", "acl"], { path: "/vms/101", roles: "Administrator", users: exporterUser }),
  "another group": () => operator.post(["access", "groups"], { groupid: "more" }),
};

test.each(Object.keys(ascents))(
  "the operator's token cannot give itself or the exporter more: %s [N5]",
  async (name) => {
    await root.post(["access", "groups"], { groupid: "admins" }).catch(() => undefined);
    expect(await refusal(ascents[name]?.() ?? Promise.resolve())).toMatch(/^(?:forbidden|invalid|failed)$/u);
  },
);

test("status is the same with the exporter's token as with the operator's: archives, sizes, jobs, marks, uncovered guests [K6]", async () => {
  const looks = await Promise.all(
    [operatorToken, exporterToken].map((token) =>
      site.lifeboat(["status", "prod", "--json"], { env: { LIFEBOAT_PROXMOX_TOKEN: token } }),
    ),
  );
  const [byOperator, byExporter] = looks.map(({ stdout }) => withoutTime(stdout));
  expect(byOperator).toContain(archive);
  expect(byExporter).toEqual(byOperator);
});

/** Ages and free space go on while one looks after the other. */
function withoutTime(text: string): string {
  return text.replace(/"(?:age|ageSeconds|available|now|seconds|used|usedShare)":\d+(?:\.\d+)?/gu, '"…":0');
}

/** What Lifeboat, or anybody with this token, could change on a site. */
const changes: Readonly<Record<string, () => Promise<unknown>>> = {
  "make a guest": () => exporter.post([...lxc], { vmid: 190, ostemplate: "local:vztmpl/x.tar.zst", rootfs: "local:1" }),
  "restore beside": () => exporter.post([...lxc], { vmid: 190, ostemplate: archive, restore: true, storage: "backup" }),
  configure: () => exporter.put([...lxc, "101", "config"], { memory: 64 }),
  stop: () => exporter.post([...lxc, "101", "status", "stop"]),
  "delete a guest": () => exporter.delete([...lxc, "101"]),
  grow: () => exporter.put([...lxc, "101", "resize"], { disk: "rootfs", size: "2G" }),
  "take a snapshot": () => exporter.post([...lxc, "101", "snapshot"], { snapname: "one" }),
  "write the job": () => exporter.put(["cluster", "backup", "lifeboat-prod"], { enabled: false }),
  "make a job": () =>
    exporter.post(["cluster", "backup"], { id: "more", schedule: "01:00", storage: "backup", vmid: "101" }),
  "delete the job": () => exporter.delete(["cluster", "backup", "lifeboat-prod"]),
  "declare a storage": () => exporter.post(["storage"], { storage: "more", type: "dir", path: "/mnt/more" }),
  "change a storage": () => exporter.put(["storage", "backup"], { disable: true }),
  "remove a storage": () => exporter.delete(["storage", "backup"]),
  download: () =>
    exporter.post(["nodes", node, "storage", "backup", "download-url"], {
      url: "https://192.0.2.1/x.tar.zst",
      content: "vztmpl",
      filename: "x.tar.zst",
    }),
  "back up onto another storage": () => exporter.post(["nodes", node, "vzdump"], { vmid: "101", storage: "local" }),
  "back up and prune": () =>
    exporter.post(["nodes", node, "vzdump"], { vmid: "101", storage: "backup", "prune-backups": "keep-last=1" }),
  firewall: () => exporter.put(["cluster", "firewall", "options"], { enable: false }),
  "a guest's firewall": () => exporter.put([...lxc, "101", "firewall", "options"], { enable: false }),
  pool: () => exporter.post(["pools"], { poolid: "more" }),
  network: () => exporter.post(["nodes", node, "network"], { iface: "vmbr7", type: "bridge" }),
  "a token": () => exporter.post(["access", "users", exporterUser, "token", "more"], { privsep: false }),
  "a token of the operator": () => exporter.post(["access", "users", "lifeboat@pve", "token", "more"]),
  rights: () =>
    exporter.put(["access", "acl"], { path: "/vms/101", roles: "LifeboatExporterGuests", users: exporterUser }),
  role: () => exporter.put(["access", "roles", "LifeboatExporterSite"], { privs: "Sys.Modify" }),
};
const lxc = ["nodes", node, "lxc"] as const;

test.each(Object.keys(changes))("the exporter's token cannot: %s [N5]", async (name) => {
  expect([name, await refusal(changes[name]?.() ?? Promise.resolve())]).toEqual([name, "forbidden"]);
});

test("a forced restore over a stopped guest is refused too: it may use no storage for disks [N5]", async () => {
  await root.post([...lxc, "101", "status", "stop"]);
  while (await site.running(101)) await new Promise((resolve) => setTimeout(resolve, 50));
  const over = { vmid: 101, ostemplate: archive, restore: true, force: true };
  expect(await refusal(exporter.post([...lxc], { ...over, storage: "backup" }))).toBe("invalid");
  expect(await refusal(exporter.post([...lxc], { ...over, storage: "local" }))).toBe("forbidden");
  await root.post([...lxc, "101", "status", "start"]);
});

test("what it can do besides looking is what Proxmox gives to everybody who sees archives: make, mark and delete some [N5]", async () => {
  const content = ["nodes", node, "storage", "backup", "content"];
  const more = await site.backUp(101);
  expect(await refusal(exporter.put([...content, more], { notes: "seen" }))).toBeUndefined();
  expect(await refusal(exporter.delete([...content, more]))).toBeUndefined();
  expect(
    await refusal(exporter.post(["nodes", node, "vzdump"], { vmid: "101", storage: "backup", compress: "zstd" })),
  ).toBeUndefined();
});

test("an exporter that may not see archives says so, and calls nothing missing; doctor names it for that user [K6, D3]", async () => {
  await root.put(["access", "roles", "LifeboatExporterGuests"], { privs: "VM.Audit" });
  const status = await told(["status", "prod"], exporterToken);
  expect(status.text).toContain("its backups cannot be seen: the token lacks VM.Backup on /vms/101");
  expect(status.text).not.toContain("never backed up");
  const { code, text } = await told(["doctor"], operatorToken);
  expect([code, text]).toEqual([
    3,
    expect.stringContaining(`✗ exporter ${exporterUser}: VM.Backup on /vms/101 is missing (look: it sees archives)`),
  ]);
  await root.put(["access", "roles", "LifeboatExporterGuests"], { privs: "VM.Audit,VM.Backup,VM.PowerMgmt" });
  expect((await told(["doctor"], operatorToken)).text).toContain(
    `! exporter ${exporterUser} may do more than the exporter needs: VM.PowerMgmt on /vms`,
  );
});
