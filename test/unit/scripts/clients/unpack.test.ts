import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Damaged, unpack } from "../../../../scripts/clients/unpack";
import { unpackTar } from "../../../../scripts/clients/unpack-tar";

const mebibyte = 1024 * 1024;
const text = "0123456789".repeat(10);
const packers: Readonly<Record<string, (content: Buffer) => Buffer>> = {
  "no packing": (content) => content,
  gzip: (content) => gzipSync(content),
  zstd: (content) => spawnSync("zstd", ["-qc"], { input: content, maxBuffer: 64 * mebibyte }).stdout,
};

test.each(Object.entries(packers))("%s: a text of the limit is unpacked, a longer one is not [N2]", async (_, pack) => {
  expect(await unpack(pack(Buffer.from(text)), text.length)).toBe(text);
  await expect(unpack(pack(Buffer.from(`${text}.`)), text.length)).rejects.toThrow(
    new Damaged("it is longer than 100 B unpacked, which it never is"),
  );
});

test.each(["gzip", "zstd"])("%s: a few kilobytes that become many do not fill the memory [N2]", async (name) => {
  const bomb = packers[name]?.(Buffer.alloc(32 * mebibyte)) ?? Buffer.alloc(0);
  expect(bomb.length).toBeLessThan(mebibyte / 10);
  const before = process.memoryUsage();
  await expect(unpack(bomb, mebibyte)).rejects.toThrow("it is longer than 1.0 MiB unpacked");
  const after = process.memoryUsage();
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(8 * mebibyte);
});

describe("a tar file of copies", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "lifeboat-unpack-"));
    for (const name of ["from", "to"]) mkdirSync(join(folder, name));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function packed(files: Readonly<Record<string, Buffer>>): string {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, "from", name), content);
    const file = join(folder, "copies.tar.gz");
    spawnSync("tar", ["-czf", file, "-C", join(folder, "from"), "."]);
    return file;
  }

  const to = (): string => join(folder, "to");

  test("that is as large as it may be is unpacked", async () => {
    await unpackTar(packed({ a: Buffer.alloc(mebibyte), b: Buffer.alloc(1) }), to(), mebibyte + 4096);
    expect(readdirSync(to()).sort()).toEqual(["a", "b"]);
  });

  test.each<[string, Readonly<Record<string, Buffer>>]>([
    ["a large file", { a: Buffer.alloc(mebibyte + 1) }],
    ["many small ones", Object.fromEntries(Array.from({ length: 257 }, (_, n) => [String(n), Buffer.from("x")]))],
  ])("that becomes larger is not: %s [N2]", async (_, files) => {
    await expect(unpackTar(packed(files), to(), mebibyte)).rejects.toThrow(
      new Damaged("it is larger than 1.0 MiB unpacked, and copies of states are not"),
    );
  });

  test.each<[string, (place: string) => void]>([
    ["a link to a file outside", (place) => symlinkSync("/etc/hostname", place)],
    ["a link to a folder outside", (place) => symlinkSync("/etc", place)],
    ["a pipe that nobody writes to", (place) => spawnSync("mkfifo", [place])],
  ])("with anything but files and folders is none: %s [N2]", async (_, make) => {
    mkdirSync(join(folder, "from", "b"));
    make(join(folder, "from", "b", "c"));
    await expect(unpackTar(packed({ a: Buffer.alloc(1) }), to())).rejects.toThrow(
      new Damaged("b/c in it is neither a file nor a folder"),
    );
  });

  test("that is none says what tar says", async () => {
    writeFileSync(join(folder, "none.tar"), "x");
    await expect(unpackTar(join(folder, "none.tar"), to())).rejects.toThrow(/^tar: /u);
  });
});
