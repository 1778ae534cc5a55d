import { timeSchema } from "../../sandbox/server/control";
import type { StartCluster } from "../../sandbox/setup/start-state";
import { RestoreSite, node } from "./restore-site";

/** A node of a cluster dies. Two others are left; the backups lie where all of them reach. */
const [second, third] = ["pve-two", "pve-three"];
let site: RestoreSite;

beforeEach(async () => {
  site = await RestoreSite.start([{ id: 101, name: "web", node: second }], {
    further: [second, third],
    adjust: (cluster): StartCluster => ({
      ...cluster,
      storage: cluster.storage.map((entry) => (entry["storage"] === "backup" ? { ...entry, shared: "1" } : entry)),
    }),
  });
  await site.backUp(101, {}, second);
});

afterEach(() => site.stop());

/** The other nodes have no storage `data`. */
const there = ["restore", "guest", "web", "--node", node, "--storage", "local", "--force"];

/** Runs a command that must be refused, and proves that it asked for no change. */
async function refused(words: readonly string[]): Promise<readonly [number | null, string]> {
  const before = site.requests().length;
  const { code, stderr } = await site.lifeboat(words);
  const sent = site.requests().slice(before);
  expect(sent.filter(({ method }) => method !== "GET")).toEqual([]);
  return [code, stderr.slice(Math.max(0, stderr.indexOf("Unable to")))];
}

/** So many seconds later, by the site's clock: no job becomes due meanwhile. */
async function later(seconds: number): Promise<void> {
  const { time } = timeSchema.parse(await site.control({ command: "time" }));
  await site.control({ command: "clock", offset: Math.round(time - Date.now() / 1000) + seconds });
}

async function underHa(): Promise<void> {
  const root = site.rootClient();
  await root.post(["cluster", "ha", "resources"], { sid: "ct:101" });
  await root.close();
}

const moveAway = () =>
  site.control({ command: "move", node, from: `/etc/pve/nodes/${second}/lxc/101.conf`, to: "/root/" });

test("HA is at work on a guest of a dead node: it is not restored meanwhile, and what is waited for is said [H5, K6]", async () => {
  await underHa();
  await site.fault("node-unreachable", { node: second });
  await site.lifeboat(["status"]);
  await later(70);
  const waits =
    /HA is at work on the guest \(101\): its state is fence, and pve-two is offline[\s\S]*HINT: wait until it is 'started'/u;
  expect(await refused(there)).toEqual([11, expect.stringMatching(waits)]);
  expect(await refused(["restore", "guest", "web", "--force"])).toEqual([11, expect.stringMatching(waits)]);
  expect(await site.lifeboat([...there, "--target-id", "901", "--reuse-id=901"])).toMatchObject({ code: 0 });
});

test("HA has given up a guest whose disks died with the node: the way out is said, and leads to the guest [H5, D16]", async () => {
  await underHa();
  await site.fault("node-unreachable", { node: second });
  await site.lifeboat(["status"]);
  await later(130);
  const [code, text] = await refused(["restore", "guest", "web", "--force"]);
  expect([code, text]).toEqual([
    13,
    expect.stringMatching(
      /HA has given web \(101\) up \(error\): it would not start on pve-three[\s\S]*ha-manager set ct:101 --state disabled, as root on pve-prod\.[\s\S]*mv \/etc\/pve\/nodes\/pve-three\/lxc\/101\.conf \/root\//u,
    ),
  ]);
  const root = site.rootClient();
  await root.put(["cluster", "ha", "resources", "ct:101"], { state: "disabled" });
  await root.close();
  await site.control({ command: "move", node, from: `/etc/pve/nodes/${third}/lxc/101.conf`, to: "/root/" });
  expect(
    await site.lifeboat(["restore", "guest", "web", "--node", third, "--storage", "local", "--force"]),
  ).toMatchObject({ code: 0 });
  expect((await site.client.guests.guestStatus({ node: third, type: "lxc", vmid: 101 })).status).toBe("running");
});

test("HA keeps a guest for a node that was shut down in good order: it is not restored, and the way out is said [H5]", async () => {
  await underHa();
  await site.fault("ha-holds", { vmid: "101", state: "freeze" });
  await site.fault("node-unreachable", { node: second });
  expect(await refused(there)).toEqual([
    11,
    expect.stringMatching(/for pve-two, which was shut down in good order[\s\S]*HINT: start pve-two, and HA goes on/u),
  ]);
});

test("a dead node's guest comes back on another once its configuration is out of the way, under its own number [H5, D5]", async () => {
  await site.fault("node-unreachable", { node: second });
  expect(await refused(there)).toEqual([13, expect.stringContaining("mv /etc/pve/nodes/pve-two/lxc/101.conf /root/")]);
  await moveAway();
  expect(await site.lifeboat(there)).toMatchObject({ code: 0 });
  expect(await site.running(101)).toBe(true);
});

test("the dead node is back before the restore: its disks are newer, its guest may run there still, and nothing is started twice [H5, D16]", async () => {
  await site.fault("node-unreachable", { node: second });
  await moveAway();
  await site.clearFaults();
  const [code, text] = await refused(there);
  expect(code).toBe(13);
  expect(text).toMatch(
    /pve-two is there, and has disks of web \(101\): local:101\/vm-101-disk-0\.raw, data:101\/vm-101-disk-0\.raw\.[\s\S]*it would be started twice/u,
  );
  expect(text).toMatch(
    /mv \/root\/101\.conf \/etc\/pve\/nodes\/pve-two\/lxc\/[\s\S]*pvesm free local:101\/vm-101-disk-0\.raw/u,
  );
  await site.control({ command: "move", node, from: "/root/101.conf", to: `/etc/pve/nodes/${second}/lxc/` });
  expect((await site.client.guests.guestStatus({ node: second, type: "lxc", vmid: 101 })).status).toBe("stopped");
});

test("copies that replication has made on another node are no old disks: the restore goes on [H5]", async () => {
  const home = `/etc/pve/nodes/${node}/lxc/`;
  await site.control({ command: "move", node, from: `/etc/pve/nodes/${second}/lxc/101.conf`, to: home });
  const root = site.rootClient();
  await root.post(["cluster", "replication"], { id: "101-0", type: "local", target: second });
  await root.close();
  await site.control({ command: "move", node, from: `${home}101.conf`, to: "/root/" });
  expect(await site.lifeboat(there)).toMatchObject({ code: 0 });
});
