import { operator, operatorToken, TestSite } from "./support";

let test: TestSite;

beforeEach(async () => {
  test = await TestSite.open();
});

afterEach(() => test.close());

describe("a new container", () => {
  it("has its volumes numbered per storage, and a configuration in Proxmox's order", async () => {
    const { status } = await test.create(110, {
      rootfs: "volume=local:1",
      mp0: "backup=1,mp=/srv/data,volume=local:1",
      mp1: "mp=/srv/cache,volume=data:2",
      net0: "bridge=vmbr0,host-managed=0,ip=192.0.2.110/24,gw=192.0.2.1,name=eth0",
      description: "first\nsecond",
      tags: "web;Lifeboat",
      cpulimit: "0",
    });
    expect(status).toBe("OK");
    expect(await test.config(110)).toMatchObject({
      rootfs: "local:110/vm-110-disk-0.raw,size=1G",
      mp0: "local:110/vm-110-disk-1.raw,mp=/srv/data,backup=1,size=1G",
      mp1: "data:110/vm-110-disk-0.raw,mp=/srv/cache,size=2G",
      net0: expect.stringMatching(
        /^name=eth0,bridge=vmbr0,gw=192\.0\.2\.1,host-managed=0,hwaddr=BC:24:11(:[0-9A-F]{2}){3},ip=192\.0\.2\.110\/24,type=veth$/,
      ),
      description: "first\nsecond\n",
      tags: "lifeboat;web",
      cpulimit: "0",
      memory: 512,
      swap: 512,
      unprivileged: 1,
      ostype: "debian",
    });
    expect(await test.read("local:110/vm-110-disk-0.raw", "etc/hostname")).toBe("localhost\n");
  });

  it("takes 4 GiB on the default storage when no disk is given", async () => {
    await test.task("POST", "/nodes/pve/lxc", { vmid: 110, ostemplate: test.template, storage: "data" });
    expect(await test.config(110)).toMatchObject({ rootfs: "data:110/vm-110-disk-0.raw,size=4G", hostname: "CT110" });
  });

  it("leaves nothing behind when its template is missing", async () => {
    const { status, log } = await test.create(110, { ostemplate: "local:vztmpl/nope.tar.zst" });
    expect(status).toBe("unable to create CT 110 - volume 'local:vztmpl/nope.tar.zst' does not exist");
    expect(log.slice(-2)).toEqual(["volume 'local:vztmpl/nope.tar.zst' does not exist", `TASK ERROR: ${status}`]);
    expect(test.volids).toEqual([]);
    expect((await test.refusal("GET", "/nodes/pve/lxc/110/config")).message).toBe(
      "Configuration file 'nodes/pve/lxc/110.conf' does not exist",
    );
  });

  it("is refused for a taken id, an unknown storage, one without containers, and mount points without a root", async () => {
    await test.create(110);
    const post = (parameters: Record<string, string | number>) =>
      test.refusal("POST", "/nodes/pve/lxc", { vmid: 111, ostemplate: test.template, ...parameters });
    expect(await post({ vmid: 110 })).toMatchObject({ status: 500, message: "CT 110 already exists on node 'pve'" });
    expect(await post({ rootfs: "nope:1" })).toMatchObject({ status: 500, message: "storage 'nope' does not exist" });
    expect(await post({ rootfs: "files:1" })).toMatchObject({
      status: 400,
      errors: { storage: "storage 'files' does not support container directories" },
    });
    expect(await post({ mp0: "local:1,mp=/srv" })).toMatchObject({
      status: 500,
      message: "mount points configured, but 'rootfs' not set - aborting",
    });
  });

  it("fails in its task when its storage is full, and takes the first volume back", async () => {
    test.site.faults.set("storage-full", { storage: "data" });
    const { status } = await test.create(110, { mp0: "data:1,mp=/srv" });
    expect(status).toMatch(/^unable to create CT 110 - unable to create image: qemu-img: .*No space left on device$/);
    expect(test.volids).toEqual([]);
    expect(test.node.cluster.guest(110)).toBeUndefined();
  });

  it("counts disks at their full size on a storage with a capacity", async () => {
    const data = test.node.cluster.storage("data");
    if (data === undefined) throw new Error("no storage 'data'");
    data.capacity = 3 * 1024 ** 3;
    expect((await test.create(110, { rootfs: "data:2" })).status).toBe("OK");
    expect((await test.create(111, { rootfs: "data:2" })).status).toMatch(/No space left on device$/);
    expect((await test.create(112, { rootfs: "data:1" })).status).toBe("OK");
  });

  it("needs the rights that Proxmox asks for, one after the other", async () => {
    const parameters = {
      vmid: 110,
      ostemplate: test.template,
      hostname: "web",
      rootfs: "local:1",
      net0: "name=eth0,bridge=vmbr0",
    };
    const refused = () => test.refusal("POST", "/nodes/pve/lxc", parameters, operatorToken);
    expect((await refused()).message).toBe("Permission check failed");
    test.grant("operator@pve", "/vms", "VM.Allocate", "VM.Config.Disk", "VM.Config.Network");
    expect((await refused()).message).toMatch(/^Permission check failed \(\/(storage\/local, Datastore|sdn)/);
    test.grant("operator@pve", "/sdn", "SDN.Use");
    expect((await refused()).message).toBe("Permission check failed (/storage/local, Datastore.AllocateSpace)");
    test.grant("operator@pve", "/storage", "Datastore.AllocateSpace");
    expect((await test.task("POST", "/nodes/pve/lxc", parameters, operatorToken)).status).toBe("OK");
  });

  it("may be privileged, have bind mounts or features beyond nesting only by root's hand", async () => {
    test.grant("operator@pve", "/", "VM.Allocate", "VM.Config.Disk", "VM.Config.Options", "Datastore.AllocateSpace");
    const refused = async (parameters: Record<string, string | number>) =>
      (
        await test.refusal(
          "POST",
          "/nodes/pve/lxc",
          { vmid: 110, ostemplate: test.template, rootfs: "local:1", ...parameters },
          operator,
        )
      ).message;
    expect(await refused({ unprivileged: 0 })).toBe("Permission check failed (/, Sys.Modify)");
    expect(await refused({ mp0: "/srv,mp=/x" })).toBe(
      "Permission check failed (mount point type bind is only allowed for root@pam)",
    );
    expect(await refused({ features: "nesting=1,keyctl=1" })).toBe(
      "Permission check failed (changing feature flags (except nesting) is only allowed for root@pam)",
    );
  });
});

/** Waits for the task that starts a new container. */
async function started(): Promise<void> {
  const upid = test.node.tasks.list().find((task) => task.type === "vzstart")?.upid ?? "";
  expect(await test.node.tasks.wait(upid)).toBe("OK");
}

describe("a running container", () => {
  beforeEach(() =>
    test.create(110, { start: 1, net0: "name=eth0,bridge=vmbr0,ip=192.0.2.110/24,ip6=dhcp", mp0: "local:1,mp=/srv" }),
  );

  it("is started by a task of its own, also for an emulator that is restarted", async () => {
    await started();
    expect(await test.call("GET", "/nodes/pve/lxc/110/status/current")).toMatchObject({
      status: "running",
      pressurecpusome: "0.00",
    });
    test.site.save();
    expect(test.reopened().findNode("pve")?.cluster.guest(110)?.status).toBe("running");
  });

  it("has the addresses that its configuration says, with prefixes as text", async () => {
    await started();
    expect(await test.call("GET", "/nodes/pve/lxc/110/interfaces")).toMatchObject([
      { name: "lo", inet: "127.0.0.1/8" },
      {
        name: "eth0",
        inet: "192.0.2.110/24",
        "ip-addresses": [{ "ip-address": "192.0.2.110", "ip-address-type": "inet", prefix: "24" }],
      },
    ]);
  });

  it("keeps a changed mount point pending until it is rebooted, and takes memory at once", async () => {
    await started();
    const changed = "local:110/vm-110-disk-1.raw,mp=/srv,backup=1";
    await test.call("PUT", "/nodes/pve/lxc/110/config", { mp0: changed, memory: 1024 });
    expect(await test.call("GET", "/nodes/pve/lxc/110/config", { current: 1 })).toMatchObject({
      mp0: "local:110/vm-110-disk-1.raw,mp=/srv,size=1G",
      memory: 1024,
    });
    expect(await test.call("GET", "/nodes/pve/lxc/110/pending")).toContainEqual({
      key: "mp0",
      value: "local:110/vm-110-disk-1.raw,mp=/srv,size=1G",
      pending: changed,
    });
    expect((await test.task("POST", "/nodes/pve/lxc/110/status/reboot")).status).toBe("OK");
    const config = await test.call("GET", "/nodes/pve/lxc/110/config", { current: 1 });
    expect(config).toMatchObject({ mp0: `${changed},size=1G` });
    expect(config).not.toHaveProperty("unused0");
  });

  it("is not destroyed unless forced", async () => {
    await started();
    expect((await test.refusal("DELETE", "/nodes/pve/lxc/110")).message).toBe(
      "unable to destroy CT 110 - container is running",
    );
    expect((await test.task("DELETE", "/nodes/pve/lxc/110", { force: 1 })).log).toContain(
      "forced to stop CT 110 before destroying!",
    );
  });

  it("is not started twice, and not stopped twice", async () => {
    await started();
    expect((await test.refusal("POST", "/nodes/pve/lxc/110/status/start")).message).toBe("CT 110 already running");
    expect((await test.task("POST", "/nodes/pve/lxc/110/status/shutdown", { timeout: 5, forceStop: 1 })).status).toBe(
      "OK",
    );
    expect((await test.refusal("POST", "/nodes/pve/lxc/110/status/stop")).message).toBe("CT 110 not running");
    expect(await test.call("GET", "/nodes/pve/lxc/110/interfaces")).toBeNull();
  });
});

describe("a container's configuration", () => {
  beforeEach(() => test.create(110, { mp0: "local:1,mp=/srv" }));

  it("takes deletions as a repeated name and as a comma list; a removed mount point's volume stays unused", async () => {
    await test.call("PUT", "/nodes/pve/lxc/110/config", { cores: 2, onboot: 1 });
    await test.call("PUT", "/nodes/pve/lxc/110/config", { delete: ["cores", "onboot"] });
    await test.call("PUT", "/nodes/pve/lxc/110/config", { delete: "mp0,net7" });
    const config = await test.config(110);
    expect(config).toMatchObject({ unused0: "local:110/vm-110-disk-1.raw" });
    for (const key of ["cores", "onboot", "mp0"]) expect(config).not.toHaveProperty(key);
  });

  it("is refused for a stale digest, a locked guest, nothing to do, and contradictions", async () => {
    const put = (parameters: Record<string, string | number>) =>
      test.refusal("PUT", "/nodes/pve/lxc/110/config", parameters);
    expect((await put({ cores: 2, digest: "00" })).message).toMatch(/^detected modified configuration/);
    expect((await put({})).message).toBe("no options specified");
    expect((await put({ cores: 2, delete: "cores" })).errors).toEqual({
      delete: "you can't use '-cores' and -delete cores' at the same time",
    });
    expect((await put({ delete: "nonsense" })).errors).toEqual({ delete: "unknown option 'nonsense'" });
    expect((await put({ delete: "rootfs" })).message).toBe("unable to delete required option 'rootfs'");
    const guest = test.node.cluster.guest(110);
    if (guest !== undefined) guest.configuration += "lock: backup\n";
    expect((await put({ cores: 2 })).message).toBe("CT is locked (backup)");
  });

  it("grows a disk and never shrinks one", async () => {
    const path = "/nodes/pve/lxc/110/resize";
    expect((await test.task("PUT", path, { disk: "rootfs", size: "+1G" })).status).toBe("OK");
    expect(await test.config(110)).toMatchObject({ rootfs: "local:110/vm-110-disk-0.raw,size=2G" });
    expect((await test.refusal("PUT", path, { disk: "rootfs", size: "1G" })).message).toBe(
      "unable to shrink disk size",
    );
    expect((await test.refusal("PUT", path, { disk: "rootfs", size: "2G" })).message).toBe(
      "disk is already at specified size",
    );
  });
});

describe("a destroyed container", () => {
  beforeEach(async () => {
    await test.create(110, { mp0: "data:1,mp=/srv" });
    await test.call("PUT", "/nodes/pve/lxc/110/config", { delete: "mp0" });
    const { jobs } = test.node.cluster.state;
    jobs.push({ id: "both", options: { vmid: "110,111", schedule: "daily" } });
    jobs.push({ id: "only", options: { vmid: "110", schedule: "daily" } });
    jobs.push({ id: "others", options: { all: "1", exclude: "110", schedule: "daily" } });
  });

  it("takes its unused volumes along, and stays in backup jobs without purge", async () => {
    expect((await test.task("DELETE", "/nodes/pve/lxc/110")).log).toEqual(["TASK OK"]);
    expect(test.volids).toEqual([]);
    expect(test.node.cluster.state.jobs.map((job) => job.options.vmid)).toEqual(["110,111", "110", undefined]);
  });

  it("leaves the jobs with purge; a job that had no other guest goes", async () => {
    const { log } = await test.task("DELETE", "/nodes/pve/lxc/110", { purge: 1 });
    expect(log).toEqual(["purging CT 110 from related configurations..", "TASK OK"]);
    expect(test.node.cluster.state.jobs.map((job) => [job.id, job.options.vmid, job.options.exclude])).toEqual([
      ["both", "111", undefined],
      ["others", undefined, undefined],
    ]);
  });

  it("is refused while it is protected or locked", async () => {
    await test.call("PUT", "/nodes/pve/lxc/110/config", { protection: 1 });
    expect((await test.refusal("DELETE", "/nodes/pve/lxc/110")).message).toBe(
      "can't remove CT 110 - protection mode enabled",
    );
    expect(test.node.cluster.guest(110)).toBeDefined();
  });

  it("takes disks that no configuration names only when asked", async () => {
    const guest = test.node.cluster.guest(110);
    if (guest !== undefined) guest.configuration = guest.configuration.replace(/^unused0.*\n/m, "");
    await test.task("DELETE", "/nodes/pve/lxc/110");
    expect(test.volids).toEqual(["data:110/vm-110-disk-0.raw"]);
    await test.create(110);
    await test.task("DELETE", "/nodes/pve/lxc/110", { "destroy-unreferenced-disks": 1 });
    expect(test.volids).toEqual([]);
  });
});

describe("snapshots", () => {
  it("are not to be had on a folder storage", async () => {
    await test.create(110);
    expect(await test.call("GET", "/nodes/pve/lxc/110/feature", { feature: "snapshot" })).toEqual({ hasFeature: 0 });
    expect((await test.task("POST", "/nodes/pve/lxc/110/snapshot", { snapname: "s1" })).status).toBe(
      "snapshot feature is not available",
    );
  });

  it("bring the data back on a storage that has them", async () => {
    await test.create(110, { rootfs: "thin:1" });
    const volume = "thin:vm-110-disk-0";
    await test.write(volume, "root/file", "before\n");
    expect((await test.task("POST", "/nodes/pve/lxc/110/snapshot", { snapname: "s1" })).status).toBe("OK");
    await test.write(volume, "root/file", "after\n");
    await test.call("PUT", "/nodes/pve/lxc/110/config", { cores: 2 });
    expect((await test.task("POST", "/nodes/pve/lxc/110/snapshot/s1/rollback")).status).toBe("OK");
    expect(await test.read(volume, "root/file")).toBe("before\n");
    expect(await test.config(110)).not.toHaveProperty("cores");
    expect((await test.task("DELETE", "/nodes/pve/lxc/110/snapshot/s1")).status).toBe("OK");
    expect(await test.call("GET", "/nodes/pve/lxc/110/snapshot")).toMatchObject([{ name: "current", running: 0 }]);
  });
});
