import { TestServer, TOKENS } from "./support";
import * as z from "zod";

/** What a dead node means to the others of its cluster: three nodes, one API. */

const names = ["one", "two", "three"];
let site: TestServer;

beforeEach(async () => (site = await TestServer.start(undefined, names)));
afterEach(() => site.stop());

const rows = z.array(z.looseObject({ id: z.string(), status: z.string().optional(), name: z.string().optional() }));

async function kill(...dead: readonly string[]): Promise<void> {
  for (const node of dead) site.server.site.faults.set("node-unreachable", { node });
  await site.server.applyFaults();
}

async function statusOf(id: string) {
  const { body } = await site.call("GET", "/cluster/resources", { token: TOKENS.root });
  return rows.parse(body.data).find((row) => row.id === id);
}

async function quorate() {
  const { body } = await site.call("GET", "/cluster/status", { token: TOKENS.root });
  const [cluster] = z.array(z.looseObject({ type: z.string(), quorate: z.number().optional() })).parse(body.data);
  return cluster?.quorate;
}

const pool = { token: TOKENS.root, body: "poolid=made" };

test("one of three nodes is dead: its guests and storages are unknown, the others hold the quorum and write [H5]", async () => {
  expect(await statusOf("lxc/102")).toMatchObject({ status: "stopped", name: "db" });
  await kill("two");
  expect(await statusOf("node/two")).toMatchObject({ status: "offline" });
  expect(await statusOf("lxc/102")).toEqual({ id: "lxc/102", type: "lxc", vmid: 102, node: "two", status: "unknown" });
  expect(await statusOf("storage/two/local")).toMatchObject({ status: "unknown" });
  expect(await statusOf("lxc/101")).toMatchObject({ status: "stopped", name: "web" });
  expect(await quorate()).toBe(1);
  expect(await site.call("POST", "/pools", pool)).toMatchObject({ status: 200 });
  expect(await site.call("GET", "/nodes/two/lxc/102/config", { token: TOKENS.root })).toMatchObject({ status: 595 });
});

test("two of three are dead: the one that is left shows everything, and writes and starts nothing; back again it does [H5, K6]", async () => {
  await kill("two", "three");
  expect(await quorate()).toBe(0);
  expect(await site.call("GET", "/nodes/one/lxc/101/config", { token: TOKENS.root })).toMatchObject({ status: 200 });
  for (const [path, body] of [
    ["/pools", "poolid=made"],
    ["/nodes/one/lxc/101/status/start", ""],
  ] as const) {
    const refused = await site.call("POST", path, { token: TOKENS.root, body });
    expect(refused).toMatchObject({ status: 500, reason: "cluster not ready - no quorum?" });
  }
  expect(await site.call("GET", "/pools/made", { token: TOKENS.root })).not.toMatchObject({ status: 200 });
  site.server.site.faults.clear("node-unreachable");
  await site.server.applyFaults();
  expect(await site.call("POST", "/pools", pool)).toMatchObject({ status: 200 });
});
