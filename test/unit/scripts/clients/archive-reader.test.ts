import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCommand } from "../../../../scripts/clients/archive-reader";
import { packMachine } from "../../../sandbox/drivers/machine-archives";

/** Archives of a virtual machine, read by the very command that runs on a node. */
const folder = mkdtempSync(join(tmpdir(), "lifeboat-archives-"));
const whole = { none: join(folder, "machine.vma"), zstd: join(folder, "machine.vma.zst") };
type Compression = keyof typeof whole;

const CLUSTER = 65_536;

beforeAll(async () => {
  const disk = join(folder, "disk.raw");
  writeFileSync(disk, Buffer.concat([randomBytes(3 * CLUSTER), Buffer.alloc(5 * CLUSTER), randomBytes(1000)]));
  const disks = [{ name: "drive-scsi0", size: 8 * CLUSTER + 1000, file: disk }];
  const texts = new Map([["qemu-server.conf", "name: db\n"]]);
  for (const compression of ["none", "zstd"] as const) {
    await packMachine({ texts, disks, time: 1, compression, threads: 1, destination: whole[compression] });
  }
});

afterAll(() => rmSync(folder, { recursive: true }));

function read(path: string): { status: number | null; said: string } {
  const { status, stderr } = spawnSync("sh", ["-c", readCommand(path)], { encoding: "utf8" });
  return { status, said: stderr };
}

/** Reads the archive as it is after a change. */
function readChanged(compression: Compression, change: (bytes: Buffer) => Buffer): ReturnType<typeof read> {
  const path = join(folder, compression === "none" ? "changed.vma" : "changed.vma.zst");
  writeFileSync(path, change(readFileSync(whole[compression])));
  return read(path);
}

function flipped(offset: number): (bytes: Buffer) => Buffer {
  return (bytes) => {
    bytes[offset] = (bytes[offset] ?? 0) ^ 0x10;
    return bytes;
  };
}

const tenths = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

test.each(["none", "zstd"] as const)(
  "a whole archive (%s) is whole, and one cut off in any tenth is not [D9]",
  (kind) => {
    expect(read(whole[kind])).toEqual({ status: 0, said: "" });
    const ends = tenths.map(
      (tenth) => readChanged(kind, (bytes) => bytes.subarray(0, (bytes.length * tenth) / 10)).status,
    );
    expect(ends.map((status) => status === 0)).toEqual(tenths.map(() => false));
  },
);

test("a bit in any tenth of a compressed archive is found [D9]", () => {
  const { length } = readFileSync(whole.zstd);
  const found = tenths.map((tenth) => readChanged("zstd", flipped(Math.floor(((tenth + 0.5) * length) / 10))).status);
  expect(found.map((status) => status === 0)).toEqual(tenths.map(() => false));
});

const FIXED = 12_800;

test.each([
  ["another file", () => Buffer.alloc(20_000, 7), "it is no archive of a virtual machine"],
  ["a bit of the header", flipped(6000), "the checksum of its header is wrong"],
  ["a bit of an extent's list", flipped(FIXED + 60), "the checksum of an extent is wrong"],
  ["an extent twice", (bytes: Buffer) => Buffer.concat([bytes, bytes.subarray(FIXED)]), "is there twice"],
  ["no extent", (bytes: Buffer) => bytes.subarray(0, FIXED), "9 of 9 clusters of drive-scsi0 are missing"],
])("%s is named for what it is [D9]", (_, change, sentence) => {
  const { status, said } = readChanged("none", change);
  expect([status, said]).toEqual([1, expect.stringContaining(sentence)]);
});

test("a bit of a disk's content is found by nothing where nothing is compressed: the format has no checksum over it", () => {
  expect(readChanged("none", flipped(FIXED + 512 + 7)).status).toBe(0);
});
