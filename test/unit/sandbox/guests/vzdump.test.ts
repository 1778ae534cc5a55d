import { mkdir, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Caller } from "../../../sandbox/model/access";
import type { Json } from "../../../sandbox/protocol/failure";
import { operator, operatorToken, TestSite } from "./support";

let test: TestSite;

beforeEach(async () => {
  test = await TestSite.open();
  await test.create(110, { mp0: "local:1,mp=/srv,backup=1", mp1: "data:1,mp=/cache" });
});

afterEach(() => test.close());

async function dumps(storage = "local"): Promise<string[]> {
  const folder = storage === "local" ? "/var/lib/vz/dump" : "/mnt/data/dump";
  return (await readdir(test.node.path(folder)).catch(() => [])).sort();
}

describe("a backup run", () => {
  it("says what Proxmox says, and leaves the same with time stamps beside the archive", async () => {
    const { status, log, path } = await test.backUp(110, {
      "notes-template": "{{guestname}} on {{node}}\\nid {{vmid}} of {{cluster}} \\\\n",
      protected: 1,
    });
    expect(status).toBe("OK");
    expect(log[0]).toMatch(/^INFO: starting new backup job: vzdump 110 --/);
    expect(log[0]).toContain("--notes-template '{{guestname}} on {{node}}\\nid {{vmid}} of {{cluster}} \\\\n'");
    expect(log.slice(1)).toEqual([
      "INFO: Starting Backup of VM 110 (lxc)",
      expect.stringMatching(/^INFO: Backup started at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
      "INFO: status = stopped",
      "INFO: backup mode: stop",
      "INFO: ionice priority: 7",
      "INFO: CT Name: ct110",
      "INFO: including mount point rootfs ('/') in backup",
      "INFO: including mount point mp0 ('/srv') in backup",
      "INFO: excluding volume mount point mp1 ('/cache') from backup (disabled)",
      `INFO: creating vzdump archive '${path}'`,
      expect.stringMatching(/^INFO: Total bytes written: \d+ \(.*\)$/),
      expect.stringMatching(/^INFO: archive file size: \d+KB$/),
      "INFO: adding notes to backup",
      "INFO: marking backup as protected",
      expect.stringMatching(/^INFO: Finished Backup of VM 110 \(00:00:0\d\)$/),
      expect.stringMatching(/^INFO: Backup finished at /),
      "INFO: Backup job finished successfully",
      "TASK OK",
    ]);
    const files = test.node.path(path);
    expect(await readFile(`${files}.notes`, "utf8")).toBe("ct110 on pve\nid 110 of standalone node \\n");
    expect(await readFile(`${files}.protected`, "utf8")).toBe("");
    const beside = (await readFile(files.replace(/\.tar\.zst$/, ".log"), "utf8")).trimEnd().split("\n");
    const kept = log.slice(1, -2).filter((line) => !/Backup (started|finished)/.test(line));
    expect(beside.map((line) => line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d /, ""))).toEqual(kept);
    expect(await test.config(110)).not.toHaveProperty("lock");
    expect((await dumps()).filter((name) => /\.(dat|tmp)$/.test(name))).toEqual([]);
  });

  it("names archives by the node's wall clock", async () => {
    const { path } = await test.backUp(110);
    const now = test.node.clock.seconds();
    const local = new Intl.DateTimeFormat("sv-SE", {
      timeZone: "Europe/Amsterdam",
      dateStyle: "short",
      timeStyle: "short",
    });
    expect(path).toContain(
      local
        .format(now * 1000)
        .replaceAll("-", "_")
        .replace(" ", "-")
        .replaceAll(":", "_"),
    );
  });

  it("carries hostile notes and paths as they are", async () => {
    const hostile = "a'; touch pwned; $(x) \"";
    const { log, volid } = await test.backUp(110, { "notes-template": hostile, "exclude-path": ["/x'y", "*.tmp"] });
    expect(log[0]).toContain("--exclude-path '/x'\\''y'");
    expect(await test.call("GET", `/nodes/pve/storage/local/content/${volid}`)).toMatchObject({ notes: hostile });
  });

  it("keeps back what exclude-path says, from the root and at any depth", async () => {
    await test.write("local:110/vm-110-disk-0.raw", "root/secret", "x");
    await test.write("local:110/vm-110-disk-0.raw", "root/a.tmp", "x");
    await test.write("local:110/vm-110-disk-1.raw", "deep/b.tmp", "x");
    await test.write("local:110/vm-110-disk-1.raw", "root/secret", "x");
    const { volid } = await test.backUp(110, { "exclude-path": ["/root/secret", "*.tmp"] });
    await test.restore(111, volid);
    const found = await Promise.all(
      [
        ["local:111/vm-111-disk-0.raw", "root/secret"],
        ["local:111/vm-111-disk-0.raw", "root/a.tmp"],
        ["local:111/vm-111-disk-1.raw", "deep/b.tmp"],
        ["local:111/vm-111-disk-1.raw", "root/secret"],
      ].map(([volume, file]) => test.read(volume ?? "", file ?? "")),
    );
    expect(found).toEqual([undefined, undefined, undefined, "x"]);
  });

  it("goes on after a guest that fails, and ends with job errors", async () => {
    await test.create(112);
    test.site.state.clockOffset += 2;
    const { status, log } = await test.task("POST", "/nodes/pve/vzdump", { vmid: "999,112", compress: "zstd" });
    expect(status).toBe("job errors");
    expect(log).toContainEqual(expect.stringMatching(/^INFO: Finished Backup of VM 112 \(00:00:0\d\)$/));
    expect(log).toContain("ERROR: Backup of VM 999 failed - unable to find VM '999'");
    expect(log.slice(-2)).toEqual(["INFO: Backup job finished with errors", "TASK ERROR: job errors"]);
  });

  it("fails for a locked guest and leaves its lock", async () => {
    const guest = test.node.cluster.guest(110);
    if (guest !== undefined) guest.configuration += "lock: rollback\n";
    expect((await test.backUp(110)).log).toContain("ERROR: Backup of VM 110 failed - CT is locked (rollback)");
    expect(await test.config(110)).toMatchObject({ lock: "rollback" });
  });

  it("fails for a volume that is not there", async () => {
    const guest = test.node.cluster.guest(110);
    if (guest !== undefined) guest.configuration = guest.configuration.replace("disk-1.raw", "disk-7.raw");
    expect((await test.backUp(110)).log).toContain(
      "ERROR: Backup of VM 110 failed - volume 'local:110/vm-110-disk-7.raw' does not exist",
    );
    expect(await test.config(110)).not.toHaveProperty("lock");
  });

  it("of a full storage leaves no archive, and the guest unlocked", async () => {
    test.site.faults.set("storage-full", { storage: "local" });
    const { log } = await test.backUp(110);
    expect(log).toContain("INFO: zstd: error 70 : Write error : cannot write block : No space left on device");
    expect(log.join("\n")).toMatch(
      /ERROR: Backup of VM 110 failed - command 'set -o pipefail && lxc-usernsexec .* tar cpf - --totals .* \| zstd --threads=1 >.*\.tar\.dat' failed: exit code 70/,
    );
    expect((await dumps()).filter((name) => !name.endsWith(".log"))).toEqual([]);
    expect(await test.config(110)).not.toHaveProperty("lock");
  });

  it("on a small disk fails once that is full, and not before", async () => {
    test.site.faults.set("small-disk", { storage: "local", bytes: "20000000000" });
    expect((await test.backUp(110)).status).toBe("OK");
    await writeFile(test.node.path("/var/lib/vz/dump/of-somebody"), "");
    await truncate(test.node.path("/var/lib/vz/dump/of-somebody"), 20_000_000_000);
    expect((await test.backUp(110)).status).toBe("job errors");
  });

  it("whose worker is killed leaves the guest locked; the next one fails for that", async () => {
    test.site.faults.set("worker-killed", { type: "vzdump", at: "archiving", times: "1" });
    expect((await test.backUp(110)).status).toBe("unexpected status");
    expect(await test.config(110)).toMatchObject({ lock: "backup" });
  });

  it("ends at once for a storage that is missing or takes no backups", async () => {
    expect((await test.task("POST", "/nodes/pve/vzdump", { vmid: 110, storage: "nope" })).status).toBe(
      "could not activate storage 'nope': storage 'nope' does not exist could not get storage information for 'nope': storage 'nope' does not exist",
    );
    expect((await test.task("POST", "/nodes/pve/vzdump", { vmid: 110, storage: "files" })).status).toBe(
      "could not get storage information for 'files': can't use storage 'files' for backups - wrong content type",
    );
  });
});

