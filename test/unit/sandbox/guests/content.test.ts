import { writeFile } from "node:fs/promises";
import { operator, operatorToken, TestSite, type Backup } from "./support";

const CONTENT = "/nodes/pve/storage/local/content";

let test: TestSite;
let backup: Backup;

beforeEach(async () => {
  test = await TestSite.open();
  await test.create(110);
  backup = await test.backUp(110, { storage: "local", "notes-template": "first\\nsecond" });
});

afterEach(() => test.close());

describe("the content of a storage", () => {
  it("lists archives with the first line of their notes, and shows them in full by their id", async () => {
    expect(await test.call("GET", CONTENT, { content: "backup" })).toEqual([
      {
        volid: backup.volid,
        content: "backup",
        format: "tar.zst",
        subtype: "lxc",
        vmid: 110,
        notes: "first",
        size: expect.any(Number),
        ctime: expect.any(Number),
      },
    ]);
    const details = await test.call("GET", `${CONTENT}/${backup.volid}`);
    expect(details).toMatchObject({ format: "raw", notes: "first\nsecond", protected: 0, path: backup.path });
    if (details === null || typeof details !== "object" || Array.isArray(details)) throw new Error("no details");
    expect(Number(details.size) % 512).toBe(0);
  });

  it("leaves unfinished and foreign files out, and lists look-alikes without a time of their own", async () => {
    const folder = test.node.path("/var/lib/vz/dump");
    for (const name of ["vzdump-lxc-110-x.tar.dat", "a.tar.xz", "vzdump-lxc-110-renamed.tar.zst", "other.tar.zst"]) {
      await writeFile(`${folder}/${name}`, "x");
    }
    const listed = await test.call("GET", CONTENT, { content: "backup" });
    expect(listed).toMatchObject([
      { volid: "local:backup/other.tar.zst", subtype: "unknown" },
      { volid: backup.volid },
      { volid: "local:backup/vzdump-lxc-110-renamed.tar.zst", subtype: "lxc", vmid: 110 },
    ]);
    expect(
      await test.call("GET", "/nodes/pve/storage/local/prunebackups", { "prune-backups": "keep-last=1" }),
    ).toMatchObject([
      { mark: "renamed", type: "unknown" },
      { mark: "keep", vmid: 110 },
      { mark: "renamed", vmid: "110" },
    ]);
  });

  it("is an empty list for those who may not back the guest up, and a refusal for the single archive", async () => {
    test.grant("operator@pve", "/storage/local", "Datastore.AllocateSpace");
    expect(await test.call("GET", CONTENT, { content: "backup" }, operatorToken)).toEqual([]);
    expect((await test.refusal("GET", `${CONTENT}/${backup.volid}`, {}, operatorToken)).message).toBe(
      "Permission check failed (/vms/110, VM.Backup)",
    );
    test.grant("operator@pve", "/vms/110", "VM.Backup");
    expect(await test.call("GET", CONTENT, { content: "backup" }, operatorToken)).toHaveLength(1);
  });

  it("is forbidden without any right to the storage's space", async () => {
    test.grant("operator@pve", "/storage/local", "Datastore.Allocate");
    expect((await test.refusal("GET", CONTENT, {}, operator)).status).toBe(403);
  });

  it("tells disks of containers from others by the guest that has the number", async () => {
    expect(await test.call("GET", CONTENT, { content: "rootdir" })).toMatchObject([
      { volid: "local:110/vm-110-disk-0.raw", format: "raw", size: 1024 ** 3, vmid: 110 },
    ]);
    test.node.cluster.state.guests = [];
    expect(await test.call("GET", CONTENT, { content: "images" })).toHaveLength(1);
  });
});

