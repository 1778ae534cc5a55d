import { MachineSite, node } from "./machine-site";

let site: MachineSite;

/** A machine with UEFI, its keys enrolled, and a TPM. */
const uefi = {
  bios: "ovmf",
  efidisk0: "local:1,efitype=4m,pre-enrolled-keys=1,format=qcow2",
  tpmstate0: "data:1,version=v2.0",
};

beforeAll(async () => {
  site = await MachineSite.start([
    { id: 150, name: "win", options: uefi },
    { id: 151, name: "moved", options: { scsi1: "old:0.00390625,format=qcow2" }, stopped: true },
    { id: 152, name: "seeded", options: { ide2: "old:cloudinit" }, stopped: true },
    { id: 153, name: "passed", stopped: true },
    { id: 154, name: "bios", options: { efidisk0: "local:1,efitype=4m,format=qcow2" } },
    { id: 155, name: "snap" },
  ]);
});

afterAll(() => site.stop());

async function contentsOf(vmid: number, ...keys: string[]): Promise<(string | undefined)[]> {
  return Promise.all(keys.map((key) => site.readDisk(vmid, key)));
}

async function expectDone(...argv: string[]): Promise<string> {
  const { code, stdout, stderr } = await site.lifeboat(argv);
  expect(code === 0 ? "" : stderr).toBe("");
  return stdout;
}

test("UEFI's variables and the TPM's state come back in place with content, kind and size [D1, D14]", async () => {
  await site.writeDisk(150, "efidisk0", "keys then");
  await site.writeDisk(150, "tpmstate0", "sealed then");
  await site.backUp(150);
  await site.writeDisk(150, "efidisk0", "keys now");
  await site.writeDisk(150, "tpmstate0", "sealed now");
  await expectDone("restore", "guest", "win", "--force", "--stop");
  expect(await contentsOf(150, "efidisk0", "tpmstate0")).toEqual(["keys then", "sealed then"]);
  expect(await site.config(150)).toMatchObject({
    bios: "ovmf",
    efidisk0: expect.stringMatching(/^local:150\/.*efitype=4m,pre-enrolled-keys=1,size=528K$/u),
    tpmstate0: expect.stringMatching(/^data:150\/.*size=4M,version=v2\.0$/u),
  });
  await expectDone("undo", "win", "--force", "--stop");
  expect(await contentsOf(150, "efidisk0", "tpmstate0")).toEqual(["keys now", "sealed now"]);
});

