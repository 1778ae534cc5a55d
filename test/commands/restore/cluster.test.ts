import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { StartCluster } from "../../sandbox/setup/start-state";
import { RestoreSite, node } from "./restore-site";
import type { RunResult } from "../support/run-bundle";

/** The first node has the guests; the second has everything that they need; the third lacks a storage of theirs. */
const [second, third] = ["pve-two", "pve-three"];
let site: RestoreSite;

beforeAll(async () => {
  site = await RestoreSite.start(
    [
      { id: 101, name: "web" },
      { id: 102, name: "db" },
      { id: 103, name: "moved", node: second },
      { id: 104, name: "local" },
      { id: 105, name: "both" },
      { id: 106, name: "shared", node: second },
    ],
    { further: [second, third], adjust: (cluster) => withSharedDisk(shareBackups(cluster)) },
  );
  for (const vmid of [101, 102]) await site.backUp(vmid);
  await site.backUp(103, { storage: "local" }, second);
  await site.backUp(104, { storage: "local" });
});

afterAll(() => site.stop());

afterEach(() => site.clearFaults());

function shareBackups(cluster: StartCluster): StartCluster {
  const extra: Record<string, Record<string, string>> = {
    backup: { shared: "1" },
    data: { nodes: `${node},${second}` },
  };
  return { ...cluster, storage: cluster.storage.map((entry) => ({ ...entry, ...extra[entry["storage"] ?? ""] })) };
}

/** The disks of the last guest lie on a storage that all nodes share. */
function withSharedDisk(cluster: StartCluster): StartCluster {
  const common = { storage: "common", type: "dir", path: "/mnt/common", content: "rootdir,images", shared: "1" };
  const there = { ...common, nodes: `${node},${second}` };
  const guests = cluster.guests.map((guest) => {
    if (guest.vmid !== 106) return guest;
    const config = guest.config.replace("local:106/", "common:106/").replace(/^mp0:.*\n/mu, "");
    const [root, ...others] = guest.volumes;
    if (root === undefined) return guest;
    const disk = { ...root, volid: "common:106/vm-106-disk-0.raw", path: "/mnt/common/images/106/vm-106-disk-0.raw" };
    return { ...guest, config, volumes: [disk, ...others.slice(1)] };
  });
  return { ...cluster, storage: [...cluster.storage, there], guests };
}

const at = (place: string, vmid: number) => ({ node: place, type: "lxc", vmid }) as const;

/** Runs a command that must be refused, and proves that it asked for no change. */
async function refused(argv: readonly string[]): Promise<[number | null, string]> {
  const requests = site.requests().length;
  const result: RunResult = await site.lifeboat(argv);
  const sent = site.requests().slice(requests);
  expect(sent.filter(({ method }) => method !== "GET")).toEqual([]);
  return [result.code, result.stderr.slice(Math.max(0, result.stderr.indexOf("Unable to")))];
}

test("a node of the cluster that is down is named by status, and the others are shown: 3 [A10, K3]", async () => {
  await site.fault("node-unreachable", { node: second });
  const settings = join(site.project, "Pulumi.prod.yaml");
  const before = readFileSync(settings, "utf8");
  writeFileSync(
    settings,
    before.replace(/^( *)(?:"?moved"?):\n/mu, (line, indent) => `${line}${indent}  node: ${second}\n`),
  );
  const { code, stdout } = await site.lifeboat(["status", "prod", "--json"]);
  writeFileSync(settings, before);
  const { environments, unknown } = JSON.parse(stdout);
  expect([code, unknown]).toEqual([3, []]);
  expect(environments[0].guests).toHaveLength(6);
  expect(environments[0].problems).toContainEqual(
    expect.stringMatching(/^the backup runs of pve-two cannot be listed: /u),
  );
});

test("archives are looked for on every node of the cluster, a shared storage once [D2]", async () => {
  const shared = JSON.parse((await site.lifeboat(["backups", "web", "--json"])).stdout);
  expect(shared.backups).toHaveLength(1);
  const elsewhere = JSON.parse((await site.lifeboat(["backups", "moved", "--json"])).stdout);
  expect(elsewhere.backups).toMatchObject([{ storage: "local" }]);
});

test("a guest that has moved is restored where it is, from the storage of that node [D1, D2]", async () => {
  const result = await site.lifeboat(["restore", "guest", "moved", "--force", "--stop", "--json"]);
  expect([result.code, JSON.parse(result.stdout).node]).toEqual([0, second]);
  expect(JSON.parse(result.stdout).findings).toContainEqual({
    severity: "todo",
    text: `the settings of prod place moved on ${node}, and it is on ${second} now`,
    mend: `set 'node: ${second}' for moved in Pulumi.prod.yaml before the next pulumi up`,
  });
});

test("--node with --target-id makes a copy on another node; undo deletes it there [D5, D10]", async () => {
  const before = await site.picture(101);
  const command = ["restore", "guest", "web", "--node", second, "--target-id", "901", "--force"];
  expect((await site.lifeboat(command)).code).toBe(0);
  expect((await site.client.guests.guestStatus(at(second, 901))).status).toBe("running");
  expect(await site.picture(101)).toEqual(before);
  expect((await site.lifeboat(["undo", "web", "--force"])).code).toBe(0);
  expect(await site.client.guests.exists(at(second, 901))).toBe(false);
});

