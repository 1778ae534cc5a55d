import { canSnapshot, goesBackToNewestOnly, isSnapshotName } from "../../../../proxmox/rules/snapshots";

test.each([
  ["lvmthin", "thin:vm-101-disk-0", true],
  ["zfspool", "tank:subvol-101-disk-0", true],
  ["dir", "local:101/vm-101-disk-0.raw", false],
  ["dir", "local:101/vm-101-disk-0.qcow2", true],
  ["nfs", "nas:101/vm-101-disk-0.raw", false],
  ["lvm", "vg:vm-101-disk-0", false],
  ["esxi", "x:y", undefined],
])("a volume of %s, %s: %s [D12]", (type, volume, expected) => expect(canSnapshot(type, volume)).toBe(expected));

test("only ZFS goes back to the newest snapshot only", () => {
  expect(["zfspool", "lvmthin", "btrfs", "rbd"].map(goesBackToNewestOnly)).toEqual([true, false, false, false]);
});

test.each([
  ["before-update", true],
  ["a1", true],
  ["a", false],
  ["1a", false],
  ["with space", false],
  ["current", false],
  ["Vzdump", false],
  ["x".repeat(40), true],
  ["x".repeat(41), false],
])("%s as a name: %s", (name, expected) => expect(isSnapshotName(name)).toBe(expected));