describe("a running container", () => {
  beforeEach(() => test.task("POST", "/nodes/pve/lxc/110/status/start"));

  it("is suspended where its storage has no snapshots, and goes on running", async () => {
    const { log } = await test.backUp(110);
    expect(log.filter((line) => /mode|suspend|resum|sync|online/.test(line))).toEqual([
      "INFO: mode failure - some volumes do not support snapshots",
      "INFO: trying 'suspend' mode instead",
      "INFO: backup mode: suspend",
      expect.stringMatching(/^INFO: starting first sync \/proc\/\d+\/root\/ to .*\.tmp$/),
      expect.stringMatching(/^INFO: first sync finished - transferred .* in \d+s$/),
      "INFO: suspending guest",
      expect.stringMatching(/^INFO: starting final sync/),
      expect.stringMatching(/^INFO: final sync finished/),
      "INFO: resuming guest",
      "INFO: guest is online again after <1 seconds",
    ]);
    expect(await test.call("GET", "/nodes/pve/lxc/110/status/current")).toMatchObject({ status: "running" });
  });

  it("is stopped and started again in mode stop", async () => {
    const { log } = await test.backUp(110, { mode: "stop" });
    const text = log.join("\n");
    expect(text.indexOf("INFO: stopping virtual guest")).toBeLessThan(text.indexOf("INFO: creating vzdump archive"));
    expect(text.indexOf("INFO: restarting vm")).toBeGreaterThan(text.indexOf("INFO: archive file size"));
    expect(await test.call("GET", "/nodes/pve/lxc/110/status/current")).toMatchObject({ status: "running" });
  });

  it("is backed up from a snapshot where all volumes have them", async () => {
    await test.create(112, { rootfs: "thin:1", mp0: "local:1,mp=/srv" });
    await test.task("POST", "/nodes/pve/lxc/112/status/start");
    const { status, log } = await test.backUp(112);
    expect(status).toBe("OK");
    expect(log).toEqual(
      expect.arrayContaining([
        "INFO: backup mode: snapshot",
        "INFO: create storage snapshot 'vzdump'",
        "INFO: cleanup temporary 'vzdump' snapshot",
      ]),
    );
    expect(await test.call("GET", "/nodes/pve/lxc/112/snapshot")).toHaveLength(1);
    expect(await test.config(112)).not.toHaveProperty("lock");
  });
});

