import { TestSite } from "./support";

/** Guests and disks that are copied, become templates or go to another guest: what Proxmox answers, and what is there afterwards. */
let test: TestSite;

beforeEach(async () => {
  test = await TestSite.open();
});

afterEach(() => test.close());

async function refused(path: string, parameters: Record<string, string | number> = {}): Promise<string> {
  return (await test.refusal("POST", `/nodes/pve/${path}`, parameters)).message;
}

async function done(path: string, parameters: Record<string, string | number> = {}): Promise<string[]> {
  const { status, log } = await test.task("POST", `/nodes/pve/${path}`, parameters);
  expect(status).toBe("OK");
  return log;
}

async function machine(vmid: number, parameters: Record<string, string> = {}): Promise<void> {
  await done("qemu", { vmid, name: `vm${vmid}`, ...parameters });
}

const config = async (vmid: number) => ({
  ...((await test.call("GET", `/nodes/pve/qemu/${vmid}/config`)) as Record<string, unknown>),
});

/** Whether linked clones can build upon a guest. */
function feature(guest: string): Promise<unknown> {
  return test.call("GET", `/nodes/pve/${guest}/feature`, { feature: "clone" });
}

/** The answer names no task: the tests wait for the newest. */
async function becomeTemplate(vmid: number): Promise<string> {
  expect(await test.call("POST", `/nodes/pve/lxc/${vmid}/template`)).toBeNull();
  const { upid } = await test.newestTask();
  expect(upid).toContain(`:vztemplate:${vmid}:`);
  return test.node.tasks.wait(upid);
}

