import * as z from "zod";
import { parseFixture } from "../../../sandbox/model/fixture";
import { loadFixture } from "../../../sandbox/model/fixture-files";
import { TestServer, TOKENS, withNodes } from "./support";

/** What is asked of a guest that HA manages is asked of HA (PVE::API2::LXC::Status, PVE::API2::Qemu); 101 is a container, 201 a machine. */

const token = TOKENS.root;
let site: TestServer;

beforeEach(async () => {
  site = await TestServer.start();
  const volumes = [
    {
      volid: "local:101/vm-101-disk-0.raw",
      format: "raw",
      path: "/var/lib/vz/images/101/vm-101-disk-0.raw",
      size: 2 ** 30,
      folders: [],
    },
  ];
  const guests = [
    {
      vmid: 101,
      type: "lxc",
      node: "one",
      config: "hostname: web\nrootfs: local:101/vm-101-disk-0.raw,size=1G\n",
      volumes,
    },
    { vmid: 201, type: "qemu", node: "one", config: "name: box\nmemory: 512\n", volumes: [] },
  ];
  await loadFixture(site.server.site, parseFixture(JSON.stringify({ ...withNodes(["one", "two"]), guests })));
});

afterEach(() => site.end());

async function call(method: string, path: string, body?: string) {
  const reply = await site.call(method, path, body === undefined ? { token } : { token, body });
  return { status: reply.status, reason: reply.reason, data: reply.body.data, errors: reply.body.errors };
}

async function get(path: string): Promise<unknown> {
  return (await call("GET", path)).data;
}

/** Sends a request that starts a task, and waits for its end. */
async function task(path: string, body = "") {
  const { status, reason, data } = await call("POST", path, body);
  if (status !== 200) throw new Error(reason);
  const upid = z.string().parse(data);
  const { tasks } = site.node();
  const exitstatus = await tasks.wait(upid);
  return { type: upid.split(":")[5], id: upid.split(":")[6], exitstatus, log: tasks.log(upid) };
}

const listed = z.array(
  z.looseObject({ type: z.string(), id: z.string(), user: z.string(), status: z.string().optional() }),
);

/** Tasks of the node's own manager, oldest first, when HA has nothing more to do. */
async function done(): Promise<string[]> {
  for (;;) {
    const rows = listed.parse(await get("/nodes/one/tasks?source=all"));
    const ours = rows.filter(({ type }) => /^(?:vz|qm)(?:start|stop|shutdown)$/u.test(type));
    if (ours.every(({ status }) => status !== "RUNNING")) {
      const after = listed.parse(await get("/nodes/one/tasks?source=all"));
      if (after.length === rows.length) return ours.map(({ type, status }) => `${type} ${status ?? ""}`).reverse();
    }
  }
}

const resource = z.looseObject({ sid: z.string(), state: z.string().optional() });

async function wanted(sid: string): Promise<string | undefined> {
  return resource.parse(await get(`/cluster/ha/resources/${sid}`)).state;
}

async function status(kind: string, vmid: number): Promise<unknown> {
  const found = await get(`/nodes/one/${kind}/${String(vmid)}/status/current`);
  return z.looseObject({ status: z.string() }).parse(found).status;
}

test.each([
  ["lxc", 101, "ct:101", "CT 101", "vz"],
  ["qemu", 201, "vm:201", "VM 201", "qm"],
] as const)(
  "a start or stop of a managed guest is a request to HA, whose node does it by a task of root: %s",
  async (kind, vmid, sid, title, prefix) => {
    await call("POST", "/cluster/ha/resources", `sid=${sid}&state=stopped`);
    const path = `/nodes/one/${kind}/${String(vmid)}/status`;
    expect(await task(`${path}/start`)).toEqual({
      type: "hastart",
      id: String(vmid),
      exitstatus: "OK",
      log: [`Requesting HA start for ${title}`, "TASK OK"],
    });
    expect(await done()).toEqual([`${prefix}start OK`]);
    expect([await status(kind, vmid), await wanted(sid)]).toEqual(["running", "started"]);
    expect(await task(`${path}/shutdown`, "timeout=7")).toMatchObject({
      type: "hastop",
      log: [`Requesting HA stop for ${title}`, "TASK OK"],
    });
    expect(await done()).toEqual([`${prefix}start OK`, `${prefix}shutdown OK`]);
    expect([await status(kind, vmid), await wanted(sid)]).toEqual(["stopped", "stopped"]);
    await task(`${path}/start`);
    await done();
    const overruled = await call("POST", `${path}/stop`, "overrule-shutdown=1");
    expect(overruled).toMatchObject({
      status: 400,
      errors: { "overrule-shutdown": "Not applicable for HA resources." },
    });
    expect(await task(`${path}/stop`)).toMatchObject({ type: "hastop" });
    expect((await done()).at(-1)).toBe(`${prefix}stop OK`);
  },
);

