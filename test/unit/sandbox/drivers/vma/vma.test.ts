import { mkdtemp, open, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packMachine, readMachineHeader, unpackMachine } from "../../../../../test/sandbox/drivers/machine-archives";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vma-"));
});

afterAll(() => rm(folder, { recursive: true }));

const KIB = 1024;
const texts = new Map([["qemu-server.conf", "name: db\n#qmdump#map:scsi0:drive-scsi0:local:raw:\n"]]);

/** A disk with content at its beginning, in the middle and in its last, incomplete cluster. */
async function disk(name: string, size: number): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, "");
  await truncate(path, size);
  const file = await open(path, "r+");
  await file.write(Buffer.from("first"), 0, 5, 0);
  await file.write(Buffer.alloc(9000, 7), 0, 9000, Math.floor(size / 2));
  await file.write(Buffer.from("last"), 0, 4, size - 4);
  await file.close();
  return path;
}

async function packed(compression: "none" | "zstd" | "gzip"): Promise<string> {
  const extension = { none: "", zstd: ".zst", gzip: ".gz" }[compression];
  const destination = join(folder, `machine.vma${extension}`);
  const sources = [
    { name: "drive-scsi0", size: 9000 * KIB, file: await disk("a", 9000 * KIB) },
    { name: "drive-virtio1", size: 130 * KIB + 512, file: await disk("b", 130 * KIB + 512) },
  ];
  const request = { texts, disks: sources, time: 1_795_000_000, compression, threads: 1, destination };
  const count = await packMachine(request);
  expect(count.bytes).toBe(9130 * KIB + 512);
  expect(count.zeroBytes).toBeGreaterThan(9000 * KIB);
  return destination;
}

async function unpacked(archive: string): Promise<void> {
  await unpackMachine(archive, {}, async ({ devices }) => {
    const names = new Map(devices.map(({ id, name }) => [id, join(folder, `out-${name}`)]));
    for (const { id, size } of devices) {
      await writeFile(names.get(id) ?? "", "");
      await truncate(names.get(id) ?? "", size);
    }
    return ({ id }) => names.get(id) ?? "";
  });
}

test.each(["none", "zstd", "gzip"] as const)("what is packed (%s) comes back byte by byte", async (compression) => {
  const archive = await packed(compression);
  expect(await readMachineHeader(archive)).toMatchObject({
    time: 1_795_000_000,
    texts,
    devices: [
      { id: 1, name: "drive-scsi0", size: 9000 * KIB },
      { id: 2, name: "drive-virtio1", size: 130 * KIB + 512 },
    ],
  });
  await unpacked(archive);
  expect((await readFile(join(folder, "out-drive-scsi0"))).equals(await readFile(join(folder, "a")))).toBe(true);
  expect((await readFile(join(folder, "out-drive-virtio1"))).equals(await readFile(join(folder, "b")))).toBe(true);
});

async function damaged(change: (bytes: Buffer) => Buffer, compression: "none" | "zstd" = "none"): Promise<unknown> {
  const archive = await packed(compression);
  await writeFile(archive, change(await readFile(archive)));
  return unpacked(archive).catch((failure: unknown) => failure);
}

function flipped(offset: number): (bytes: Buffer) => Buffer {
  return (bytes) => {
    bytes[offset] = (bytes[offset] ?? 0) ^ 1;
    return bytes;
  };
}

test.each([
  ["another file", (): Buffer => Buffer.alloc(20_000, 1), "not a vma file - wrong magic number"],
  ["an empty file", (): Buffer => Buffer.alloc(0), "not a vma file - wrong magic number"],
  ["a bit of the header", flipped(5000), "wrong vma header chechsum"],
  ["a bit of an extent's list", flipped(12_800 + 100), "wrong vma extent header chechsum"],
  ["an end in the middle of an extent", (bytes: Buffer) => bytes.subarray(0, bytes.length - 100), /short vma extent/u],
  [
    "no extent at all",
    (bytes: Buffer) => bytes.subarray(0, 12_800),
    "detected missing cluster 0 for stream drive-scsi0",
  ],
])("%s is refused in the words of vma", async (_, change, message) => {
  expect(await damaged(change)).toMatchObject({ message: expect.stringMatching(message) });
});

test("a compressed archive without its end, or with a bit turned over, is the decompressor's failure", async () => {
  expect(await damaged((bytes) => bytes.subarray(0, bytes.length - 20), "zstd")).toMatchObject({ program: "zstd" });
  expect(await damaged((bytes) => flipped(bytes.length - 1)(bytes), "zstd")).toMatchObject({ program: "zstd" });
});

test("a bit of a disk's data is found by nothing in an archive without compression", async () => {
  expect(await damaged(flipped(12_800 + 512 + 3))).toBeUndefined();
});

test("a running machine's memory in an archive is no disk: what is restored is the disks", async () => {
  const destination = join(folder, "with-memory.vma");
  const sources = [
    { name: "vmstate", size: 300 * KIB, file: await disk("memory", 300 * KIB) },
    { name: "drive-scsi0", size: 9000 * KIB, file: await disk("a", 9000 * KIB) },
  ];
  await packMachine({ texts, disks: sources, time: 1, compression: "none", threads: 1, destination });
  expect((await readMachineHeader(destination)).devices.map(({ name }) => name)).toEqual(["drive-scsi0"]);
  await unpacked(destination);
  expect((await readFile(join(folder, "out-drive-scsi0"))).equals(await readFile(join(folder, "a")))).toBe(true);
});