function protect(volid: string | undefined, caller?: Caller): Promise<Json> {
  return test.call("PUT", `/nodes/pve/storage/local/content/${volid ?? ""}`, { protected: 1 }, caller);
}

describe("retention", () => {
  it("of the run removes archives with their notes and logs, of the storage when the run says nothing", async () => {
    const first = await test.backUp(110, { "notes-template": "first" });
    const { log } = await test.backUp(110, { "prune-backups": "keep-last=1" });
    expect(log).toEqual(
      expect.arrayContaining([
        "INFO: prune older backups with retention: keep-last=1",
        `INFO: removing backup '${first.volid}'`,
        "INFO: pruned 1 backup(s) not covered by keep-retention policy",
      ]),
    );
    expect(await dumps()).toHaveLength(2);
    const local = test.node.cluster.storage("local");
    if (local !== undefined) local.options["prune-backups"] = "keep-last=1";
    await test.backUp(110);
    expect((await dumps()).filter((name) => name.endsWith(".zst"))).toHaveLength(1);
  });

  it("never counts or removes a protected archive", async () => {
    const kept = await test.backUp(110, { protected: 1 });
    await test.backUp(110, { "prune-backups": "keep-last=1" });
    await test.backUp(110, { "prune-backups": "keep-last=1" });
    const names = (await dumps()).filter((name) => name.endsWith(".zst"));
    expect(names).toHaveLength(2);
    expect(kept.path).toContain(names[0] ?? "nothing");
  });

  it("with remove=0 is a limit that refuses the backup", async () => {
    const limited = { "prune-backups": "keep-last=2", remove: 0 };
    await test.backUp(110, limited);
    await test.backUp(110, limited);
    const { log } = await test.backUp(110, limited);
    expect(log[1]).toBe(
      "ERROR: Backup of VM 110 failed - There is a max backup limit of 2 enforced by the target storage or the vzdump parameters. Either increase the limit or delete old backups.",
    );
    expect((await test.backUp(110, { "prune-backups": "keep-all=1", remove: 0 })).status).toBe("OK");
  });

  it("limits protected archives to five for those who do not manage the storage", async () => {
    test.grant("operator@pve", "/vms", "VM.Backup");
    test.grant("operator@pve", "/storage", "Datastore.AllocateSpace");
    const volids: string[] = [];
    for (let number = 0; number < 6; number += 1) volids.push((await test.backUp(110)).volid);
    for (const volid of volids.slice(0, 5)) await protect(volid, operatorToken);
    await expect(protect(volids[5], operatorToken)).rejects.toThrow(
      "The number of protected backups per guest is limited to 5 on storage 'local'",
    );
    await protect(volids[5]);
  });
});

/** A run that has the lock, and keeps it for a while. @returns its UPID */
async function underWay(vmid: number): Promise<string> {
  test.site.faults.set("slow-storage", { storage: "local", milliseconds: "300" });
  const upid = String(await test.call("POST", "/nodes/pve/vzdump", { vmid }));
  while (!test.node.tasks.log(upid).some((line) => line.includes("Starting Backup"))) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return upid;
}