test("in place on another node is refused while the guest exists, and done when it is lost [D5]", async () => {
  const inPlace = ["restore", "guest", "db", "--node", second, "--force", "--stop"];
  expect(await refused(inPlace)).toEqual([
    13,
    expect.stringMatching(
      /db \(102\) is on pve-prod, and Proxmox takes an id once in a cluster[\s\S]*--node pve-two --target-id 100; or move it first: pct migrate 102 pve-two/u,
    ),
  ]);
  await site.destroy(102);
  const result = await site.lifeboat(inPlace);
  expect([result.code, (await site.client.guests.guestStatus(at(second, 102))).status]).toEqual([0, "running"]);
  expect(result.stdout).toContain(`place db on ${node}, and it is on ${second} now`);
});

const copy = (...place: string[]) => ["restore", "guest", "web", "--target-id", "902", "--force", ...place];

test("a node that is no node of the cluster, or lacks a storage, is refused with those that would do [D5]", async () => {
  expect(await refused(copy("--node", "nowhere"))).toEqual([
    2,
    expect.stringMatching(/there is no node nowhere in the cluster[\s\S]*pve-prod, pve-two, pve-three/u),
  ]);
  expect(await refused(copy("--node", third))).toEqual([
    13,
    expect.stringMatching(/storage data is not (?:there|active) on pve-three[\s\S]*--storage \(local\)/u),
  ]);
  expect(await refused(["restore", "guest", "local", "--node", second, "--target-id", "902", "--force"])).toEqual([
    13,
    expect.stringMatching(
      /pve-two cannot reach the archives of local: they lie on storage local of pve-prod[\s\S]*HINT: .*--node pve-prod/u,
    ),
  ]);
});

test("a guest that is being migrated is not restored meanwhile [D5, K6]", async () => {
  await site.setLock(104, "migrate");
  expect(await refused(["restore", "guest", "local", "--force", "--stop"])).toEqual([
    13,
    expect.stringContaining("local is locked on its node (migrate)"),
  ]);
  await site.setLock(104);
});

test("a newer backup that the node cannot reach is told [D2]", async () => {
  await site.backUp(105);
  await site.backUp(105, { storage: "local" });
  const command = ["restore", "guest", "both", "--node", second, "--target-id", "903", "--dry-run", "--json"];
  const { plan } = JSON.parse((await site.lifeboat(command)).stdout);
  expect(plan.archive.volid).toMatch(/^backup:/u);
  expect(plan.warnings).toContainEqual(
    expect.stringMatching(/a newer backup, of .*, lies on storage local of pve-prod/u),
  );
});

test("the guest's node is down: in place is refused, a copy on another node works [D5, K3]", async () => {
  await site.fault("node-unreachable", { node: second });
  expect(await refused(["restore", "guest", "moved", "--force"])).toEqual([
    14,
    expect.stringMatching(/node pve-two is offline[\s\S]*--node pve-prod --target-id/u),
  ]);
  await site.clearFaults();
  await site.backUp(103, {}, second);
  await site.fault("node-unreachable", { node: second });
  const there = ["restore", "guest", "moved", "--node", node, "--force"];
  expect(await refused(there)).toEqual([
    13,
    expect.stringMatching(
      /pve-two, which is offline, still has moved \(103\)[\s\S]*mv \/etc\/pve\/nodes\/pve-two\/lxc\/103\.conf/u,
    ),
  ]);
  const done = await site.lifeboat([...there, "--target-id", "904"]);
  expect([done.code, (await site.client.guests.guestStatus(at(node, 904))).status]).toEqual([0, "running"]);
  expect(done.stderr).toContain("all (pve-two) was not searched");
});

test("the node is dead and the guest's disks lie on shared storage: the advice keeps them [D5, D16]", async () => {
  await site.backUp(106, {}, second);
  await site.fault("node-unreachable", { node: second });
  const move =
    /its disks are still there \(common:106\/vm-106-disk-0\.raw\)[\s\S]*mv \/etc\/pve\/nodes\/pve-two\/lxc\/106\.conf \/etc\/pve\/nodes\/pve-prod\/lxc\/ on pve-prod/u;
  expect(await refused(["restore", "guest", "shared", "--force"])).toEqual([14, expect.stringMatching(move)]);
  const there = await refused(["restore", "guest", "shared", "--node", node, "--force"]);
  expect(there).toEqual([13, expect.stringMatching(move)]);
  expect(there[1]).not.toContain("/root/");
  await site.fault("answer-595", { path: "GET /nodes/[^/]+/storage/common/content" });
  const blind = await refused(["restore", "guest", "shared", "--node", node, "--force"]);
  expect(blind).toEqual([
    13,
    expect.stringContaining("whether its disks outlive pve-two cannot be seen (storage common: "),
  ]);
  expect(blind[1]).not.toContain("/root/");
});

test("two of three nodes are dead: no quorum is refused with the reason before anything is sent, and works again with one back [H5, K3, K6]", async () => {
  for (const dead of [second, third]) await site.fault("node-unreachable", { node: dead });
  const reason =
    /the cluster site has no quorum: 1 of 3 nodes answer \(pve-prod\)[\s\S]*bring one of pve-two, pve-three up[\s\S]*switched off[\s\S]*pvecm expected 1/u;
  for (const words of [["web"], ["moved", "--node", node]]) {
    expect(await refused(["restore", "guest", ...words, "--force"])).toEqual([14, expect.stringMatching(reason)]);
  }
  await site.clearFaults();
  await site.fault("node-unreachable", { node: third });
  const command = ["restore", "guest", "web", "--target-id", "905", "--force"];
  expect(await site.lifeboat(command)).toMatchObject({ code: 0 });
});
