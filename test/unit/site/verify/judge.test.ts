import { strangeInside } from "../../../../site/verify/judge-inside";
import { judgeLog } from "../../../../site/verify/judge-log";

const fileName = "vzdump-lxc-101-2026_11_20-01_00_00.tar.zst";
const archive = { fileName, vmid: 101, size: 5_300_000 };

function log(...lines: string[]): string {
  return lines.map((line) => `2026-11-20 01:00:00 ${line}\n`).join("");
}

const begun = "INFO: Starting Backup of VM 101 (lxc)";
const made = `INFO: creating vzdump archive '/mnt/backup/dump/${fileName}'`;
const size = "INFO: archive file size: 5MB";
const done = "INFO: Finished Backup of VM 101 (00:00:12)";

test.each([
  ["agrees", log(begun, made, size, done), { kind: "agrees" }],
  ["does not say how it ended", log(begun, made), { kind: "unfinished" }],
  ["is empty", "", { kind: "unfinished" }],
  [
    "says that it failed",
    log(begun, made, "ERROR: Backup of VM 101 failed - no space left"),
    { kind: "contradicts", why: "its log says that the backup failed: no space left" },
  ],
  [
    "is of another guest",
    log(begun, made, done).replaceAll("101", "102"),
    { kind: "contradicts", why: "its log is of guest 102" },
  ],
  [
    "is of another archive",
    log(begun, made.replace("01_00_00", "02_00_00"), done),
    { kind: "contradicts", why: "its log is of another archive, vzdump-lxc-101-2026_11_20-02_00_00.tar.zst" },
  ],
  [
    "tells another size",
    log(begun, made, "INFO: archive file size: 1.27GB", done),
    { kind: "contradicts", why: "its log says that it had 1.27 GB" },
  ],
])("a log that %s [G1]", (_, text, judgement) => {
  expect(judgeLog(text, archive, false)).toEqual(judgement);
});

test.each([
  ["5MB", 5 * 1024 ** 2, true],
  ["5MB", 6 * 1024 ** 2 - 1, true],
  ["5MB", 7 * 1024 ** 2, false],
  ["1.27GB", 1.27 * 1024 ** 3, true],
  ["1.27GB", 1.3 * 1024 ** 3, false],
  ["12KB", 12 * 1024 + 1000, true],
])("vzdump rounds: %s of %d bytes agrees: %s [G1]", (told, bytes, agrees) => {
  const text = log(begun, made, `INFO: archive file size: ${told}`, done);
  expect(judgeLog(text, { ...archive, size: Math.round(bytes) }, false).kind).toBe(agrees ? "agrees" : "contradicts");
});

test("of a long log only the end is at hand [G1]", () => {
  expect(judgeLog(log(size, done), archive, true)).toEqual({ kind: "agrees" });
});

const lxc = { guestType: "lxc", vmid: 101 } as const;

test.each([
  ["its own", lxc, "rootfs: local:101/vm-101-disk-0.raw,size=1G\n", undefined],
  ["its own on ZFS", lxc, "rootfs: tank:subvol-101-disk-0,size=1G\n", undefined],
  [
    "a linked clone's",
    { guestType: "qemu", vmid: 101 },
    "scsi0: local:100/base-100-disk-0.qcow2/101/vm-101-disk-0.qcow2\n",
    undefined,
  ],
  ["another guest's", lxc, "rootfs: local:102/vm-102-disk-0.raw,size=1G\n", 102],
  [
    "one disk of another, and its own",
    lxc,
    "rootfs: tank:subvol-101-disk-0\nmp0: tank:subvol-102-disk-1,mp=/srv\n",
    undefined,
  ],
  ["nobody's disk, and another's mark", lxc, "#lifeboat%3A prod/db\nrootfs: tank:handmade\n", 102],
  ["nobody's disk and no mark", lxc, "rootfs: tank:handmade\n", undefined],
] as const)("what is inside is %s [G1]", (_, name, configuration, other) => {
  const format = name.guestType === "lxc" ? "tar" : "vma";
  const why = strangeInside(name, { format, configuration }, ({ guest }) => (guest === "db" ? 102 : undefined));
  expect(why).toBe(
    other === undefined ? undefined : `its name says that it is of guest 101, and guest ${String(other)} is inside`,
  );
});