test("a service that HA ignores is none: its guest is started directly", async () => {
  await call("POST", "/cluster/ha/resources", "sid=ct:101&state=ignored");
  expect(await task("/nodes/one/lxc/101/status/start")).toMatchObject({ type: "vzstart" });
  expect(await get("/nodes/one/lxc/101/status/current")).toMatchObject({ ha: { managed: 0 } });
});

test("what a resource is to be is done: a state that is set starts and stops, and a start that fails again ends in error", async () => {
  await call("POST", "/cluster/ha/resources", "sid=101");
  expect(await done()).toEqual(["vzstart OK"]);
  await call("PUT", "/cluster/ha/resources/ct:101", "state=disabled");
  expect(await done()).toEqual(["vzstart OK", "vzshutdown OK"]);
  await call("PUT", "/nodes/one/lxc/101/config", "description=locked&lock=disk");
  await call("PUT", "/cluster/ha/resources/ct:101", "state=started");
  const failed = "vzstart CT is locked (disk)";
  expect((await done()).slice(2)).toEqual([failed, failed]);
  const rows = await get("/cluster/ha/status/current");
  expect(rows).toContainEqual(expect.objectContaining({ id: "service:ct:101", state: "error", crm_state: "error" }));
  const text = "service 'ct:101' in error state, must be disabled and fixed first";
  expect(await call("PUT", "/cluster/ha/resources/ct:101", "comment=x")).toMatchObject({ status: 500, reason: text });
  expect(await task("/nodes/one/lxc/101/status/start")).toMatchObject({
    exitstatus: "command 'ha-manager set ct:101 --state started' failed: exit code 255",
    log: ["Requesting HA start for CT 101", text, expect.any(String)],
  });
  expect(await call("PUT", "/cluster/ha/resources/ct:101", "state=disabled")).toMatchObject({ status: 200 });
});

test("a guest that is made with ha-managed is a resource from then on; one that HA is to keep running is not stopped for its backup", async () => {
  const made = await task("/nodes/one/qemu", "vmid=202&memory=512&ha-managed=1");
  expect(made).toMatchObject({
    type: "qmcreate",
    exitstatus: "OK",
    log: expect.arrayContaining(["Add as HA resource"]),
  });
  expect(await wanted("vm:202")).toBe("stopped");
  await call("PUT", "/cluster/ha/resources/vm:202", "state=started");
  await done();
  const run = await task("/nodes/one/vzdump", "vmid=202&mode=stop&storage=local");
  expect(run.log).toContainEqual(
    expect.stringContaining("Cannot execute a backup with stop mode on a HA managed and enabled Service."),
  );
  expect(run.exitstatus).toBe("job errors");
});

test("a purge takes a guest out of HA and its rules, and says so", async () => {
  await call("POST", "/cluster/ha/resources", "sid=vm:201&state=stopped");
  await call("POST", "/cluster/ha/rules", "rule=near&type=node-affinity&resources=vm:201&nodes=one");
  const removal = await call("DELETE", "/nodes/one/qemu/201?purge=1");
  const { tasks } = site.node();
  const upid = z.string().parse(removal.data);
  expect(await tasks.wait(upid)).toBe("OK");
  expect(tasks.log(upid)).toContain("NOTE: removed VM 201 from HA resource configuration.");
  expect([await get("/cluster/ha/resources"), await get("/cluster/ha/rules")]).toEqual([[], []]);
});

