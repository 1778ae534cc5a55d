import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { damageFile } from "../../../sandbox/drivers/archives";
import { verifySnapshots } from "../../../sandbox/guests/backup-server/verify";
import { archiveFile } from "../../../sandbox/guests/volumes";
import { operator, TestSite } from "./support";

const server = {
  storage: "pbs",
  type: "pbs",
  server: "192.0.2.30",
  datastore: "main",
  username: "lifeboat@pbs",
  password: "not-a-secret-3",
  fingerprint: Array.from({ length: 32 }, () => "ab").join(":"),
};
const CONTENT = "/nodes/pve/storage/pbs/content";
const fingerprint = Array.from({ length: 32 }, () => "12").join(":");
const key = JSON.stringify({ kdf: null, data: "AAAA", fingerprint });

let site: TestSite;

beforeEach(async () => {
  site = await TestSite.open();
});

afterEach(() => site.close());

/** Backs a guest up to the server, two seconds later than before. */
async function backUp(vmid: number, parameters: Record<string, string> = {}): Promise<{ volid: string; log: string }> {
  const { log, status } = await site.backUp(vmid, { storage: "pbs", ...parameters });
  expect(status).toBe("OK");
  const name = /^INFO: creating Proxmox Backup Server archive '(.*)'$/mu.exec(log.join("\n"))?.[1] ?? "";
  return { volid: `pbs:backup/${name}`, log: log.join("\n") };
}

async function listed(): Promise<unknown> {
  return site.call("GET", CONTENT, { content: "backup" });
}

describe("a storage on a backup server", () => {
  it("is made with its password, which nobody is shown, and has no path", async () => {
    expect(await site.call("POST", "/storage", server)).toEqual({ storage: "pbs", type: "pbs" });
    expect(await site.call("GET", "/storage/pbs")).toEqual({
      storage: "pbs",
      type: "pbs",
      content: "backup",
      datastore: "main",
      server: "192.0.2.30",
      username: "lifeboat@pbs",
      fingerprint: server.fingerprint,
      digest: expect.any(String),
      shared: 1,
    });
    const status = await site.call("GET", "/nodes/pve/storage/pbs/status");
    expect(status).toMatchObject({ type: "pbs", active: 1, enabled: 1, shared: 1, total: expect.any(Number) });
    expect(await listed()).toEqual([]);
  });

  it.each([
    [
      "another certificate",
      { fingerprint: fingerprint },
      /error fetching datastores - fingerprint 'AB:.*' not verified, abort!$/,
    ],
    [
      "a wrong password",
      { password: "not-a-secret-4" },
      /^create storage failed: pbs: error fetching datastores - 401 /,
    ],
    [
      "no such server",
      { server: "192.0.2.31" },
      /error fetching datastores - 500 Can't connect to 192\.0\.2\.31:8007 /,
    ],
    [
      "no such datastore",
      { datastore: "other" },
      /pbs: Cannot find datastore 'other', check permissions and existence!$/,
    ],
    ["a path", { path: "/mnt" }, /^unexpected property 'path'$/],
  ])("is not made: %s", async (_, wrong, message) => {
    expect(await site.refusal("POST", "/storage", { ...server, ...wrong })).toMatchObject({
      status: 500,
      message: expect.stringMatching(message),
    });
    expect(await site.call("GET", "/storage", { type: "pbs" })).toEqual([]);
  });

  it("shows the fingerprint of its key, and the key itself once, to who has sent it", async () => {
    const made = await site.call("POST", "/storage", { ...server, "encryption-key": key });
    expect(made).toMatchObject({ config: { "encryption-key": key } });
    expect(await site.call("GET", "/storage/pbs")).toMatchObject({ "encryption-key": fingerprint });
    await site.call("DELETE", "/storage/pbs");
    const bad = await site.refusal("POST", "/storage", { ...server, "encryption-key": "secret" });
    expect(bad.message).toContain("Value does not seems like a valid, JSON formatted encryption key!");
    const generated = await site.call("POST", "/storage", { ...server, "encryption-key": "autogen" });
    expect(generated).toMatchObject({ config: { "encryption-key": expect.stringContaining('"fingerprint":"') } });
  });

  it("that does not answer is not active, and an error instead of an empty list", async () => {
    await site.call("POST", "/storage", server);
    site.site.faults.set("backup-server-unreachable", {});
    expect(await site.call("GET", "/nodes/pve/storage/pbs/status")).toMatchObject({ active: 0, total: 0 });
    expect(await site.refusal("GET", CONTENT, { content: "backup" })).toMatchObject({
      status: 500,
      message: "pbs: error fetching datastores - 500 Can't connect to 192.0.2.30:8007 (No route to host)",
    });
    await site.create(110);
    const { status } = await site.backUp(110, { storage: "pbs" });
    expect(status).toMatch(/^could not activate storage 'pbs': pbs: error fetching datastores - 500 /);
  });
});

