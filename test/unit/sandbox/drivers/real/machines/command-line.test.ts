import type { MachineDrive, MachineSpec } from "../../../../../sandbox/drivers/machines";
import { qemuWords } from "../../../../../sandbox/drivers/real/machines/command-line";

const machine: MachineSpec = {
  node: "pve-lab",
  vmid: 110,
  name: "shop",
  memory: 2048,
  cores: 8,
  drives: [],
  cards: [],
  boot: [],
  uuid: undefined,
  agent: false,
};

function words(other: Partial<MachineSpec>): string[] {
  return qemuWords({ ...machine, ...other }, { name: "site-110", processors: 2, device: () => "v1-110i0" });
}

/** What follows each use of an option, as JSON where it is. */
function options(line: readonly string[], option: string): unknown[] {
  const values = line.flatMap((word, index) => (line[index - 1] === option ? [word] : []));
  return values.map((value): unknown => (value.startsWith("{") ? JSON.parse(value) : value));
}

function drive(key: string, other: Partial<MachineDrive> = {}): MachineDrive {
  return { key, image: { path: "/x/disk,a.raw", format: "raw" }, isDisc: false, ...other };
}

test("name, memory, processors and identity are the machine's, with as many processors as there are", () => {
  const line = words({ uuid: "5b0f3c4e-6a1d-4d2b-9a7e-0c1d2e3f4a5b" });
  expect(options(line, "-name")).toEqual(["site-110"]);
  expect(options(line, "-m")).toEqual(["2048"]);
  expect(options(line, "-smp")).toEqual(["2"]);
  expect(options(words({ cores: 1 }), "-smp")).toEqual(["1"]);
  expect(options(line, "-uuid")).toEqual(["5b0f3c4e-6a1d-4d2b-9a7e-0c1d2e3f4a5b"]);
  expect(words({})).not.toContain("-uuid");
});

test.each([
  ["scsi3", "virtio-scsi-pci,id=scsihw0", { driver: "scsi-hd", bus: "scsihw0.0", lun: 3 }],
  ["virtio1", undefined, { driver: "virtio-blk-pci" }],
  ["sata2", "ahci,id=ahci0", { driver: "ide-hd", bus: "ahci0.2" }],
  ["ide3", undefined, { driver: "ide-hd", bus: "ide.1", unit: 1 }],
])("a drive %s is at its place", (key, controller, device) => {
  const devices = options(words({ drives: [drive(key)] }), "-device");
  expect(devices).toContainEqual(expect.objectContaining({ ...device, id: key, drive: `drive-${key}` }));
  if (controller !== undefined) expect(devices.filter((found) => found === controller)).toHaveLength(1);
});

test("a disk of any name and format is written to, a disc is only read, and a drive may be empty", () => {
  const seed = drive("ide2", { image: { path: "/x/seed.qcow2", format: "qcow2" }, isDisc: true });
  const line = words({ drives: [drive("scsi0"), seed, drive("sata0", { image: undefined, isDisc: true })] });
  expect(options(line, "-blockdev")).toEqual([
    expect.objectContaining({
      driver: "raw",
      "node-name": "drive-scsi0",
      "read-only": false,
      file: { driver: "file", filename: "/x/disk,a.raw" },
    }),
    expect.objectContaining({ driver: "qcow2", "node-name": "drive-ide2", "read-only": true }),
  ]);
  expect(options(line, "-device")).toContainEqual({ driver: "ide-cd", bus: "ahci0.0", id: "sata0" });
});

test("what EFI and a TPM keep is no drive of the machine, and a key without a place is refused", () => {
  const line = words({ drives: [drive("efidisk0"), drive("tpmstate0")] });
  expect(options(line, "-blockdev")).toEqual([]);
  expect(() => words({ drives: [drive("floppy0")] })).toThrow("no place for a drive 'floppy0'");
});

test("cards are of their model, and drives and cards are booted in the order given and no others", () => {
  const card = { bridge: "vmbr0", hardwareAddress: "BC:24:11:00:00:01", linkDown: false, firewall: false };
  const line = words({
    drives: [drive("scsi0"), drive("scsi1")],
    cards: [
      { ...card, number: 0, model: "virtio", addresses: [] },
      { ...card, number: 1, model: "e1000", addresses: [] },
    ],
    boot: ["net0", "scsi1"],
  });
  expect(options(line, "-netdev")).toContainEqual({
    type: "tap",
    id: "net0",
    ifname: "v1-110i0",
    script: "no",
    downscript: "no",
  });
  const devices = options(line, "-device");
  expect(devices).toContainEqual({
    driver: "virtio-net-pci",
    id: "net0",
    netdev: "net0",
    mac: "BC:24:11:00:00:01",
    romfile: "",
    bootindex: 1,
  });
  expect(devices).toContainEqual(expect.objectContaining({ driver: "e1000", id: "net1" }));
  expect(devices).toContainEqual(expect.objectContaining({ id: "scsi1", bootindex: 2 }));
  expect(JSON.stringify(devices).match(/bootindex/gu)).toHaveLength(2);
});

test("the agent has a channel only where the machine has it", () => {
  const channel = "virtserialport,chardev=agent,name=org.qemu.guest_agent.0";
  expect(options(words({ agent: true }), "-device")).toContain(channel);
  expect(options(words({}), "-device")).not.toContain(channel);
});
