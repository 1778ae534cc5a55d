import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ProxmoxClient } from "../../proxmox/api/client";
import { node, RestoreSite } from "./restore/restore-site";

/** What `doctor` says of firewall rules that have no effect, as the bundle that users run. */
let site: RestoreSite;
let root: ProxmoxClient;

const web = { id: 101, name: "web" };
const card = "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:01:01,ip=192.0.2.101/24,gw=192.0.2.1";
const guestPath = ["nodes", node, "lxc", web.id];

beforeAll(async () => {
  site = await RestoreSite.start([web]);
  // A backup makes the storage's folder, without which the storage is not active.
  await site.backUp(web.id);
  root = site.rootClient();
  await turnOn({});
  const file = join(site.project, "Pulumi.prod.yaml");
  const settings = readFileSync(file, "utf8");
  writeFileSync(file, settings.replace("network: { bridge: vmbr0,", "network: { bridge: vmbr0, firewall: true,"));
});

afterAll(async () => {
  await root.close();
  await site.stop();
});

interface Switches {
  datacenter?: boolean;
  node?: boolean;
  guest?: boolean;
  card?: boolean;
}

/** Every switch is on but those that are said to be off. */
async function turnOn({ datacenter = true, node: ofNode = true, guest = true, card: ofCard = true }: Switches) {
  await root.put(["cluster", "firewall", "options"], { enable: datacenter });
  await root.put(["nodes", node, "firewall", "options"], { enable: ofNode });
  await root.put([...guestPath, "firewall", "options"], { enable: guest });
  await root.put([...guestPath, "config"], { net0: `${card},firewall=${ofCard ? "1" : "0"}` });
}

/** The lines of `doctor` about the firewall, as one text. */
async function doctor(env: Readonly<Record<string, string>> = {}): Promise<{ code: number | null; told: string }> {
  const { code, stdout } = await site.lifeboat(["doctor", "--json"], { env });
  const { examinations }: { examinations: { findings: { subject: string }[] }[] } = JSON.parse(stdout);
  const found = examinations.flatMap(({ findings }) => findings).filter(({ subject }) => subject === "firewall");
  return { code, told: found.map((finding) => Object.values(finding).join(" | ")).join("\n") };
}

test("with every switch on the rules are in force [B1]", async () => {
  expect(await doctor()).toEqual({ code: 0, told: "firewall | ok | the rules of web are in force" });
});

test.each<[string, Switches, string]>([
  ["datacenter", { datacenter: false }, "have no effect: the datacenter's firewall is off"],
  ["guest", { guest: false }, "have no effect: the guest's own firewall is off"],
  ["card", { card: false }, "have no effect: the firewall of its network card is off on the node"],
  ["node", { node: false }, `${node}: the node's own firewall is off`],
])("%s off: a warning, and 0 all the same [B1]", async (_, switches, expected) => {
  await turnOn(switches);
  const { code, told } = await doctor();
  expect(code).toBe(0);
  expect(told).toContain(`firewall | warning | `);
  expect(told).toContain(expected);
});

test("the node's own switch leaves the rules of its guests in force [B1]", async () => {
  await turnOn({ node: false });
  expect((await doctor()).told).toContain("the rules of web are in force");
});

test("nothing is switched on by looking [B1]", async () => {
  await turnOn({ datacenter: false, guest: false });
  const before = site.requests().length;
  await doctor();
  const methods = new Set(
    site
      .requests()
      .slice(before)
      .map(({ method }) => method),
  );
  expect([...methods]).toEqual(["GET"]);
});

test("a switch that the token may not see is not known, which is not off [B1, D3]", async () => {
  await turnOn({ datacenter: false });
  await root.put(["access", "roles", "LifeboatSite"], { privs: "Sys.Syslog" });
  const { told } = await doctor();
  await root.put(["access", "roles", "LifeboatSite"], { privs: "Sys.Audit" });
  expect(told).toContain("firewall | skipped | not known whether the rules of web are in force");
  expect(told).not.toContain("have no effect");
});
