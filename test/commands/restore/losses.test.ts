import { setTimeout as pause } from "node:timers/promises";
import { inRestore } from "../support/held-tasks";
import type { StartCluster } from "../../sandbox/setup/start-state";
import { RestoreSite, node } from "./restore-site";

let site: RestoreSite;

beforeAll(async () => {
  site = await RestoreSite.start(
    [
      { id: 101, name: "web" },
      { id: 102, name: "raw", lines: ["lxc.apparmor.profile: unconfined"] },
      { id: 103, name: "walled" },
      { id: 104, name: "tended" },
      { id: 105, name: "pattern", stopped: true, lines: ["template: 1"] },
    ],
    { further: ["pve-two"], adjust: withClone },
  );
  for (const vmid of [101, 102, 104, 105]) await site.backUp(vmid);
});

afterAll(() => site.stop());

/** A volume of guest 107 that builds upon one of the template's. */
function withClone(cluster: StartCluster): StartCluster {
  const [first, ...others] = cluster.guests;
  if (first === undefined) return cluster;
  const tank = { storage: "tank", type: "zfspool", pool: "tank", content: "rootdir,images" };
  const volid = "tank:basevol-105-disk-0/subvol-107-disk-0";
  const clone = { volid, path: "/tank/subvol-107-disk-0", format: "subvol", size: 0, files: {} };
  const volumes = [...first.volumes, clone];
  return { ...cluster, storage: [...cluster.storage, tank], guests: [{ ...first, volumes }, ...others] };
}

const inPlace = (guest: string, ...more: string[]) => ["restore", "guest", guest, "--force", "--stop", ...more];
const isRestore = ({ method, path }: { method: string; path: string }): boolean =>
  method === "POST" && path === `/nodes/${node}/lxc`;
const at = (vmid: number) => ({ node, type: "lxc", vmid }) as const;

/** Exit code and reason of a restore that must be refused, and that asks for no change. */
async function refused(argv: readonly string[]): Promise<[number | null, string]> {
  const requests = site.requests().length;
  const { code, stderr } = await site.lifeboat(argv);
  const sent = site.requests().slice(requests);
  expect(sent.filter(({ method }) => method !== "GET")).toEqual([]);
  return [code, stderr.slice(Math.max(0, stderr.indexOf("Unable to")))];
}

test("a disk that left the backups since the archive was made is a loss: neither archive nor save point has what it holds [D16]", async () => {
  const { mp0 = "" } = await site.client.guests.guestConfig(at(101));
  await site.client.guests.setGuestConfig(at(101), { mp0: mp0.replace("backup=1", "backup=0") });
  expect(await refused(inPlace("web"))).toEqual([
    13,
    expect.stringMatching(
      /no backup holds what is in mp0 \(\/srv\) now, which would be lost[\s\S]*HINT: add --accept-loss/u,
    ),
  ]);
  const done = await site.lifeboat(inPlace("web", "--accept-loss"));
  expect([done.code, done.stderr]).toEqual([
    0,
    expect.stringContaining("mp0 (/srv), 2.0 GiB: what it holds now is replaced"),
  ]);
});

test("a raw line is a loss: Proxmox leaves it out of a token's restore [D16]", async () => {
  expect(await refused(inPlace("raw"))).toEqual([
    13,
    expect.stringContaining("Proxmox does not bring 'lxc.apparmor.profile: unconfined' back for a token"),
  ]);
  expect((await site.lifeboat(inPlace("raw", "--accept-loss"))).code).toBe(0);
  expect(await site.client.guests.guestConfig(at(102))).not.toHaveProperty("lxc");
});

test("firewall rules are a loss before, since nobody can read the archive's, and compared afterwards [D16, D14]", async () => {
  const rules = ["nodes", node, "lxc", 103, "firewall", "rules"];
  await site.client.post(rules, { type: "in", action: "ACCEPT", enable: 1, proto: "tcp", dport: "22" });
  await site.backUp(103);
  await site.client.delete([...rules, 0]);
  await site.client.post(rules, { type: "in", action: "DROP", enable: 1, proto: "tcp", dport: "22" });
  expect(await refused(inPlace("walled"))).toEqual([
    13,
    expect.stringContaining(
      "the archive's firewall, which cannot be read before, replaces 'IN DROP -dport 22 -proto tcp'",
    ),
  ]);
  const done = await site.lifeboat(inPlace("walled", "--accept-loss", "--json"));
  const findings = JSON.parse(done.stdout).findings.map(({ text }: { readonly text: string }) => text);
  expect([done.code, findings]).toEqual([
    0,
    expect.arrayContaining([
      "firewall 'IN DROP -dport 22 -proto tcp' of walled is gone: the archive has no such line",
      "firewall 'IN ACCEPT -dport 22 -proto tcp' of walled is back from the archive",
    ]),
  ]);
});

