import { open, readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { TestSite } from "./support";

/** Virtual machines as the memory driver runs them: power, agent, snapshots, backups and restores. */
let site: TestSite;

beforeEach(async () => {
  site = await TestSite.open();
});

afterEach(() => site.close());

const DISK = "local:120/vm-120-disk-0.qcow2";
const DATA = "data:120/vm-120-disk-0.raw";

async function machine(parameters: Record<string, string> = {}): Promise<void> {
  const { status } = await site.task("POST", "/nodes/pve/qemu", {
    vmid: 120,
    name: "db",
    agent: "1",
    memory: "256",
    scsi0: "local:0.0625,format=qcow2",
    virtio1: "data:0.03125,backup=0",
    net0: "virtio=BC:24:11:00:00:20,bridge=vmbr0",
    ipconfig0: "ip=192.0.2.120/24,gw=192.0.2.1",
    ...parameters,
  });
  expect(status).toBe("OK");
}

function path(volid: string): string {
  const volume = site.node.cluster.state.volumes.find((one) => one.volid === volid);
  if (volume === undefined) throw new Error(`there is no volume ${volid}`);
  return site.node.path(volume.path);
}

async function write(volid: string, text: string): Promise<void> {
  const file = await open(path(volid), "r+");
  await file.write(text, 4096);
  await file.close();
}

async function read(volid: string, length: number): Promise<string> {
  return (await readFile(path(volid))).toString("utf8", 4096, 4096 + length);
}

/** The answer to a command that the agent is told to run. */
async function started(...[method, place, parameters]: Parameters<TestSite["call"]>): Promise<{ pid: number }> {
  return { pid: 0, ...((await site.call(method, place, parameters)) as object) };
}

async function run(action: string, parameters: Record<string, string> = {}): Promise<string> {
  return (await site.task("POST", `/nodes/pve/qemu/120/${action}`, parameters)).status;
}

async function state(): Promise<Record<string, unknown>> {
  return { ...((await site.call("GET", "/nodes/pve/qemu/120/status/current")) as object) };
}

async function config(): Promise<Record<string, unknown>> {
  return { ...((await site.call("GET", "/nodes/pve/qemu/120/config")) as object) };
}

async function restore(parameters: Record<string, string | number>): Promise<{ status: string; log: string[] }> {
  return site.task("POST", "/nodes/pve/qemu", parameters);
}

describe("power", () => {
  it("starts, is held and goes on, shuts down, and says so", async () => {
    await machine();
    expect(await state()).toMatchObject({ status: "stopped", qmpstatus: "stopped" });
    expect(await run("status/start")).toBe("OK");
    expect(await state()).toMatchObject({ status: "running", qmpstatus: "running", maxmem: 268_435_456 });
    expect(await run("status/start")).toBe("VM 120 already running");
    expect(await run("status/suspend")).toBe("OK");
    expect(await state()).toMatchObject({ status: "running", qmpstatus: "paused" });
    expect(await site.refusal("POST", "/nodes/pve/qemu/120/status/shutdown")).toMatchObject({
      message: "VM is paused - cannot shutdown",
    });
    expect(await run("status/resume")).toBe("OK");
    expect(await run("status/reboot")).toBe("OK");
    expect(await run("status/shutdown")).toBe("OK");
    expect(await state()).toMatchObject({ status: "stopped" });
    expect(await run("status/stop")).toBe("OK");
  });

  it("lets the agent answer of a running machine, unless it is silent", async () => {
    await machine();
    const interfaces = "/nodes/pve/qemu/120/agent/network-get-interfaces";
    expect(await site.refusal("GET", interfaces)).toMatchObject({ message: "VM 120 is not running" });
    await run("status/start");
    expect(await site.call("POST", "/nodes/pve/qemu/120/agent/ping")).toEqual({ result: {} });
    expect(await site.call("GET", interfaces)).toMatchObject({
      result: [{ name: "lo" }, { name: "eth0", "ip-addresses": [{ "ip-address": "192.0.2.120", prefix: 24 }] }],
    });
    site.site.faults.set("agent-silent", { vmid: "120" });
    expect(await site.refusal("GET", interfaces)).toMatchObject({ message: "QEMU guest agent is not running" });
  });

  it("lets the agent run a command and tell once how it ended, with the bytes that it printed", async () => {
    await machine();
    await run("status/start");
    const agent = "/nodes/pve/qemu/120/agent";
    const script = "echo grün; sleep 0.05; exit 3";
    const { pid } = await started("POST", `${agent}/exec`, { command: ["/bin/sh", "-c", script] });
    expect(await site.call("GET", `${agent}/exec-status`, { pid })).toEqual({ exited: 0 });
    await pause(60);
    expect(await site.call("GET", `${agent}/exec-status`, { pid })).toEqual({
      exited: 1,
      exitcode: 3,
      "out-data": "grÃ¼n\n",
    });
    expect(await site.refusal("GET", `${agent}/exec-status`, { pid })).toMatchObject({
      status: 500,
      message: `Agent error: PID ${String(pid)} does not exist`,
    });
    expect(await site.refusal("POST", `${agent}/exec`, { command: ["/bin/none"] })).toMatchObject({
      message: expect.stringContaining("Failed to execute child process"),
    });
  });

  it("keeps a change of its devices for the next start", async () => {
    await machine();
    await run("status/start");
    await site.call("PUT", "/nodes/pve/qemu/120/config", { cores: 2, name: "db2", delete: "virtio1" });
    const now = await site.call("GET", "/nodes/pve/qemu/120/config", { current: 1 });
    expect(now).toMatchObject({ name: "db2", virtio1: `${DATA},backup=0,size=32M` });
    expect(now).not.toHaveProperty("cores");
    const later = await config();
    expect(later).toMatchObject({ name: "db2", cores: 2 });
    expect(later).not.toHaveProperty("virtio1");
    expect(await site.call("GET", "/nodes/pve/qemu/120/pending")).toEqual(
      expect.arrayContaining([
        { key: "cores", pending: 2 },
        { key: "virtio1", value: `${DATA},backup=0,size=32M`, delete: 1 },
      ]),
    );
    await run("status/shutdown");
    await run("status/start");
    expect(await config()).toMatchObject({ cores: 2, unused0: DATA });
    expect(await config()).not.toHaveProperty("virtio1");
  });
});

describe("snapshots", () => {
  it("brings disks and configuration back, as another generation", async () => {
    await machine({ virtio1: "data:0.03125,format=qcow2" });
    const { vmgenid } = await config();
    await write(DISK, "before");
    await run("status/start");
    expect(await run("snapshot", { snapname: "first", description: "one" })).toBe("OK");
    await write(DISK, "after!");
    await site.call("PUT", "/nodes/pve/qemu/120/config", { name: "changed" });
    expect(await run("snapshot/first/rollback")).toBe("OK");
    expect(await read(DISK, 6)).toBe("before");
    const back = await config();
    expect(back).toMatchObject({ name: "db", parent: "first" });
    expect(back["vmgenid"]).not.toBe(vmgenid);
    expect(await state()).toMatchObject({ status: "stopped" });
    const removed = await site.task("DELETE", "/nodes/pve/qemu/120/snapshot/first");
    expect([removed.status, await config()]).toEqual(["OK", expect.not.objectContaining({ parent: "first" })]);
  });

  it("with memory goes on running after a rollback", async () => {
    await machine({ virtio1: "data:0.03125,format=qcow2" });
    await run("status/start");
    expect(await run("snapshot", { snapname: "live", vmstate: "1" })).toBe("OK");
    expect(await site.call("GET", "/nodes/pve/qemu/120/snapshot")).toMatchObject([
      { name: "live", vmstate: 1 },
      { name: "current", running: 1, parent: "live" },
    ]);
    await run("status/stop");
    expect(await run("snapshot/live/rollback")).toBe("OK");
    expect(await state()).toMatchObject({ status: "running" });
    expect((await site.task("DELETE", "/nodes/pve/qemu/120/snapshot/live")).status).toBe("OK");
    expect(site.volids).not.toContainEqual(expect.stringContaining("state-live"));
  });

  it("are refused where a disk is a plain file", async () => {
    await machine();
    expect(await run("snapshot", { snapname: "first" })).toBe("snapshot feature is not available");
  });
});

describe("a backup", () => {
  it("of a running machine is of one moment, and says what Proxmox says", async () => {
    await machine();
    await write(DISK, "saved");
    await run("status/start");
    const { log, volid } = await site.backUp(120);
    const lines = log.map((line) => line.replace(/^INFO: /u, ""));
    expect(lines).toEqual(
      expect.arrayContaining([
        "status = running",
        "backup mode: snapshot",
        "VM Name: db",
        `include disk 'scsi0' '${DISK}' 64M`,
        `exclude disk 'virtio1' '${DATA}' (backup=no)`,
        "issuing guest-agent 'fs-freeze' command",
        "issuing guest-agent 'fs-thaw' command",
        expect.stringMatching(/^100% \(64\.0 MiB of 64\.0 MiB\) in \d+s, read: /u),
        expect.stringMatching(/^backup is sparse: 6\d\.\d\d MiB \(9\d%\) total zero data$/u),
        expect.stringMatching(/^transferred 64\.00 MiB in /u),
      ]),
    );
    expect(lines.indexOf("issuing guest-agent 'fs-thaw' command")).toBeGreaterThan(
      lines.indexOf("issuing guest-agent 'fs-freeze' command"),
    );
    expect(await state()).toMatchObject({ status: "running" });
    expect(await site.call("GET", "/nodes/pve/vzdump/extractconfig", { volume: volid })).toMatch(
      /^agent: 1\n[^]*#qmdump#map:scsi0:drive-scsi0:local:qcow2:\n$/u,
    );
  });

  it("goes on without freezing where the agent is silent", async () => {
    await machine();
    await run("status/start");
    site.site.faults.set("agent-silent", { vmid: "120" });
    const { log } = await site.backUp(120);
    expect(log.join("\n")).toContain("skipping guest filesystem freeze - agent configured but not running?");
  });

  it("stops and starts the machine again in the mode for it", async () => {
    await machine();
    await run("status/start");
    const { log } = await site.backUp(120, { mode: "stop" });
    expect(log.join("\n")).toMatch(/stopping virtual guest[^]*resuming VM again after \d+ seconds/u);
    expect(await state()).toMatchObject({ status: "running" });
  });
});

describe("a restore", () => {
  it("in place frees the disks that come back, and keeps what the archive does not hold as unused and as a note", async () => {
    await machine({ description: "notes of db" });
    await write(DISK, "saved");
    const { volid } = await site.backUp(120);
    await write(DISK, "later");
    await write(DATA, "other");
    const before = await config();
    const { status, log } = await restore({ vmid: 120, archive: volid, force: 1 });
    expect(status).toBe("OK");
    expect(log.join("\n")).toContain(`map 'drive-scsi0' to '/var/lib/vz/images/120/vm-120-disk-0.qcow2'`);
    expect(await read(DISK, 5)).toBe("saved");
    const after = await config();
    expect(after).toMatchObject({
      scsi0: `${DISK},size=64M`,
      unused0: DATA,
      net0: before["net0"],
      smbios1: before["smbios1"],
      description: `notes of db\nvirtio1: ${DATA},backup=0,size=32M`,
    });
    expect(after).not.toHaveProperty("virtio1");
    expect(after["vmgenid"]).not.toBe(before["vmgenid"]);
    expect(await read(DATA, 5)).toBe("other");
  });

  it("beside makes another machine, with what the request says", async () => {
    await machine();
    await write(DISK, "saved");
    const { volid } = await site.backUp(120, { compress: "zstd" });
    const wanted = { vmid: 121, archive: volid, storage: "data", unique: 1, name: "copy", ipconfig0: "ip=dhcp" };
    expect((await restore(wanted)).status).toBe("OK");
    const copy = (await site.call("GET", "/nodes/pve/qemu/121/config")) as Record<string, string>;
    expect(copy).toMatchObject({ name: "copy", ipconfig0: "ip=dhcp", scsi0: "data:121/vm-121-disk-0.qcow2,size=64M" });
    expect(copy["net0"]).not.toContain("BC:24:11:00:00:20");
    expect((await readFile(path("data:121/vm-121-disk-0.qcow2"))).toString("utf8", 4096, 4101)).toBe("saved");
    expect(await config()).toMatchObject({ name: "db", scsi0: `${DISK},size=64M` });
  });

  it("that fails leaves what there is: a placeholder, with the old disks gone", async () => {
    await machine();
    const { volid, path: file } = await site.backUp(120, { compress: "0" });
    const whole = await readFile(site.node.path(file));
    const cut = await open(site.node.path(file), "r+");
    await cut.truncate(whole.length - 30);
    await cut.close();
    const { status, log } = await restore({ vmid: 120, archive: volid, force: 1 });
    expect(status).toMatch(/^command 'set -o pipefail && .*vma extract -v -r .*' failed: exit code \d+$/u);
    expect(log.join("\n")).toContain("VM 120 state is NOT cleaned up.");
    expect(await config()).toEqual({ memory: "128", digest: expect.any(String) });
    expect(site.volids).toEqual([DATA]);
  });
});
