import { TestServer, TOKENS } from "./support";

describe("privileges of the emulator", () => {
  let site: TestServer;
  beforeAll(async () => {
    site = await TestServer.start();
  });
  afterAll(() => site.end());

  test("rights on a pool count for its guests, and no further", async () => {
    const visible = await site.call("GET", "/cluster/resources?type=vm", { token: TOKENS.own });
    expect(visible.body.data).toMatchObject([{ id: "lxc/101", name: "web" }, { id: "lxc/102" }]);
    const permissions = await site.call("GET", "/access/permissions?path=/vms/101", { token: TOKENS.own });
    expect(permissions.body.data).toMatchObject({ "/vms/101": { "VM.Backup": 0, "VM.Allocate": 0 } });
    const other = await site.call("GET", "/access/permissions?path=/vms/103", { token: TOKENS.own });
    expect(other.body.data).toEqual({ "/vms/103": {} });
  });

  test("a separated token holds what both it and its user hold", async () => {
    const permissions = await site.call("GET", "/access/permissions", { token: TOKENS.less });
    expect(permissions.body.data).toEqual({ "/vms/102": { "VM.Audit": 1, "VM.GuestAgent.Audit": 1 } });
    const visible = await site.call("GET", "/cluster/resources?type=vm", { token: TOKENS.less });
    expect(visible.body.data).toMatchObject([{ id: "lxc/102" }]);
  });

  test("a group's role holds below its path; NoAccess on the user's own path beats it", async () => {
    const authority = site.node().cluster.authority({ userid: "auditor@pve", tokenid: undefined, name: "auditor@pve" });
    expect(authority.has("/storage/local", "Datastore.Audit")).toBe(true);
    expect(authority.has("/vms/101", "VM.Audit")).toBe(false);
  });

  test("refusals name path and privilege, alternatives joined by a bar", async () => {
    const jobs = await site.call("GET", "/cluster/backup", { token: TOKENS.own });
    expect(jobs).toMatchObject({ status: 403, reason: "Permission check failed (/, Sys.Audit)" });
    const status = await site.call("GET", "/nodes/one/storage/local/status", { token: TOKENS.own });
    expect(status.reason).toBe("Permission check failed (/storage/local, Datastore.Audit|Datastore.AllocateSpace)");
  });

  test("a token may not sign in for a ticket", async () => {
    const body = "username=root@pam&password=x";
    const reply = await site.call("POST", "/access/ticket", { token: TOKENS.root, body });
    expect(reply.status).toBe(403);
    expect(reply.body.message).toMatch(/not available with API token, need proper ticket/);
  });

  test("nobody hands out more than he holds", async () => {
    const body = "path=/vms/101&users=operator@pve&roles=Administrator";
    const reply = await site.call("PUT", "/access/acl", { token: TOKENS.own, body });
    expect(reply.status).toBe(500);
    expect(reply.body.message).toContain("requires 'Permissions.Modify'");
    expect(site.node().cluster.state.access.acl.some((entry) => entry.roleid === "Administrator")).toBe(false);
  });

  test("a change of pools that fails half-way changes nothing", async () => {
    const body = "poolid=prod&vms=102,101";
    const reply = await site.call("PUT", "/pools", { token: TOKENS.root, body });
    expect(reply).toMatchObject({ status: 500, reason: "update pools failed: VM 101 is already a pool member" });
    expect(site.node().cluster.state.access.pools[0]?.vmids).toEqual([101]);
  });
});