test("resources are refused as Proxmox refuses them", async () => {
  const reason = async (method: string, path: string, body?: string): Promise<string> =>
    (await call(method, path, body)).reason;
  const path = "/cluster/ha/resources";
  expect(await reason("POST", path, "sid=999")).toBe("unable to detect SID from VMID - VM/CT 999 does not exist");
  expect(await reason("POST", path, "sid=vm:201&type=ct")).toBe("types does not match");
  expect(await reason("POST", path, "sid=foo:201")).toBe("unknown section type 'foo'");
  expect(await reason("POST", path, "sid=vm:x")).toBe("invalid VMID");
  expect(await reason("POST", path, "sid=vm:101")).toBe("resource 'vm:101' - guest with ID 101 is not a VM");
  await call("POST", path, "sid=201&state=stopped");
  expect(await reason("POST", path, "sid=vm:201")).toBe("create resource failed: resource ID 'vm:201' already defined");
  expect(await reason("PUT", `${path}/201`, "delete=nonsense")).toBe(
    "update resources config failed: no such option 'nonsense'",
  );
  expect(await reason("GET", `${path}/101`)).toBe("no such resource 'ct:101'");
});

test("rules are refused as Proxmox refuses them, and one that contradicts another is told in full", async () => {
  for (const sid of ["ct:101", "vm:201"]) await call("POST", "/cluster/ha/resources", `sid=${sid}&state=stopped`);
  const path = "/cluster/ha/rules";
  const add = async (body: string): Promise<string> => (await call("POST", path, body)).reason;
  expect(await add("rule=near&type=node-affinity&resources=ct:101")).toBe("missing value for required option 'nodes'");
  expect(await add("rule=near&type=node-affinity&resources=ct:101&nodes=one&affinity=positive")).toBe(
    "unexpected property 'affinity'",
  );
  expect(await add("rule=near&type=node-affinity&resources=ct:999&nodes=one")).toBe(
    "create ha rule failed: cannot use unmanaged resource(s) ct:999.",
  );
  expect(await add("rule=near&type=node-affinity&resources=ct:101&nodes=nowhere")).toBe(
    "create ha rule failed: cannot use non-existent node(s) nowhere.",
  );
  expect(await add("rule=near&type=node-affinity&resources=vm:201,ct:101&nodes=two:0,one:2")).toBe("OK");
  expect(await get(`${path}/near`)).toMatchObject({ resources: "ct:101,vm:201", nodes: "one:2,two", order: 1 });
  expect(await add("rule=near&type=node-affinity&resources=ct:101&nodes=one")).toBe(
    "create ha rule failed: HA rule 'near' already defined",
  );
  const again = await site.call("POST", path, {
    token,
    body: "rule=again&type=node-affinity&resources=ct:101&nodes=one",
  });
  expect([again.status, again.body.message]).toEqual([
    500,
    "create ha rule failed: 400 Rule 'again' is invalid.\nresources: resource 'ct:101' is already used in another node affinity rule\n",
  ]);
  expect(await add("rule=alone&type=resource-affinity&resources=ct:101&affinity=negative")).toBe(
    "create ha rule failed: 400 Rule 'alone' is invalid.",
  );
  const put = async (body: string): Promise<string> => (await call("PUT", `${path}/near`, body)).reason;
  expect(await put("type=resource-affinity&affinity=positive")).toBe(
    "update HA rules failed: unexpected property 'type'",
  );
  expect(await put("type=node-affinity&delete=nodes")).toBe(
    "update HA rules failed: unable to delete required option 'nodes'",
  );
  expect((await call("PUT", `${path}/none`, "type=node-affinity")).reason).toBe(
    "update HA rules failed: HA rule 'none' does not exist",
  );
  expect(await call("DELETE", `${path}/none`)).toMatchObject({ status: 200 });
  for (const method of ["PUT", "DELETE"]) {
    const { reason } = await call(method, "/cluster/ha/groups/prefer", method === "PUT" ? "" : undefined);
    expect(reason).toMatch(/^cannot (?:update|delete) group: ha groups have been migrated to rules$/u);
  }
});
