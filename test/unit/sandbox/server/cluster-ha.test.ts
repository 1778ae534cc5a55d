import * as z from "zod";
import { parseFixture } from "../../../sandbox/model/fixture";
import { loadFixture } from "../../../sandbox/model/fixture-files";
import { controlHandler } from "../../../sandbox/server/control-handler";
import { TestServer, TOKENS, withNodes } from "./support";

/** What HA does about a dead node, and what root may do by hand: 102 is on shared storage, 103 on its node's own. */

const token = TOKENS.root;
let site: TestServer;
let control: ReturnType<typeof controlHandler>;

function guest(vmid: number, storage: string, folder: string) {
  const volid = `${storage}:${String(vmid)}/vm-${String(vmid)}-disk-0.raw`;
  const path = `${folder}/images/${String(vmid)}/vm-${String(vmid)}-disk-0.raw`;
  const config = `hostname: guest${String(vmid)}\nrootfs: ${volid},size=1G\n`;
  const volumes = [{ volid, format: "raw", path, size: 2 ** 30, folders: ["etc"] }];
  return { vmid, type: "lxc", node: "two", status: "running", config, volumes };
}

beforeEach(async () => {
  const names = ["one", "two", "three"];
  site = await TestServer.start(undefined, names);
  const base = withNodes(names);
  const common = { storage: "common", type: "dir", path: "/mnt/common", content: "rootdir,images", shared: 1 };
  const guests = [guest(102, "common", "/mnt/common"), guest(103, "local", "/var/lib/vz")];
  const fixture = { ...base, storage: [...base.storage, common], guests };
  await loadFixture(site.server.site, parseFixture(JSON.stringify(fixture)));
  control = controlHandler(site.server, () => undefined);
});

afterEach(() => site.end());

async function send(method: "POST" | "PUT", path: string, body: string): Promise<void> {
  const reply = await site.call(method, path, { token, body });
  if (reply.status !== 200) throw new Error(`${path}: ${reply.reason}`);
}

async function kill(...nodes: readonly string[]): Promise<void> {
  for (const node of nodes) await control({ command: "set-fault", name: "node-unreachable", settings: { node } });
  await rows();
}

/** Lets seconds pass, and looks. */
async function after(seconds: number) {
  await control({ command: "forward", seconds });
  return rows();
}

const row = z.looseObject({ vmid: z.number(), node: z.string(), status: z.string(), hastate: z.string().optional() });

async function rows() {
  const { body } = await site.call("GET", "/cluster/resources?type=vm", { token });
  const listed = z.array(row).parse(body.data);
  return Object.fromEntries(listed.map(({ vmid, node, status, hastate }) => [vmid, { node, status, hastate }]));
}

async function services() {
  const { body } = await site.call("GET", "/cluster/ha/status/current", { token });
  const found = z.array(z.looseObject({ id: z.string(), status: z.string() })).parse(body.data);
  return Object.fromEntries(found.map(({ id, status }) => [id, status]));
}

test("a dead node is fenced after a minute, and after two its guest runs on another with its disks; one without HA stays where it is [H5]", async () => {
  await send("POST", "/cluster/ha/resources", "sid=ct:102");
  expect((await rows())[102]).toEqual({ node: "two", status: "running", hastate: "started" });
  await kill("two");
  expect((await after(30))[102]).toEqual({ node: "two", status: "unknown", hastate: "started" });
  expect((await after(40))[102]).toMatchObject({ node: "two", hastate: "fence" });
  expect(await services()).toMatchObject({
    quorum: "OK",
    "lrm:two": expect.stringMatching(
      /^two \(old timestamp - dead\?, watchdog standby, \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\)$/u,
    ),
    "service:ct:102": "ct:102 (two, fence)",
  });
  const later = await after(60);
  expect(later[102]).toEqual({ node: "one", status: "running", hastate: "started" });
  expect(later[103]).toEqual({ node: "two", status: "unknown", hastate: undefined });
});

test("a guest whose disk died with its node ends in error elsewhere; only disabling it ends that [H5]", async () => {
  await send("POST", "/cluster/ha/resources", "sid=ct:103");
  await kill("two");
  await after(1);
  expect((await after(130))[103]).toEqual({ node: "three", status: "stopped", hastate: "error" });
  expect((await after(600))[103]).toMatchObject({ hastate: "error" });
  await send("PUT", "/cluster/ha/resources/ct:103", "state=disabled");
  expect((await rows())[103]).toMatchObject({ hastate: "stopped" });
});

test("a strict rule keeps a guest from other nodes, and without quorum nothing is done [H5, K6]", async () => {
  await send("POST", "/cluster/ha/resources", "sid=ct:102&state=stopped");
  await send("POST", "/cluster/ha/rules", "rule=near&type=node-affinity&resources=ct:102&nodes=two:2&strict=1");
  await kill("two");
  expect((await after(130))[102]).toMatchObject({ node: "two", hastate: "recovery" });
  await send("PUT", "/cluster/ha/rules/near", "type=node-affinity&nodes=two:2,three");
  expect((await rows())[102]).toEqual({ node: "three", status: "stopped", hastate: "stopped" });
  await control({ command: "clear-fault" });
  await kill("two", "three");
  expect((await after(600))[102]).toMatchObject({ node: "three", hastate: "stopped" });
});

test("groups are rules in version 9: who asks for them is told [H5]", async () => {
  const message = expect.stringContaining("ha groups have been migrated to rules");
  const list = await site.call("GET", "/cluster/ha/groups", { token });
  const add = await site.call("POST", "/cluster/ha/resources", { token, body: "sid=ct:102&group=prefer" });
  for (const { status, reason } of [list, add]) expect({ status, reason }).toEqual({ status: 500, reason: message });
});

test("root moves a configuration: the guest is another node's, or nobody's; its disks stay, and a number is never two guests' [H5]", async () => {
  await kill("two");
  const [from, away] = ["/etc/pve/nodes/two/lxc", "/root/103.conf"];
  const move = (source: string, to: string) => control({ command: "move", node: "one", from: source, to });
  await move(`${from}/102.conf`, "/etc/pve/nodes/one/lxc/");
  expect((await rows())[102]).toMatchObject({ node: "one", status: "stopped" });
  await send("POST", "/nodes/one/lxc/102/status/start", "");
  await move(`${from}/103.conf`, away);
  expect(await rows()).toEqual({ 102: expect.anything() });
  await control({ command: "clear-fault" });
  const volumes = await site.call("GET", "/nodes/two/storage/local/content?vmid=103", { token, node: "two" });
  expect(volumes.body.data).toEqual([expect.objectContaining({ volid: "local:103/vm-103-disk-0.raw" })]);
  await move(away, `${from}/103.conf`);
  expect((await rows())[103]).toMatchObject({ node: "two", status: "stopped" });
  await expect(move(`${from}/102.conf`, "/root/")).rejects.toThrow("No such file or directory");
  await kill("two", "three");
  await expect(move("/etc/pve/nodes/one/lxc/102.conf", "/root/")).rejects.toThrow("Permission denied");
});