test("firewall rules that could not be read before the restore are not called the archive's afterwards [D16, K6]", async () => {
  const root = site.rootClient();
  const rules = ["nodes", node, "lxc", 101, "firewall", "rules"];
  await root.post(rules, { type: "in", action: "DROP", enable: 1 });
  await site.fault("answer-595", { path: "^GET /nodes/[^/]+/lxc/101/firewall/rules$" });
  await site.fault("task-waits", inRestore);
  const before = site.requests().length;
  const run = site.lifeboat(inPlace("web", "--accept-loss"));
  while (!site.requests().slice(before).some(isRestore)) await pause(20);
  await site.clearFaults();
  const { code, stdout, stderr } = await run;
  expect([code, stdout]).toEqual([0, expect.not.stringMatching(/firewall '.*is (?:back|gone)/u)]);
  expect(stderr).toContain("its firewall rules could not be read");
  await root.delete([...rules, 0]);
  await root.close();
});

test("high availability and replication are shown; where they cannot be read afterwards nobody says that they are gone [D16, D14, K6]", async () => {
  const root = site.rootClient();
  await root.post(["cluster", "ha", "resources"], { sid: "ct:104", state: "started" });
  await root.post(["cluster", "replication"], { id: "104-0", type: "local", target: "pve-two" });
  const dry = await site.lifeboat(["restore", "guest", "tended", "--dry-run", "--json"]);
  expect(JSON.parse(dry.stdout).plan.kept).toEqual(
    expect.arrayContaining([
      "replication 104-0 to pve-two: its next run replaces what is there by the restored tended",
      "high availability: ct:104 stays what it is",
    ]),
  );
  const done = await site.lifeboat(inPlace("tended", "--json"));
  const said = JSON.stringify(JSON.parse(done.stdout).findings);
  expect([done.code, said]).toEqual([0, expect.not.stringMatching(/replicated|high availability/u)]);
  await site.fault("task-waits", inRestore);
  const before = site.requests().length;
  const run = site.lifeboat(inPlace("tended"));
  while (!site.requests().slice(before).some(isRestore)) await pause(20);
  const memberships = "^GET /(?:cluster/(?:ha/resources|replication|backup)|nodes/[^/]+/lxc/104/firewall/rules)$";
  await site.fault("answer-595", { path: memberships });
  await site.clearFaults("task-waits");
  const { code, stdout } = await run;
  await site.clearFaults();
  expect([code, stdout]).toEqual([0, expect.not.stringMatching(/any more|is not in|ha-manager|pvesr/u)]);
  for (const what of ["high availability manages it", "it is replicated", "it is in its backup job", "its firewall"])
    expect(stdout).toMatch(new RegExp(`${what}[^.]* could not be read`, "u"));
  await root.delete(["cluster", "ha", "resources", "ct:104"]);
  await root.delete(["cluster", "replication", "104-0"]);
  await root.close();
});

test("a template with linked clones is not overwritten: Proxmox would find out when it is half-way [D7, D16]", async () => {
  expect(await refused(inPlace("pattern", "--accept-loss"))).toEqual([
    13,
    expect.stringMatching(
      /pattern is a template, and linked clones build upon it: tank:basevol-105-disk-0\/subvol-107/u,
    ),
  ]);
});

test("what the node's own vzdump.conf excludes is in no backup: it is named, and a loss [D16]", async () => {
  await site.control({ command: "write", path: "/etc/vzdump.conf", content: "exclude-path: /srv/cache /var/spool\n" });
  expect(await refused(inPlace("web"))).toEqual([
    13,
    expect.stringContaining("no backup of the node holds files under '/srv/cache', '/var/spool', which would be lost"),
  ]);
  const root = site.rootClient();
  const { "exclude-path": excluded } = await root.backups.nodeDefaults(node, "backup");
  await root.close();
  expect(excluded).toEqual(["/srv/cache", "/var/spool"]);
  await site.control({ command: "write", path: "/etc/vzdump.conf", content: "" });
});