describe("runs of one node", () => {
  it("wait for each other", async () => {
    await test.create(112);
    const first = await underWay(110);
    const second = await test.task("POST", "/nodes/pve/vzdump", { vmid: 112 });
    expect([await test.node.tasks.wait(first), second.status]).toEqual(["OK", "OK"]);
    expect(second.log.slice(0, 2)).toEqual(["INFO: trying to get global lock - waiting...", "INFO: got global lock"]);
  });

  it("end without a last line where they may not wait", async () => {
    const first = await underWay(110);
    const second = await test.task("POST", "/nodes/pve/vzdump", { vmid: 110, lockwait: 0 });
    expect(await test.node.tasks.wait(first)).toBe("OK");
    expect(second.status).toBe("unexpected status");
    expect(second.log).toEqual(["ERROR: can't acquire lock '/var/run/vzdump.lock' (wait = 0)"]);
  });

  it("can be stopped: the guest is unlocked and nothing stays", async () => {
    await test.create(112);
    test.site.faults.set("slow-storage", { storage: "local", milliseconds: "300" });
    const upid = String(await test.call("POST", "/nodes/pve/vzdump", { vmid: "110,112" }));
    await new Promise((resolve) => setTimeout(resolve, 400));
    await test.node.tasks.stop(upid);
    expect(await test.node.tasks.wait(upid)).toBe("interrupted by signal");
    expect(test.node.tasks.log(upid).slice(-2)).toEqual([
      "ERROR: Backup job failed - interrupted by signal",
      "TASK ERROR: interrupted by signal",
    ]);
    for (const vmid of [110, 112]) expect(await test.config(vmid)).not.toHaveProperty("lock");
  });
});

describe("rights", () => {
  beforeEach(async () => {
    await test.create(112);
    test.grant("operator@pve", "/vms/110", "VM.Backup");
  });

  it("are needed on the storage, and for options of the run", async () => {
    const refused = async (parameters: Record<string, string | number>) =>
      test.refusal("POST", "/nodes/pve/vzdump", { vmid: 110, storage: "local", ...parameters }, operatorToken);
    expect((await refused({})).message).toBe("Permission check failed (/storage/local, Datastore.AllocateSpace)");
    test.grant("operator@pve", "/storage", "Datastore.AllocateSpace");
    expect((await refused({ "prune-backups": "keep-last=1" })).message).toBe(
      "Permission check failed (/storage/local, Datastore.Allocate)",
    );
    expect((await refused({ bwlimit: 100 })).message).toBe("Permission check failed (/, Sys.Modify)");
    expect((await refused({ script: "/bin/true" })).errors).toEqual({ script: "Only root may set this option." });
  });

  it("end a run with a guest that is named and not allowed; with all=1 it is left out", async () => {
    test.grant("operator@pve", "/storage", "Datastore.AllocateSpace");
    const named = await test.task("POST", "/nodes/pve/vzdump", { vmid: "110,112" }, operator);
    expect(named.status).toBe("403 Permission check failed (/vms/112, VM.Backup)");
    expect(named.log).toHaveLength(2);
    const all = await test.task("POST", "/nodes/pve/vzdump", { all: 1 }, operator);
    expect(all.status).toBe("OK");
    expect(all.log.filter((line) => line.includes("Starting Backup"))).toEqual([
      "INFO: Starting Backup of VM 110 (lxc)",
    ]);
  });
});

async function errors(
  parameters: Record<string, string | number>,
): Promise<Readonly<Record<string, string>> | undefined> {
  return (await test.refusal("POST", "/nodes/pve/vzdump", parameters)).errors;
}

describe("what is no backup run", () => {
  it("is refused: no selection, contradictions, unknown variables in the notes", async () => {
    expect(await errors({ storage: "local" })).toEqual({ vmid: "property is missing" });
    expect(await errors({ vmid: 110, all: 1 })).toEqual({ all: "option conflicts with option 'vmid'" });
    expect(await errors({ vmid: 110, storage: "local", "notes-template": "{{nope}} \\x" })).toEqual({
      "notes-template": "found unknown: escape sequence '\\x' at char 9, variable 'nope' at char 4\n",
    });
    expect(await errors({ vmid: 110, protected: 1 })).toEqual({ storage: "missing property required by 'protected'" });
  });

  it("is a run without guests of this node", async () => {
    test.node.cluster.state.access.pools.push({ poolid: "empty", vmids: [], storages: [] });
    expect(await test.call("POST", "/nodes/pve/vzdump", { pool: "empty" })).toBe("OK");
  });

  it("is a folder of the node for anybody but root", async () => {
    const folder = "/mnt/elsewhere";
    await mkdir(test.node.path(folder), { recursive: true });
    const { status, path } = await test.backUp(110, { dumpdir: folder });
    expect(status).toBe("OK");
    expect(dirname(path)).toBe(folder);
  });
});
