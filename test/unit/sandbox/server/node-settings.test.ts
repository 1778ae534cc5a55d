import { existsSync } from "node:fs";
import { TestServer, TOKENS } from "./support";

/** What a node is told of itself, its services, and replication jobs (PVE::API2::Nodes, NodeConfig, Services, Subscription, ReplicationConfig). */

const token = TOKENS.root;
let site: TestServer;

beforeEach(async () => {
  site = await TestServer.start();
});

afterEach(() => site.end());

async function call(method: string, path: string, body?: string, own = token) {
  const reply = await site.call(method, path, body === undefined ? { token: own } : { token: own, body });
  return { status: reply.status, reason: reply.reason, data: reply.body.data, errors: reply.body.errors };
}

async function get(path: string): Promise<unknown> {
  return (await call("GET", path)).data;
}

async function reason(method: string, path: string, body?: string): Promise<string> {
  return (await call(method, path, body)).reason;
}

async function task(path: string): Promise<string> {
  const upid = String((await call("POST", path, "")).data);
  return `${upid.split(":")[5] ?? ""} ${upid.split(":")[6] ?? ""} ${await site.node().tasks.wait(upid)}`;
}

test("a node's resolver is a file, of which other lines stay", async () => {
  expect(await get("/nodes/one/dns")).toEqual({});
  await call("PUT", "/nodes/one/dns", "search=example.org&dns1=192.0.2.53&dns2=192.0.2.53&dns3=2001:db8::53");
  expect(await get("/nodes/one/dns")).toEqual({ search: "example.org", dns1: "192.0.2.53", dns2: "2001:db8::53" });
  expect(await call("PUT", "/nodes/one/dns", "search=x&dns1=nonsense")).toMatchObject({
    status: 400,
    errors: { dns1: expect.any(String) },
  });
  expect(existsSync(site.node().path("/etc/resolv.conf"))).toBe(true);
});

test("hosts are written as they are, unless a line is none or somebody was faster", async () => {
  const data = "127.0.0.1 localhost\n# a remark\n192.0.2.11 one one.example.org\n";
  expect(await call("POST", "/nodes/one/hosts", new URLSearchParams({ data }).toString())).toMatchObject({
    status: 200,
  });
  const stored = await get("/nodes/one/hosts");
  expect(stored).toEqual({ data, digest: expect.stringMatching(/^[0-9a-f]{40}$/u) });
  const add = (text: string) => call("POST", "/nodes/one/hosts", new URLSearchParams({ data: text }).toString());
  expect(await add("nowhere one\n")).toMatchObject({ status: 400, errors: { data: "Invalid IP 'nowhere'" } });
  expect(await add("192.0.2.1 a_b\n")).toMatchObject({ errors: { data: "Invalid Hostname 'a_b'" } });
  const stale = new URLSearchParams({ data, digest: "0".repeat(40) }).toString();
  expect(await reason("POST", "/nodes/one/hosts", stale)).toContain("detected modified configuration");
});

test("a node's zone is one that there is", async () => {
  expect(await call("PUT", "/nodes/one/time", "timezone=Mars/Base")).toMatchObject({
    errors: { timezone: "No such timezone" },
  });
  await call("PUT", "/nodes/one/time", "timezone=Europe/Vienna");
  expect(await get("/nodes/one/time")).toMatchObject({ timezone: "Europe/Vienna" });
});

test("a node's own configuration comes back as its file has it", async () => {
  expect(await get("/nodes/one/config")).toEqual({});
  await call("PUT", "/nodes/one/config", "description=first&startall-onboot-delay=30&wakeonlan=BC:24:11:00:00:01");
  const stored = await get("/nodes/one/config");
  expect(stored).toMatchObject({
    description: "first\n",
    "startall-onboot-delay": "30",
    wakeonlan: "BC:24:11:00:00:01",
  });
  expect(await get("/nodes/one/config?property=acme")).toEqual({});
  expect(await get("/nodes/one/config?property=wakeonlan")).toEqual({ wakeonlan: "BC:24:11:00:00:01" });
  expect(await call("PUT", "/nodes/one/config", "wakeonlan=nonsense")).toMatchObject({ status: 400 });
  await call("PUT", "/nodes/one/config", "delete=wakeonlan,description");
  expect(await get("/nodes/one/config")).toMatchObject({ description: "" });
  expect(await reason("PUT", "/nodes/one/config", `description=x&digest=${"0".repeat(40)}`)).toContain(
    "detected modified",
  );
});

test("services start and stop by tasks; those that the interface needs do not stop, and what is not installed does not start", async () => {
  const path = "/nodes/one/services";
  expect(await get(path)).toContainEqual(
    expect.objectContaining({ service: "pvestatd", state: "running", "active-state": "active" }),
  );
  expect(await task(`${path}/pvestatd/stop`)).toBe("srvstop pvestatd OK");
  expect(await get(`${path}/pvestatd/state`)).toMatchObject({ state: "dead", "active-state": "inactive" });
  expect(await task(`${path}/pvestatd/reload`)).toContain("failed: exit code");
  expect(await task(`${path}/pvestatd/restart`)).toBe("srvrestart pvestatd OK");
  expect(await get(`${path}/pvestatd/state`)).toMatchObject({ state: "running" });
  expect(await task(`${path}/pveproxy/stop`)).toBe(
    "srvstop pveproxy invalid service cmd 'pveproxy stop': refusing to stop essential service!",
  );
  expect(await task(`${path}/syslog/start`)).toBe(
    "srvstart syslog command 'systemctl start syslog' failed: exit code 5",
  );
  expect(await call("GET", `${path}/nonsense/state`)).toMatchObject({ status: 400 });
});