describe("a storage whose disk is not mounted", () => {
  const disk = { storage: "disk", type: "dir", path: "/mnt/disk", content: "backup" };
  const list = "/nodes/pve/storage/disk/content";
  const expected = "directory is expected to be a mount point but is not mounted: ";

  it("is an empty folder, or not active where a mount point is expected", async () => {
    await test.call("POST", "/storage", disk);
    await test.backUp(110, { storage: "disk" });
    expect(await test.call("GET", list)).toHaveLength(1);
    test.site.faults.set("disk-unmounted", { storage: "disk" });
    expect(await test.call("GET", list)).toEqual([]);
    expect(await test.call("GET", "/nodes/pve/storage/disk/status")).toMatchObject({ active: 1 });
    await test.call("PUT", "/storage/disk", { is_mountpoint: "yes" });
    expect((await test.refusal("GET", list)).message).toContain(
      `unable to activate storage 'disk' - ${expected}'/mnt/disk'`,
    );
    expect(await test.call("GET", "/nodes/pve/storage/disk/status")).toMatchObject({ active: 0, enabled: 1, total: 0 });
    test.site.faults.clear();
    expect(await test.call("GET", list)).toHaveLength(1);
  });

  it("cannot be made where a mount point is expected, nor can one on the node's own disk", async () => {
    const own = { ...disk, path: "/srv/disk", is_mountpoint: "1" };
    expect((await test.refusal("POST", "/storage", own)).message).toContain(
      `create storage failed: unable to activate storage 'disk' - ${expected}'/srv/disk'`,
    );
    await test.call("POST", "/storage", { ...own, is_mountpoint: "no" });
  });
});

describe("an archive", () => {
  it("that is protected is not removed; one that is not goes with its notes and log", async () => {
    const path = `${CONTENT}/${backup.volid}`;
    await test.call("PUT", path, { protected: 1 });
    const name = backup.volid.slice("local:".length);
    expect((await test.task("DELETE", path)).status).toBe(`cannot remove protected volume '${name}' on 'local'`);
    await test.call("PUT", path, { protected: 0, notes: "" });
    expect((await test.task("DELETE", path)).log).toEqual([`Removed volume '${backup.volid}'`, "TASK OK"]);
    expect(await test.call("GET", CONTENT, { content: "backup" })).toEqual([]);
  });

  it("is removed before the answer when the caller waits", async () => {
    expect(await test.call("DELETE", `${CONTENT}/${backup.volid}`, { delay: 5 })).toBeNull();
    expect((await test.refusal("GET", `${CONTENT}/${backup.volid}`)).message).toBe(
      `volume_size_info on '${backup.volid}' failed - no format`,
    );
  });

  it("gives its configuration without being unpacked, without the lock it had", async () => {
    const text = await test.call("GET", "/nodes/pve/vzdump/extractconfig", { volume: backup.volid });
    expect(text).toMatch(/^arch: amd64\nhostname: ct110\n/);
    expect(text).not.toContain("lock:");
    const missing = "local:backup/vzdump-lxc-110-2020_01_01-00_00_00.tar.zst";
    expect((await test.refusal("GET", "/nodes/pve/vzdump/extractconfig", { volume: missing })).message).toBe(
      `volume '${missing}' does not exist`,
    );
    expect(
      (await test.refusal("GET", "/nodes/pve/vzdump/extractconfig", { volume: backup.volid }, operator)).message,
    ).toBe("Permission check failed (/storage/local, Datastore.AllocateSpace)");
  });

  it("shows no single files", async () => {
    const query = { volume: backup.volid, filepath: "/" };
    expect((await test.refusal("GET", "/nodes/pve/storage/local/file-restore/list", query)).errors).toEqual({
      storage: "Only PBS storages supported for file-restore.",
    });
  });
});

describe("pruning", () => {
  it("does what its dry run says, and only that", async () => {
    await test.backUp(110);
    const path = "/nodes/pve/storage/local/prunebackups";
    const marks = await test.call("GET", path, { "prune-backups": "keep-last=1", vmid: 110 });
    expect(marks).toMatchObject([{ volid: backup.volid, mark: "remove" }, { mark: "keep" }]);
    expect(await test.call("GET", CONTENT, { content: "backup" })).toHaveLength(2);
    const { log } = await test.task("DELETE", path, { "prune-backups": "keep-last=1", vmid: 110, type: "lxc" });
    expect(log).toEqual([`removing backup '${backup.volid}'`, "TASK OK"]);
    expect(await test.call("GET", CONTENT, { content: "backup" })).toHaveLength(1);
  });

  it("of all guests needs more than pruning one guest's", async () => {
    test.grant("operator@pve", "/storage/local", "Datastore.AllocateSpace");
    test.grant("operator@pve", "/vms/110", "VM.Backup");
    const path = "/nodes/pve/storage/local/prunebackups";
    const keep = { "prune-backups": "keep-last=1" };
    expect((await test.refusal("DELETE", path, keep, operator)).message).toBe(
      "Permission check failed (/storage/local, Datastore.Allocate)",
    );
    expect((await test.task("DELETE", path, { ...keep, vmid: 110 }, operator)).status).toBe("OK");
  });
});