test("a copy has them of its own, also on another storage that takes disks of machines only [D5, D10, D14]", async () => {
  const plan = await site.lifeboat(["restore", "guest", "win", "--target-id", "950", "--storage", "fast", "--dry-run"]);
  expect(plan.stdout).toMatch(/fast on pve-prod: up to 20\.5 MiB/u);
  await expectDone("restore", "guest", "win", "--target-id", "950", "--storage", "fast", "--force");
  expect(await contentsOf(950, "efidisk0", "tpmstate0")).toEqual(["keys then", "sealed then"]);
  const { efidisk0, tpmstate0, scsi0, scsi1, ide2 } = await site.config(950);
  for (const drive of [efidisk0, tpmstate0, scsi0, scsi1, ide2]) expect(drive).toMatch(/^fast:950\//u);
  expect(await site.config(150)).toMatchObject({ efidisk0: expect.stringMatching(/^local:150\//u) });
});

test("a BIOS machine's forgotten EFI disk is in no backup and stays as it is [D7, D14]", async () => {
  await site.writeDisk(154, "efidisk0", "idle then");
  await site.backUp(154);
  await site.writeDisk(154, "efidisk0", "idle now");
  const before = await site.config(154);
  await expectDone("restore", "guest", "bios", "--force", "--stop");
  expect(await contentsOf(154, "efidisk0")).toEqual(["idle now"]);
  expect((await site.config(154))["efidisk0"]).toBe(before["efidisk0"]);
});

describe("a storage of the archive's that is no more", () => {
  beforeAll(async () => {
    await site.backUp(151);
    await site.backUp(152);
    const root = site.rootClient();
    await root.delete(["storage", "old"]);
    await root.close();
  });

  test.each([
    ["moved", 951],
    ["seeded", 952],
  ])("of %s: it is said before anything is asked for, and another takes its place [D9, D14]", async (name, copy) => {
    const argv = ["restore", "guest", name, "--target-id", String(copy), "--force"];
    const refused = await site.lifeboat(argv);
    expect([refused.code, refused.stderr]).toEqual([
      13,
      expect.stringContaining("storage old is not there on pve-prod, or the token may not use it"),
    ]);
    expect(refused.stderr).toMatch(/HINT: put all volumes on another one with --storage \((?:\w+, )*fast/u);
    expect(refused.stderr).not.toMatch(/\(.*backup.*\)/u);
    await expectDone(...argv, "--storage", "fast");
    expect(await site.running(copy)).toBe(true);
  });

  test("one that takes no disks of machines is refused as that [D9]", async () => {
    const refused = await site.lifeboat(["restore", "guest", "moved", "--target-id", "953", "--storage", "backup"]);
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining("storage backup does not take disks of virtual machines"),
    ]);
  });
});

async function set(vmid: number, options: Record<string, string>): Promise<void> {
  const root = site.rootClient();
  await root.guests.setGuestConfig({ node, type: "qemu", vmid }, options);
  await root.close();
}

describe("what is the node's", () => {
  test("a real device comes back for root@pam only, which is said before; a port that is none does no harm [D8, D16]", async () => {
    await set(153, { usb0: "host=0bda:8153", usb1: "spice", serial0: "socket" });
    await site.backUp(153);
    for (const target of [[], ["--target-id", "954"]]) {
      const refused = await site.lifeboat(["restore", "guest", "passed", ...target, "--force"]);
      expect([refused.code, refused.stderr]).toEqual([
        13,
        expect.stringContaining(
          "the archive has devices of the node, which only root@pam may restore: usb0 (host=0bda:8153)",
        ),
      ]);
    }
  });

  test("a copy that would speak QEMU's own words for its original is not started, and the words to mend it are qm's [D10, D16]", async () => {
    await set(153, { delete: "usb0", args: "-monitor unix:/run/passed.sock,server,nowait" });
    await site.backUp(153);
    const done = await site.lifeboat(["restore", "guest", "passed", "--target-id", "954", "--force", "--json"]);
    expect(done.code === 0 ? "" : done.stderr).toBe("");
    expect([done.code, JSON.parse(done.stdout).findings, await site.running(954)]).toEqual([
      0,
      [expect.objectContaining({ severity: "todo", mend: "qm set 954 --delete args && qm start 954" })],
      false,
    ]);
  });

  test("a lock and Proxmox's protection are taken off with qm [D8]", async () => {
    await set(153, { protection: "1" });
    const refused = await site.lifeboat(["restore", "guest", "passed", "--force"]);
    expect([refused.code, refused.stderr]).toEqual([13, expect.stringContaining("qm set 153 --protection 0")]);
  });
});

async function take(snapname: string, vmstate: boolean): Promise<void> {
  const upid = await site.client.post(["nodes", node, "qemu", "155", "snapshot"], { snapname, vmstate });
  await site.client.tasks.wait(String(upid));
}

describe("snapshots", () => {
  test("without memory the machine starts anew from the disks of then; with memory it goes on [D12]", async () => {
    await site.writeDisk(155, "scsi0", "one");
    await take("cold", false);
    await site.writeDisk(155, "scsi0", "two");
    await take("warm", true);
    await site.writeDisk(155, "scsi0", "three");
    for (const [name, content] of [
      ["cold", "one"],
      ["warm", "two"],
    ] as const) {
      await expectDone("restore", "snapshot", "snap", name, "--force", "--stop");
      expect([await contentsOf(155, "scsi0"), await site.running(155)]).toEqual([[content], true]);
    }
  });

  test("a restore in place takes all of them and their memory, says so, and leaves no volume behind [D7, D16]", async () => {
    await site.backUp(155);
    const state = async (): Promise<string[]> =>
      (await site.client.backups.volumesOf(node, "local", 155)).flatMap(({ volid }) =>
        volid.includes("-state-") ? [volid] : [],
      );
    expect(await state()).not.toEqual([]);
    const refused = await site.lifeboat(["restore", "guest", "snap", "--force", "--stop"]);
    expect([refused.code, refused.stderr]).toEqual([
      13,
      expect.stringMatching(/the archive has nothing for .*snapshot cold, snapshot warm, which would be lost/u),
    ]);
    await expectDone("restore", "guest", "snap", "--force", "--stop", "--accept-loss");
    expect([await state(), await site.client.guests.snapshots({ node, type: "qemu", vmid: 155 })]).toEqual([[], []]);
  });
});