test("there is no subscription, and its server's id is for who may look at the node", async () => {
  const told = {
    status: "notfound",
    message: "There is no subscription key",
    url: expect.stringContaining("https://"),
  };
  expect(await get("/nodes/one/subscription")).toEqual({ ...told, serverid: expect.stringMatching(/^[0-9A-F]{32}$/u) });
  expect((await call("GET", "/nodes/one/subscription", undefined, TOKENS.own)).data).toEqual(told);
});

test("a replication job is read, changed and refused as Proxmox does it", async () => {
  const path = "/cluster/replication";
  const add = (body: string) => reason("POST", path, `type=local&${body}`);
  expect(await add("id=999-0&target=two")).toBe("Guest '999' does not exist.");
  expect(await add("id=101-0&target=nowhere")).toBe("Target 'nowhere' does not exist.");
  expect(await add("id=101-0&target=two&source=two")).toBe(
    "Source 'two' does not match current node of guest '101' (one)",
  );
  expect(await add("id=101-0&target=one")).toBe("Source and target must not be identical");
  expect(await add("id=101-0&target=two&rate=10")).toBe("OK");
  expect(await add("id=101-0&target=two")).toBe("replication job '101-0' already exists");
  expect(await add("id=101-1&target=two")).toBe("replication job for guest '101' to target 'two' already exists");
  expect(await get(`${path}/101-0`)).toMatchObject({
    id: "101-0",
    guest: 101,
    jobnum: 0,
    source: "one",
    target: "two",
    rate: 10,
  });
  expect(await reason("PUT", `${path}/101-0`, "delete=target")).toBe("unable to delete required option 'target'");
  expect(await reason("PUT", `${path}/101-9`, "disable=1")).toBe("no such job '101-9'");
  await call("PUT", `${path}/101-0`, "disable=1&delete=rate");
  expect(await get(path)).toEqual([expect.objectContaining({ id: "101-0", disable: 1 })]);
  expect(await get("/nodes/one/replication")).toEqual([
    expect.objectContaining({ id: "101-0", vmtype: "lxc", last_sync: 0, fail_count: 0 }),
  ]);
  expect(await get("/nodes/two/replication")).toEqual([]);
  expect(await reason("GET", "/nodes/two/replication/101-0/status")).toBe("no such replication job '101-0'");
  expect(await reason("DELETE", `${path}/101-0?force=1&keep=1`)).toBe("400 Parameter verification failed.");
  expect(await reason("DELETE", `${path}/101-0`)).toBe("OK");
  expect(await reason("GET", `${path}/101-0`)).toBe("no such replication job '101-0'");
});

test("a schedule's next starts are told, in the node's zone", async () => {
  await call("PUT", "/nodes/one/time", "timezone=Europe/Vienna");
  const query = new URLSearchParams({ schedule: "mon 02:30", starttime: "1759500000", iterations: "2" });
  expect(await get(`/cluster/jobs/schedule-analyze?${query.toString()}`)).toEqual([
    { timestamp: 1_759_710_600, utc: "Mon Oct  6 00:30:00 2025" },
    { timestamp: 1_760_315_400, utc: "Mon Oct 13 00:30:00 2025" },
  ]);
  expect(await call("GET", "/cluster/jobs/schedule-analyze?schedule=25:61")).toMatchObject({ status: 400 });
});

test("a job whose old form of start time is none is written, and is no job from then on; nothing more is written over it", async () => {
  const path = "/cluster/backup";
  expect(await reason("POST", path, "id=good&schedule=02:30&vmid=101&storage=local")).toBe("OK");
  expect(await call("POST", path, "id=bad&starttime=25:61&vmid=101&storage=local")).toMatchObject({ status: 200 });
  expect(await get(path)).toEqual([expect.objectContaining({ id: "good" })]);
  expect(await call("GET", `${path}/bad`)).toMatchObject({ status: 400, errors: { id: "No such job 'bad'" } });
  expect(await reason("PUT", `${path}/good`, "comment=x")).toBe("unknown section type ''");
  expect(await reason("POST", path, "id=bad&starttime=02:30&dow=mon,tue&vmid=101&storage=local")).toBe("OK");
  expect(await get(`${path}/bad`)).toMatchObject({ schedule: "mon,tue 02:30" });
  expect(await reason("PUT", `${path}/good`, "comment=x")).toBe("OK");
  expect(await call("POST", path, "id=days&starttime=02:30&dow=someday&vmid=101")).toMatchObject({ status: 400 });
});