describe("a container", () => {
  const volumes = { rootfs: "local:1", mp0: "data:1,mp=/srv/data,backup=1" };

  it("is cloned with its volumes, another address and its own name, and neither is locked afterwards", async () => {
    await test.create(110, { ...volumes, net0: "name=eth0,bridge=vmbr0", hostname: "web", tags: "a" });
    const log = await done("lxc/110/clone", { newid: 111, hostname: "copy", storage: "data" });
    expect(log).toContain("create full clone of mountpoint rootfs (local:110/vm-110-disk-0.raw)");
    const [source, clone] = [await test.config(110), await test.config(111)];
    expect(clone).toMatchObject({
      hostname: "copy",
      tags: "a",
      rootfs: "data:111/vm-111-disk-0.raw,size=1G",
      mp0: "data:111/vm-111-disk-1.raw,mp=/srv/data,backup=1,size=1G",
    });
    expect(clone["net0"]).not.toBe(source["net0"]);
    expect([source["lock"], clone["lock"]]).toEqual([undefined, undefined]);
    expect(await test.read("data:111/vm-111-disk-0.raw", "etc/hostname")).toBe("localhost\n");
    await test.task("DELETE", "/nodes/pve/lxc/110");
    expect(await test.read("data:111/vm-111-disk-0.raw", "etc/hostname")).toBe("localhost\n");
  });

  it("is not cloned onto a guest, with a path of the node, or linked without a template; nothing of the copy stays", async () => {
    await test.create(110, { ...volumes, mp1: "/srv,mp=/x" });
    expect(await refused("lxc/110/clone", { newid: 110 })).toBe("CT 110 already exists on node 'pve'");
    expect(await refused("lxc/110/clone", { newid: 111 })).toBe("unable to clone mountpoint 'mp1' (type bind)");
    await test.call("PUT", "/nodes/pve/lxc/110/config", { delete: "mp1" });
    expect(await refused("lxc/110/clone", { newid: 111, full: 0 })).toBe(
      "Linked clone feature for 'data:110/vm-110-disk-0.raw' is not available",
    );
    expect(await refused("lxc/110/clone", { newid: 111, full: 0, storage: "data" })).toBe(
      "parameter 'storage' not allowed for linked clones",
    );
    expect(await refused("lxc/110/clone", { newid: 111, snapname: "none" })).toBe("snapshot 'none' does not exist");
    expect((await test.refusal("GET", "/nodes/pve/lxc/111/config")).message).toContain("does not exist");
    expect(await test.config(110)).not.toHaveProperty("lock");
  });

  it("becomes a template, with an answer that names no task; only some storages have linked clones of it", async () => {
    await test.create(110, { rootfs: "local:1", mp0: "/srv,mp=/x" });
    expect(await becomeTemplate(110)).toBe("Template feature is not available for '/srv'");
    await test.call("PUT", "/nodes/pve/lxc/110/config", { delete: "mp0" });
    expect(await becomeTemplate(110)).toBe("OK");
    expect(await test.config(110)).toMatchObject({ template: 1, rootfs: "local:110/base-110-disk-0.raw,size=1G" });
    expect(await refused("lxc/110/clone", { newid: 111 })).toBe(
      "Linked clone feature for 'local:110/base-110-disk-0.raw' is not available",
    );
    await test.create(112, { rootfs: "thin:1" });
    expect(await becomeTemplate(112)).toBe("OK");
    expect(await test.config(112)).toMatchObject({ template: 1, rootfs: "thin:base-112-disk-0,size=1G" });
    expect(await refused("lxc/112/template")).toBe("you can't convert a template to a template");
    expect(await feature("lxc/112")).toMatchObject({ hasFeature: 1 });
    expect(await feature("lxc/110")).toMatchObject({ hasFeature: 0 });
    await done("lxc/112/clone", { newid: 113 });
    expect(await test.config(113)).toMatchObject({ rootfs: "thin:base-112-disk-0/vm-113-disk-0,size=1G" });
    expect(await test.config(113)).not.toHaveProperty("template");
    const destroyed = await test.task("DELETE", "/nodes/pve/lxc/112");
    expect(destroyed.status).toBe("base volume 'base-112-disk-0' is still in use by linked clones");
    expect(await test.read("thin:base-112-disk-0", "etc/hostname")).toBe("localhost\n");
  });

  it("gets a volume on another storage; the old one stays unused, unless it is to go", async () => {
    await test.create(110, volumes);
    const move = { volume: "mp0", storage: "local" };
    expect(await refused("lxc/110/move_volume", { volume: "mp0" })).toBe("Parameter verification failed.");
    await done("lxc/110/move_volume", move);
    expect(await test.config(110)).toMatchObject({
      mp0: "local:110/vm-110-disk-1.raw,mp=/srv/data,backup=1,size=1G",
      unused0: "data:110/vm-110-disk-0.raw",
    });
    expect(await refused("lxc/110/move_volume", { volume: "unused0", storage: "local" })).toBe(
      "cannot move volume 'unused0', only configured volumes can be moved to another storage",
    );
    await done("lxc/110/move_volume", { volume: "rootfs", storage: "data", delete: 1 });
    expect(await test.config(110)).toMatchObject({ rootfs: "data:110/vm-110-disk-1.raw,size=1G" });
    expect(test.volids).not.toContain("local:110/vm-110-disk-0.raw");
    expect(await test.config(110)).not.toHaveProperty("lock");
  });

  it("gives a volume to another container, by its next number there", async () => {
    await test.create(110, volumes);
    await test.create(111, { rootfs: "data:1" });
    const give = { volume: "mp0", "target-vmid": 111, "target-volume": "mp4" };
    expect(await refused("lxc/110/move_volume", { ...give, volume: "rootfs" })).toBe("Cannot move to/from 'rootfs'");
    expect(await refused("lxc/110/move_volume", { ...give, "target-vmid": 999 })).toBe("could not find CT 999");
    expect(await refused("lxc/110/move_volume", { ...give, volume: "mp7" })).toBe(
      "volume 'mp7' for container '110' does not exist",
    );
    const log = await done("lxc/110/move_volume", give);
    expect(log.slice(0, 3)).toEqual([
      "moving volume 'mp0' from container '110' to '111'",
      "removing volume 'mp0' from container '110' config",
      "target container '111' updated with 'mp4'",
    ]);
    expect(await test.config(110)).not.toHaveProperty("mp0");
    expect(await test.config(111)).toMatchObject({
      mp4: "data:111/vm-111-disk-1.raw,mp=/srv/data,backup=1,size=1G",
    });
  });
});