describe("a container's snapshot", () => {
  beforeEach(async () => {
    await site.call("POST", "/storage", server);
    await site.create(110, { mp0: "local:1,mp=/srv/data,backup=1" });
    await site.write("local:110/vm-110-disk-1.raw", "file", "kept\n");
  });

  it("is named by its UTC second, whatever was said of compression, and has its log", async () => {
    const { volid, log } = await backUp(110, { "notes-template": "first\\nsecond", compress: "gzip" });
    expect(volid).toMatch(/^pbs:backup\/ct\/110\/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(log).toContain("proxmox-backup-client backup --crypt-mode=none");
    expect(log).toMatch(/^INFO: Duration: /mu);
    expect(log).not.toMatch(/archive file size|Total bytes written/u);
    const time = Date.parse(volid.slice(-20)) / 1000;
    const row = { volid, content: "backup", format: "pbs-ct", subtype: "lxc", vmid: 110, notes: "first", ctime: time };
    expect(await listed()).toEqual([{ ...row, size: expect.any(Number) }]);
    const details = await site.call("GET", `${CONTENT}/${volid}`);
    const path = `pbs://lifeboat@pbs@192.0.2.30:main/${volid.slice("pbs:backup/".length)}`;
    expect(details).toMatchObject({ path, format: "pbs-ct", notes: "first\nsecond", protected: 0 });
    expect(
      await readFile(`${(await archiveFile(site.node, volid)).replace(/[^/]+$/u, "")}client.log`, "utf8"),
    ).toContain("Finished Backup of VM 110");
    expect(existsSync(site.node.path("/var/tmp"))).toBe(true);
  });

  it("gives its configuration, and comes back in place and beside", async () => {
    const { volid } = await backUp(110);
    const text = await site.call("GET", "/nodes/pve/vzdump/extractconfig", { volume: volid });
    expect(text).toMatch(/^arch: amd64\nhostname: ct110\n/);
    await site.write("local:110/vm-110-disk-1.raw", "file", "lost\n");
    const over = await site.restore(110, volid, { force: 1, storage: "local" });
    expect(over.log).toEqual(expect.arrayContaining([`recovering backed-up configuration from '${volid}'`, "TASK OK"]));
    expect(over.log.join("\n")).not.toContain("extracting archive");
    const { mp0 } = await site.config(110);
    const volume = String(mp0).split(",")[0] ?? "";
    expect(await site.read(volume, "file")).toBe("kept\n");
    expect((await site.restore(111, volid, { storage: "local", unique: 1 })).status).toBe("OK");
    expect(await site.read(String((await site.config(111))["rootfs"]).split(",")[0] ?? "", "etc/vzdump/pct.fw")).toBe(
      undefined,
    );
  });

  it("that is missing leaves the guest alone", async () => {
    const missing = "pbs:backup/ct/110/2020-01-01T00:00:00Z";
    const { status, log } = await site.restore(110, missing, { force: 1, storage: "local" });
    expect(status).toMatch(
      /^unable to restore CT 110 - command '.*proxmox-backup-client restore .*' failed: exit code 255$/,
    );
    expect(log.join("\n")).toContain("No such file or directory");
    expect(await site.config(110)).toMatchObject({ hostname: "ct110" });
    expect((await site.refusal("GET", CONTENT.replace("content", "content/pbs:backup/ct/110/now"))).message).toBe(
      "unable to parse PBS volume name 'backup/ct/110/now'",
    );
  });

  it("keeps its notes and its protection on the server, which then removes and prunes it no more", async () => {
    const { volid } = await backUp(110);
    const second = await backUp(110);
    await site.call("PUT", `${CONTENT}/${volid}`, { notes: "by hand", protected: 1 });
    expect(await listed()).toMatchObject([{ volid, notes: "by hand", protected: 1 }, { volid: second.volid }]);
    const { status } = await site.task("DELETE", `${CONTENT}/${volid}`);
    expect(status).toBe("proxmox-backup-client failed: Error: cannot remove protected snapshot");
    const { log } = await backUp(110, { "prune-backups": "keep-last=1" });
    expect(log).toContain("INFO: running 'proxmox-backup-client prune' for 'ct/110'\nINFO: pruned 1 backup(s)");
    const marks = await site.call("GET", "/nodes/pve/storage/pbs/prunebackups", { "prune-backups": "keep-last=1" });
    expect(marks).toMatchObject([
      { volid, mark: "protected", type: "lxc", vmid: "110" },
      { mark: "keep", type: "lxc" },
    ]);
    await site.call("PUT", `${CONTENT}/${volid}`, { protected: 0 });
    expect((await site.task("DELETE", `${CONTENT}/${volid}`)).status).toBe("OK");
    expect(await listed()).toHaveLength(1);
  });

  it("is verified by the server: ok, or failed once its data was damaged", async () => {
    const { volid } = await backUp(110);
    await verifySnapshots(site.site);
    expect(await listed()).toMatchObject([
      { verification: { state: "ok", upid: expect.stringMatching(/^UPID:.*:verify:/u) } },
    ]);
    await damageFile(await archiveFile(site.node, volid), "truncated");
    expect(await listed()).toMatchObject([{ verification: { state: "ok" } }]);
    await verifySnapshots(site.site);
    expect(await listed()).toMatchObject([{ verification: { state: "failed" } }]);
    const { status, log } = await site.restore(112, volid, { storage: "local" });
    expect(status).toMatch(/root\.pxar .*' failed: exit code 255$/);
    expect(log.join("\n")).toContain("Error: error extracting archive");
  });

  it("tells one byte where the server tells no size", async () => {
    const { volid } = await backUp(110);
    site.site.faults.set("no-size", { volid });
    expect(await listed()).toMatchObject([{ volid, size: 1 }]);
  });

  it("that is encrypted is restored with its key alone, and nothing is touched without", async () => {
    await site.call("PUT", "/storage/pbs", { "encryption-key": key });
    const { volid } = await backUp(110);
    expect(await listed()).toMatchObject([{ encrypted: fingerprint }]);
    expect((await site.restore(111, volid, { storage: "local" })).status).toBe("OK");
    await site.call("PUT", "/storage/pbs", { delete: "encryption-key" });
    const { status, log } = await site.restore(110, volid, { force: 1, storage: "local" });
    expect(status).toContain("failed: exit code 255");
    expect(log).toContain("Error: missing key - manifest was created with key 12:12:12:12:12:12:12:12");
    expect(await site.config(110)).toMatchObject({ hostname: "ct110" });
    expect((await site.refusal("GET", "/nodes/pve/vzdump/extractconfig", { volume: volid })).status).toBe(500);
  });

  it("is seen with the rights that a file takes", async () => {
    const { volid } = await backUp(110);
    site.grant("operator@pve", "/storage/pbs", "Datastore.AllocateSpace");
    expect(await site.call("GET", CONTENT, { content: "backup" }, operator)).toEqual([]);
    expect((await site.refusal("GET", `${CONTENT}/${volid}`, {}, operator)).message).toContain("(/vms/110, VM.Backup)");
    site.grant("operator@pve", "/vms/110", "VM.Backup");
    expect(await site.call("GET", CONTENT, { content: "backup" }, operator)).toMatchObject([{ volid }]);
  });
});

test("a machine's snapshot says what QEMU did, comes back, and can be restored live", async () => {
  await site.call("POST", "/storage", server);
  await site.task("POST", "/nodes/pve/qemu", { vmid: 210, name: "vm210", scsi0: "local:0.004,format=raw" });
  const { volid, log } = await backUp(210);
  expect(volid).toMatch(/^pbs:backup\/vm\/210\//);
  expect(log).toContain("INFO: scsi0: dirty-bitmap status: created new");
  expect(await listed()).toMatchObject([{ format: "pbs-vm", subtype: "qemu", vmid: 210 }]);
  const text = await site.call("GET", "/nodes/pve/vzdump/extractconfig", { volume: volid });
  expect(text).toContain("#qmdump#map:scsi0:drive-scsi0:local:raw:");
  const restore = { archive: volid, storage: "local" };
  const over = await site.task("POST", "/nodes/pve/qemu", { vmid: 210, force: 1, ...restore });
  expect(over.status).toBe("OK");
  expect(over.log.join("\n")).toMatch(
    /restore proxmox backup image: \/usr\/bin\/pbs-restore --repository .*drive-scsi0\.img\.fidx/u,
  );
  const live = await site.task("POST", "/nodes/pve/qemu", { vmid: 211, "live-restore": 1, unique: 1, ...restore });
  expect(live.status).toBe("OK");
  expect(await site.call("GET", "/nodes/pve/qemu/211/status/current")).toMatchObject({ status: "running" });
  const missing = { ...restore, archive: "pbs:backup/vm/210/2020-01-01T00:00:00Z" };
  const none = await site.task("POST", "/nodes/pve/qemu", { vmid: 212, ...missing });
  expect(none.status).toMatch(/index\.json .*' failed: exit code 255$/);
});
