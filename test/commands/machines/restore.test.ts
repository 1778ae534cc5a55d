import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { MachineSite, node } from "./machine-site";

let site: MachineSite;

beforeAll(async () => {
  site = await MachineSite.start([
    { id: 120, name: "db" },
    { id: 121, name: "app" },
    { id: 122, name: "cache", options: { scsi2: "local:0.00390625,backup=0,format=qcow2" } },
    { id: 123, name: "shop" },
    { id: 124, name: "late" },
    { id: 125, name: "quiet" },
    { id: 126, name: "disc" },
  ]);
});

afterAll(() => site.stop());

test("in place: proven by its agent, with a save point, and back with undo [D1, D6, D16]", async () => {
  await site.writeDisk(120, "scsi0", "saved");
  await site.writeDisk(120, "scsi1", "data");
  await site.backUp(120);
  await site.writeDisk(120, "scsi0", "later");
  const before = await site.config(120);
  const result = await site.lifeboat(["restore", "guest", "db", "--force", "--stop"]);
  expect(result.code === 0 ? "" : result.stderr).toBe("");
  expect([await site.readDisk(120, "scsi0"), await site.readDisk(120, "scsi1"), await site.running(120)]).toEqual([
    "saved",
    "data",
    true,
  ]);
  const after = await site.config(120);
  expect(after).toMatchObject({ net0: before["net0"], ipconfig0: before["ipconfig0"], smbios1: before["smbios1"] });
  expect(after["vmgenid"]).not.toBe(before["vmgenid"]);
  const back = await site.lifeboat(["undo", "db", "--force", "--stop"]);
  expect(back.code === 0 ? "" : back.stderr).toBe("");
  expect([await site.readDisk(120, "scsi0"), await site.running(120)]).toEqual(["later", true]);
});