describe("a machine", () => {
  it("becomes a template, whose disks linked clones build upon: in a folder as qcow2", async () => {
    await machine(210, { scsi0: "local:1", sata1: "data:1,format=qcow2", ide2: "local:cloudinit" });
    expect(await refused("qemu/210/clone", { newid: 211, full: 0 })).toBe(
      "Linked clone feature is not supported for 'data:210/vm-210-disk-0.qcow2' (sata1)",
    );
    expect(await feature("qemu/210")).toMatchObject({ hasFeature: 0 });
    await done("qemu/210/template");
    expect(await feature("qemu/210")).toMatchObject({ hasFeature: 1 });
    expect(await config(210)).toMatchObject({
      template: 1,
      scsi0: "local:210/base-210-disk-0.raw,size=1G",
      sata1: "data:210/base-210-disk-0.qcow2,size=1G",
      ide2: "local:210/vm-210-cloudinit.qcow2,media=cdrom",
    });
    expect(await refused("qemu/210/template")).toBe("you can't convert a template to a template");
    expect(await refused("qemu/210/clone", { newid: 211, storage: "data", full: 0 })).toBe(
      "parameter 'storage' not allowed for linked clones",
    );
    expect(await done("qemu/210/clone", { newid: 211 })).toContain(
      "create linked clone of drive scsi0 (local:210/base-210-disk-0.raw)",
    );
    expect(await config(211)).toMatchObject({
      name: "Copy-of-VM-vm210",
      scsi0: "local:210/base-210-disk-0.raw/211/vm-211-disk-0.qcow2,size=1G",
      sata1: "data:210/base-210-disk-0.qcow2/211/vm-211-disk-0.qcow2,size=1G",
      ide2: "local:211/vm-211-cloudinit.qcow2,media=cdrom,size=4M",
    });
    const listed = (await test.call("GET", "/nodes/pve/storage/data/content", { vmid: 211 })) as object[];
    expect(listed).toMatchObject([{ vmid: 211, format: "qcow2", parent: "../210/base-210-disk-0.qcow2" }]);
    expect((await test.task("DELETE", "/nodes/pve/qemu/210")).status).toMatch(/still in use by linked cloned/u);
    await test.task("DELETE", "/nodes/pve/qemu/211");
    expect((await test.task("DELETE", "/nodes/pve/qemu/210")).status).toBe("OK");
    expect(test.volids).toEqual([]);
  });

  it("is cloned as it was at a snapshot, where its disks keep them", async () => {
    await machine(210, { scsi0: "local:1,format=qcow2", cores: "1" });
    await test.task("POST", "/nodes/pve/qemu/210/snapshot", { snapname: "then" });
    await test.call("PUT", "/nodes/pve/qemu/210/config", { cores: "2" });
    await done("qemu/210/clone", { newid: 211, snapname: "then", name: "old" });
    expect(await config(211)).toMatchObject({ cores: 1, name: "old", scsi0: expect.stringContaining("vm-211-disk-0") });
    expect(await config(211)).not.toHaveProperty("snaptime");
    expect(await refused("qemu/210/template")).toBe("unable to create template, because VM contains snapshots");
    expect(await refused("qemu/210/clone", { newid: 212, snapname: "none" })).toBe("snapshot 'none' does not exist");
  });

  it("gives a disk to another machine, and forgets it, in the order of booting too", async () => {
    await machine(210, { scsi0: "local:1", scsi1: "local:2", boot: "order=scsi0;scsi1" });
    await machine(211, { scsi0: "local:1" });
    const give = { disk: "scsi1", "target-vmid": 211 };
    expect(await refused("qemu/210/move_disk", { disk: "scsi0", "target-vmid": 211 })).toBe(
      "Target disk key 'scsi0' is already in use for VM '211'",
    );
    expect(await refused("qemu/210/move_disk", { disk: "scsi7", "target-vmid": 211 })).toBe(
      "Disk 'scsi7' for VM '210' does not exist",
    );
    expect(await refused("qemu/210/move_disk", { ...give, "target-vmid": 210 })).toBe("Parameter verification failed.");
    expect((await refused("qemu/210/move_disk", { ...give, digest: "0".repeat(40) })).split("\n")[0]).toMatch(
      /^VM 210: detected modified configuration/u,
    );
    expect(await done("qemu/210/move_disk", give)).toEqual(
      expect.arrayContaining([
        "removing disk 'scsi1' from boot order config",
        "removing disk 'scsi1' from VM '210' config",
      ]),
    );
    expect(await config(210)).toMatchObject({ boot: "order=scsi0" });
    expect(await config(210)).not.toHaveProperty("scsi1");
    expect(await config(211)).toMatchObject({ scsi1: "local:211/vm-211-disk-1.raw,size=2G" });
    await test.call("PUT", "/nodes/pve/qemu/211/config", { delete: "scsi1" });
    const away = await test.task("POST", "/nodes/pve/qemu/211/move_disk", { disk: "unused0", storage: "data" });
    expect(away.status).toMatch(/^storage migration failed: unable to parse value of 'unused0' - format error/u);
    await done("qemu/211/move_disk", { disk: "unused0", "target-vmid": 210, "target-disk": "virtio3" });
    expect(await config(210)).toMatchObject({ virtio3: "local:210/vm-210-disk-1.raw,size=2G" });
  });
});
