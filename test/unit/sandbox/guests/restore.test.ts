import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { damageFile } from "../../../sandbox/drivers/archives";
import { operator, operatorToken, TestSite, type Backup } from "./support";

const ROOT = "local:110/vm-110-disk-0.raw";
const KEPT = "local:110/vm-110-disk-1.raw";
const EXCLUDED = "data:110/vm-110-disk-0.raw";

let test: TestSite;
let backup: Backup;

/** A container with a mount point in its backup and one outside of it, backed up. */
beforeEach(async () => {
  test = await TestSite.open();
  await test.create(110, {
    mp0: "local:1,mp=/srv/kept,backup=1",
    mp1: "data:1,mp=/srv/cache",
    net0: "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:10",
    description: "notes of the guest",
    tags: "lifeboat",
  });
  await test.write(ROOT, "root/file", "root\n");
  await test.write(KEPT, "file", "kept\n");
  await test.write(EXCLUDED, "file", "excluded\n");
  backup = await test.backUp(110);
});

afterEach(() => test.close());

describe("a restore in place", () => {
  it("brings back what the archive holds, destroys the rest, and puts every disk on one storage", async () => {
    await test.write(ROOT, "root/file", "changed\n");
    const { status, log } = await test.restore(110, backup.volid, { force: 1, storage: "local" });
    expect(status).toBe("OK");
    expect(log.filter((line) => !/^(Formatting|Creating|Filesystem|Superblock|\t)/.test(line))).toEqual([
      `recovering backed-up configuration from '${backup.volid}'`,
      `restoring '${backup.volid}' now..`,
      `extracting archive '${backup.path}'`,
      expect.stringMatching(/^Total bytes read: \d+ \(/),
      "merging backed-up and given configuration..",
      "TASK OK",
    ]);
    // The new disks were numbered while the old ones were still there.
    expect(await test.config(110)).toMatchObject({
      rootfs: "local:110/vm-110-disk-2.raw,size=1G",
      mp0: "local:110/vm-110-disk-3.raw,mp=/srv/kept,backup=1,size=1G",
      mp1: "local:110/vm-110-disk-4.raw,mp=/srv/cache,size=1G",
      net0: expect.stringContaining("BC:24:11:00:00:10"),
      description: "notes of the guest\n",
    });
    expect(test.volids).toEqual([2, 3, 4].map((number) => `local:110/vm-110-disk-${number}.raw`));
    expect(await test.read("local:110/vm-110-disk-2.raw", "root/file")).toBe("root\n");
    expect(await test.read("local:110/vm-110-disk-3.raw", "file")).toBe("kept\n");
    expect(await test.read("local:110/vm-110-disk-4.raw", "file")).toBeUndefined();
  });

  it("also destroys unused volumes of the old guest", async () => {
    await test.call("PUT", "/nodes/pve/lxc/110/config", { delete: "mp1" });
    await test.restore(110, backup.volid, { force: 1 });
    expect(test.volids).not.toContain(EXCLUDED);
    expect(await test.config(110)).not.toHaveProperty("unused0");
  });

  it("leaves the tree without the archive's own configuration", async () => {
    await test.restore(110, backup.volid, { force: 1 });
    expect(await test.read("local:110/vm-110-disk-2.raw", "etc/vzdump/pct.conf")).toBeUndefined();
    expect(await test.read("local:110/vm-110-disk-2.raw", "etc/vzdump/pct.fw")).toBe("");
  });

  it.each(["allocated", "destroyed", "extracting", "extracted"])(
    "that fails at '%s' loses the guest and leaves none of its new disks",
    async (at) => {
      test.site.faults.set("task-dies", { type: "vzrestore", at, text: "broken on request" });
      const { status } = await test.restore(110, backup.volid, { force: 1 });
      expect(status).toBe("unable to restore CT 110 - broken on request");
      expect(test.node.cluster.guest(110)).toBeUndefined();
      // Before the old volumes are destroyed they stay behind, without a guest.
      expect(test.volids).toEqual(at === "allocated" ? [EXCLUDED, ROOT, KEPT] : []);
    },
  );

  it("that fails before the allocation leaves the guest and its lock alone", async () => {
    const before = await test.config(110);
    test.site.faults.set("task-dies", { type: "vzrestore", at: "recovered" });
    expect((await test.restore(110, backup.volid, { force: 1 })).status).toMatch(/^unable to restore CT 110 - /);
    expect(await test.config(110)).toEqual(before);
    expect(await test.read(EXCLUDED, "file")).toBe("excluded\n");
  });

  it("that has no room loses the guest although its data was not touched", async () => {
    test.site.faults.set("storage-full", { storage: "local" });
    const { status } = await test.restore(110, backup.volid, { force: 1 });
    expect(status).toMatch(/^unable to restore CT 110 - unable to create image: qemu-img: .*No space left on device$/);
    expect(test.node.cluster.guest(110)).toBeUndefined();
    expect(test.volids).toEqual([EXCLUDED, ROOT, KEPT]);
  });

  it("needs room for the old and the new disks together", async () => {
    const local = test.node.cluster.storage("local");
    if (local === undefined) throw new Error("no storage 'local'");
    // Two disks of 1 GiB are there, three come: the archive and the template are small.
    local.capacity = 4.5 * 1024 ** 3;
    expect((await test.restore(110, backup.volid, { force: 1 })).status).toMatch(/No space left on device$/);
  });

  it.each(["truncated", "flipped"] as const)("from a %s archive loses the guest", async (damage) => {
    // Random data, so that the archive is larger than what is read of it for its configuration.
    const random = randomBytes(1_000_000).toString("hex");
    await test.write(ROOT, "root/large", random);
    const damaged = await test.backUp(110);
    await damageFile(test.node.path(damaged.path), damage);
    const { status } = await test.restore(110, damaged.volid, { force: 1 });
    expect(status).toMatch(
      /^unable to restore CT 110 - command 'lxc-usernsexec .* tar xpf - --zstd .*' failed: exit code \d+$/,
    );
    expect(test.node.cluster.guest(110)).toBeUndefined();
    expect(test.volids).toEqual([]);
  });

  it("from an archive that cannot be read at all leaves the guest alone", async () => {
    await writeFile(test.node.path(backup.path), "no archive");
    expect((await test.restore(110, backup.volid, { force: 1 })).status).toBe(
      "unable to restore CT 110 - ERROR: archive contains no configuration file",
    );
    expect(await test.read(KEPT, "file")).toBe("kept\n");
  });

  it("whose worker is killed leaves a locked guest without its data", async () => {
    test.site.faults.set("worker-killed", { type: "vzrestore", at: "destroyed" });
    expect((await test.restore(110, backup.volid, { force: 1 })).status).toBe("unexpected status");
    expect(await test.config(110)).toMatchObject({ lock: "create" });
    expect(await test.config(110)).not.toHaveProperty("rootfs");
  });

  it("is refused without force, over a running, protected or locked guest, and over a virtual machine", async () => {
    const refused = async (parameters: Record<string, string | number> = {}) =>
      (
        await test.refusal("POST", "/nodes/pve/lxc", {
          vmid: 110,
          ostemplate: backup.volid,
          restore: 1,
          force: 1,
          ...parameters,
        })
      ).message;
    expect(await refused({ force: 0 })).toBe("CT 110 already exists on node 'pve'");
    await test.task("POST", "/nodes/pve/qemu", { vmid: 120, name: "vm" });
    expect(await refused({ vmid: 120 })).toBe("VM 120 already exists on node 'pve'");
    await test.task("POST", "/nodes/pve/lxc/110/status/start");
    expect(await refused()).toBe("can't overwrite running container");
    await test.task("POST", "/nodes/pve/lxc/110/status/stop");
    await test.call("PUT", "/nodes/pve/lxc/110/config", { protection: 1 });
    expect(await refused()).toBe("unable to restore CT 110 - protection mode enabled");
    await test.call("PUT", "/nodes/pve/lxc/110/config", { protection: 0 });
    const guest = test.node.cluster.guest(110);
    if (guest !== undefined) guest.configuration += "lock: backup\n";
    expect(await refused()).toBe("unable to restore CT 110 - CT is locked (backup)");
  });

  it("may be done with the right to back the guest up, without its firewall's rules", async () => {
    const guest = test.node.cluster.guest(110);
    if (guest !== undefined) guest.firewall = "[OPTIONS]\nenable: 1\n";
    const withRules = await test.backUp(110);
    if (guest !== undefined) guest.firewall = "[OPTIONS]\nenable: 0\n";
    test.grant("operator@pve", "/vms/110", "VM.Backup");
    test.grant("operator@pve", "/storage", "Datastore.AllocateSpace");
    const lacking = await test.restore(110, withRules.volid, { force: 1 }, operatorToken);
    expect(lacking.status).toBe(
      "unable to restore CT 110 - 403 Permission check failed (/sdn/zones/localnetwork/vmbr0, SDN.Use)",
    );
    expect(test.node.cluster.guest(110)).toBeDefined();
    test.grant("operator@pve", "/sdn", "SDN.Use");
    const { status, log } = await test.restore(110, withRules.volid, { force: 1 }, operatorToken);
    expect(status).toBe("OK");
    expect(log).toContain("old firewall configuration in '/etc/pve/firewall/110.fw' left in place!");
    expect(test.node.cluster.guest(110)?.firewall).toContain("enable: 0");
    await test.restore(110, withRules.volid, { force: 1 });
    expect(test.node.cluster.guest(110)?.firewall).toContain("enable: 1");
  });
});

describe("a restore beside the original", () => {
  it("has the same addresses, and others with unique", async () => {
    await test.restore(111, backup.volid);
    expect((await test.config(111)).net0).toContain("BC:24:11:00:00:10");
    await test.restore(112, backup.volid, { unique: 1, hostname: "copy", onboot: 0 });
    const copy = await test.config(112);
    expect(copy.net0).not.toContain("BC:24:11:00:00:10");
    expect(copy).toMatchObject({ hostname: "copy", onboot: 0, tags: "lifeboat" });
  });

  it("with explicit disks makes only those; the data of the others lands in the root", async () => {
    await test.restore(111, backup.volid, { rootfs: "data:2" });
    const config = await test.config(111);
    expect(config).toMatchObject({ rootfs: "data:111/vm-111-disk-0.raw,size=2G" });
    expect(config).not.toHaveProperty("mp0");
    expect(await test.read("data:111/vm-111-disk-0.raw", "srv/kept/file")).toBe("kept\n");
  });

  it("with explicit disks puts each on its own storage", async () => {
    await test.restore(111, backup.volid, {
      rootfs: "local:1",
      mp0: "data:1,mp=/srv/kept,backup=1",
      mp1: "local:1,mp=/srv/cache",
    });
    expect(await test.read("data:111/vm-111-disk-0.raw", "file")).toBe("kept\n");
    expect(await test.read("local:111/vm-111-disk-1.raw", "file")).toBeUndefined();
  });

  it("of a missing archive is accepted and fails in its task; nothing stays", async () => {
    const missing = "local:backup/vzdump-lxc-110-2020_01_01-00_00_00.tar.zst";
    expect((await test.restore(111, missing)).status).toBe(
      `unable to restore CT 111 - volume '${missing}' does not exist`,
    );
    expect(test.node.cluster.guest(111)).toBeUndefined();
  });

  it("needs VM.Backup on the archive's guest, and Sys.Modify for a privileged one", async () => {
    test.grant("operator@pve", "/vms/111", "VM.Allocate");
    test.grant("operator@pve", "/storage", "Datastore.AllocateSpace");
    test.grant("operator@pve", "/sdn", "SDN.Use");
    const request = { vmid: 111, ostemplate: backup.volid, restore: 1 };
    expect((await test.refusal("POST", "/nodes/pve/lxc", request, operator)).message).toBe(
      "Permission check failed (/vms/110, VM.Backup)",
    );
    test.grant("operator@pve", "/vms/110", "VM.Backup");
    expect((await test.restore(111, backup.volid, { unprivileged: 0 }, operator)).status).toBe(
      "unable to restore CT 111 - 403 Permission check failed (/, Sys.Modify)",
    );
    expect((await test.restore(111, backup.volid, {}, operator)).status).toBe("OK");
  });

  it("of an archive with a bind mount is for root only, and fails before anything is made", async () => {
    await test.call("PUT", "/nodes/pve/lxc/110/config", { mp2: "/mnt/nas,mp=/nas" });
    const bound = await test.backUp(110);
    test.grant("operator@pve", "/", "VM.Allocate", "VM.Backup", "Datastore.AllocateSpace", "SDN.Use");
    expect((await test.restore(111, bound.volid, {}, operatorToken)).status).toBe(
      "unable to restore CT 111 - restoring 'mp2' to bind mount is only possible for root",
    );
    expect((await test.restore(112, bound.volid)).status).toBe("OK");
    expect(await test.config(112)).toMatchObject({ mp2: "/mnt/nas,mp=/nas" });
  });

  it("does not give raw lxc lines to anybody but root", async () => {
    const guest = test.node.cluster.guest(110);
    if (guest !== undefined) guest.configuration += "lxc.idmap: u 0 100000 65536\n";
    const raw = await test.backUp(110);
    test.grant("operator@pve", "/", "VM.Allocate", "VM.Backup", "Datastore.AllocateSpace", "SDN.Use");
    const { status, log } = await test.restore(111, raw.volid, {}, operatorToken);
    expect(status).toBe("WARNINGS: 1");
    expect(log).toContain("lxc.idmap: u 0 100000 65536");
    expect(await test.config(111)).not.toHaveProperty("lxc");
    await test.restore(112, raw.volid);
    expect(await test.config(112)).toMatchObject({ lxc: [["lxc.idmap", "u 0 100000 65536"]] });
  });
});
