import { operator, TestSite } from "../support";

/** What Proxmox says of containers that are not there, are asked the wrong thing, or get values that it looks at itself. */
let test: TestSite;

beforeEach(async () => {
  test = await TestSite.open();
});

afterEach(() => test.close());

const LXC = "/nodes/pve/lxc";

/** Parameters, and what they are refused with: the message of a 500. */
async function refusals(
  method: "POST" | "PUT",
  path: string,
  cases: readonly (readonly [parameters: Record<string, string | number>, message: string])[],
): Promise<void> {
  for (const [parameters, message] of cases) {
    expect(await test.refusal(method, `${LXC}/${path}`, parameters)).toEqual({
      status: 500,
      message,
      errors: undefined,
    });
  }
}

describe("a container that is not there", () => {
  it("does not run: what needs a process says so, a start fails in its task, and its interfaces are none", async () => {
    await refusals("POST", "999/status/stop", [[{}, "CT 999 not running"]]);
    await refusals("POST", "999/status/shutdown", [[{}, "CT 999 not running"]]);
    await refusals("POST", "999/status/reboot", [[{}, "VM 999 not running"]]);
    const { status } = await test.task("POST", `${LXC}/999/status/start`);
    expect(status).toBe("Configuration file 'nodes/pve/lxc/999.conf' does not exist");
    expect(await test.call("GET", `${LXC}/999/interfaces`)).toBeNull();
  });

  it("is missing for everything that reads its configuration", async () => {
    const missing = "Configuration file 'nodes/pve/lxc/999.conf' does not exist";
    for (const path of ["status", "status/current", "config", "pending"]) {
      expect((await test.refusal("GET", `${LXC}/999/${path}`)).message).toBe(missing);
    }
    // The source is asked for before the number of the clone.
    await test.create(110);
    await refusals("POST", "999/clone", [[{ newid: 110 }, missing]]);
    await refusals("POST", "999/move_volume", [[{ volume: "mp0", "target-vmid": 110 }, "could not find CT 999"]]);
  });
});

describe("a container's options", () => {
  beforeEach(() => test.create(110));

  it("are looked at where they name something: a script, a device, a bridge, a key", async () => {
    test.node.state.interfaces = "auto vmbr0\niface vmbr0 inet manual\n\tbridge-ports none\n";
    await refusals("PUT", "110/config", [
      [{ hookscript: "local:snippets/none.sh" }, "script 'local:snippets/none.sh' does not exist"],
      [{ hookscript: "local:iso/x.iso" }, "'local:iso/x.iso' is not in the snippets directory"],
      [{ dev0: "/dev/lifeboat-none" }, "Device /dev/lifeboat-none does not exist"],
      [{ net0: "name=eth0,bridge=vmbr0,mtu=9000" }, "net0: MTU size '9000' is bigger than bridge MTU '1500'"],
      [{ net0: "name=eth0,bridge=vmbr7,mtu=1400" }, "bridge 'vmbr7' does not exist"],
    ]);
    await test.call("PUT", `${LXC}/110/config`, { net0: "name=eth0,bridge=vmbr0,mtu=1400" });
    const create = { vmid: 111, ostemplate: test.template, "ssh-public-keys": "ssh-ed25519 AAAA you" };
    expect((await test.refusal("POST", LXC, create)).message).toBe("SSH public key validation error");
  });

  it("have no more shares than cgroup v2 knows, and no least number of them", async () => {
    await test.call("PUT", `${LXC}/110/config`, { cpuunits: 200_000 });
    expect(await test.config(110)).toMatchObject({ cpuunits: 10_000 });
    await test.create(111, { cpuunits: 0 });
    expect(await test.config(111)).toMatchObject({ cpuunits: 0 });
  });

  it("are those of a snapshot or those of now, not both", async () => {
    const both = "cannot use 'snapshot' parameter with 'current'";
    expect(await test.refusal("GET", `${LXC}/110/config`, { snapshot: "one", current: 1 })).toEqual({
      status: 400,
      message: "Parameter verification failed.",
      errors: { snapshot: both, current: both },
    });
  });

  it("have tags by the right on the guest itself: that of its pool does not count", async () => {
    test.node.cluster.state.access.pools.push({ poolid: "team", vmids: [], storages: [] });
    test.grant("operator@pve", "/pool/team", "VM.Allocate", "VM.Config.Options", "VM.Config.Disk", "VM.Config.Network");
    test.grant("operator@pve", "/storage", "Datastore.AllocateSpace", "Datastore.Audit");
    const create = { vmid: 111, ostemplate: test.template, rootfs: "local:1", pool: "team" };
    expect((await test.refusal("POST", LXC, { ...create, tags: "a" }, operator)).message).toBe(
      "Permission check failed (/vms/111, VM.Config.Options)",
    );
    expect((await test.task("POST", LXC, { ...create, onboot: 1 }, operator)).status).toBe("OK");
  });
});

describe("copies of a container", () => {
  beforeEach(() => test.create(110, { mp0: "local:1,mp=/srv/data" }));

  it("need a node that there is, a storage that both have, and a container that stands still", async () => {
    await refusals("POST", "110/clone", [
      [{ newid: 111, target: "other" }, "no such cluster node 'other'"],
      [{ newid: 111, storage: "none" }, "storage 'none' does not exist"],
    ]);
    await test.task("POST", `${LXC}/110/status/start`);
    await refusals("POST", "110/clone", [
      [{ newid: 111 }, "Full clone of a running container is only possible from a snapshot"],
    ]);
    expect(await test.config(110)).not.toHaveProperty("lock");
    expect((await test.refusal("GET", `${LXC}/111/config`)).status).toBe(500);
  });

  it("are told from their first line on, while the source is locked", async () => {
    const { log } = await test.task("POST", `${LXC}/110/clone`, { newid: 111 });
    expect(log[0]).toBe("creating a clone of container 110 with ID 111");
    await test.call("PUT", `${LXC}/110/config`, { description: "x" });
  });

  it("go to a storage or to another container, not both; a path of the node goes nowhere", async () => {
    await test.create(111);
    await test.call("PUT", `${LXC}/110/config`, { mp1: "/srv,mp=/y" });
    await refusals("POST", "110/move_volume", [
      [{ volume: "mp0", storage: "data", "target-vmid": 111 }, "either set storage or target-vmid, but not both"],
      [{ volume: "mp1", "target-vmid": 111 }, "Storage does not support moving of this disk to another container"],
    ]);
  });
});