test("an agent that does not answer leaves the machine restored and not proven: 3 [D6]", async () => {
  await site.backUp(125);
  await site.fault("agent-silent", { vmid: "125" });
  const result = await site.lifeboat(["restore", "guest", "quiet", "--force", "--stop", "--check-timeout", "1"]);
  await site.clearFaults();
  expect(result.code).toBe(3);
  expect(result.stdout + result.stderr).toMatch(/check 'agent' failed \(.*QEMU guest agent is not running/u);
  expect(await site.running(125)).toBe(true);
});

test("a machine that does not start is told as that, and no check waits for it [D6]", async () => {
  const disc = site.nodePath(node, "var/lib/vz/template/iso/tools.iso");
  mkdirSync(dirname(disc), { recursive: true });
  writeFileSync(disc, "disc");
  await site.halt(126);
  const root = site.rootClient();
  await root.guests.setGuestConfig({ node, type: "qemu", vmid: 126 }, { ide3: "local:iso/tools.iso,media=cdrom" });
  await root.close();
  await site.backUp(126);
  rmSync(disc);
  const result = await site.lifeboat(["restore", "guest", "disc", "--force", "--json"]);
  expect(result.code).toBe(3);
  expect(result.stdout).toMatch(
    /disc is restored, and does not start: .*volume 'local:iso\/tools.iso' does not exist/u,
  );
  expect(site.requests().filter(({ path }) => path.endsWith("/126/agent/ping")).length).toBe(1);
});

test("a template is refused, by its archive and by what it is now [D16]", async () => {
  await site.halt(126);
  await site.client.guests.setGuestConfig({ node, type: "qemu", vmid: 126 }, { delete: "ide3" }).catch(() => undefined);
  const plain = await site.backUp(126);
  await site.client.guests.setGuestConfig({ node, type: "qemu", vmid: 126 }, { template: true });
  const template = await site.backUp(126);
  for (const [archive, sentence] of [
    [plain, "disc is a template"],
    [template, "holds a template"],
  ] as const) {
    const result = await site.lifeboat(["restore", "guest", "disc", "--archive", archive, "--force"]);
    expect([result.code, result.stderr]).toEqual([13, expect.stringContaining(sentence)]);
  }
});

test("live from a file is refused before anything is asked for, since Proxmox has none [D1, K2]", async () => {
  const volid = await site.backUp(121);
  const refused = await site.lifeboat(["restore", "guest", "app", "--live", "--force", "--stop"]);
  expect([refused.code, refused.stderr]).toEqual([
    13,
    expect.stringContaining(`Proxmox restores live from a Proxmox Backup Server only, and ${volid} is a file`),
  ]);
  expect(await site.running(121)).toBe(true);
});

test("beside: another MAC, no address and no autostart, the original untouched [D2, D10]", async () => {
  await site.writeDisk(121, "scsi0", "one");
  await site.backUp(121);
  await site.writeDisk(121, "scsi0", "two");
  const original = await site.config(121);
  const result = await site.lifeboat(["restore", "guest", "app", "--target-id", "next", "--force"]);
  expect(result.code === 0 ? "" : result.stderr).toBe("");
  const copy = await site.config(100);
  expect(copy).toMatchObject({ name: "app-100", onboot: "0", net0: expect.stringContaining("link_down=1") });
  expect(copy["net0"]).not.toContain("BC:24:11:00:02:21");
  expect(copy["ipconfig0"] ?? "").not.toContain("192.0.2.121");
  expect(copy["smbios1"]).not.toBe(original["smbios1"]);
  expect([await site.readDisk(100, "scsi0"), await site.readDisk(121, "scsi0")]).toEqual(["one", "two"]);
  expect(await site.config(121)).toEqual(original);
  const back = await site.lifeboat(["undo", "app", "--force"]);
  expect(back.code === 0 ? "" : back.stderr).toBe("");
  expect(await site.client.guests.exists({ node, type: "qemu", vmid: 100 })).toBe(false);
});

test("a disk that no backup holds stays on the machine with its content, and leaves no trace in the notes [D7, D14]", async () => {
  await site.writeDisk(122, "scsi2", "kept");
  await site.backUp(122);
  const before = await site.config(122);
  const plan = await site.lifeboat(["restore", "guest", "cache", "--dry-run"]);
  expect(plan.stdout).toContain("put scsi2 back into cache: no backup holds it, and it stays as now");
  const result = await site.lifeboat(["restore", "guest", "cache", "--force", "--stop"]);
  expect(result.code === 0 ? "" : result.stderr).toBe("");
  const { digest: _now, vmgenid: _generation, ...after } = await site.config(122);
  const { digest: _then, vmgenid: _former, ...kept } = before;
  expect(after).toEqual(kept);
  expect([await site.readDisk(122, "scsi2"), await site.running(122)]).toEqual(["kept", true]);
});

test("a disk that came after the archive, and one whose content nothing saves, are losses to be consented to [D5, D7]", async () => {
  await site.backUp(124);
  await site.halt(124);
  const changes = { scsi1: "data:124/vm-124-disk-0.qcow2,backup=0", scsi3: "local:0.00390625,format=qcow2" };
  await site.client.guests.setGuestConfig({ node, type: "qemu", vmid: 124 }, changes);
  const refused = await site.lifeboat(["restore", "guest", "late", "--force"]);
  expect(refused.code).toBe(13);
  expect(refused.stderr).toMatch(/no backup holds what is in scsi1 now/u);
  expect(refused.stderr).toMatch(/the archive does not know scsi3, which would stay as an unused disk/u);
  const result = await site.lifeboat(["restore", "guest", "late", "--force", "--accept-loss"]);
  expect(result.code === 0 ? "" : result.stderr).toBe("");
  expect(await site.config(124)).toMatchObject({ unused0: "local:124/vm-124-disk-1.qcow2" });
});

test("a snapshot with memory is rolled back to, and the machine goes on [D12]", async () => {
  await site.writeDisk(123, "scsi0", "one");
  const taken = await site.client.post(["nodes", node, "qemu", "123", "snapshot"], { snapname: "live", vmstate: 1 });
  await site.client.tasks.wait(String(taken));
  await site.writeDisk(123, "scsi0", "two");
  const result = await site.lifeboat(["restore", "snapshot", "shop", "live", "--force", "--stop"]);
  expect(result.code === 0 ? "" : result.stderr).toBe("");
  expect([await site.readDisk(123, "scsi0"), await site.running(123)]).toEqual(["one", true]);
});
