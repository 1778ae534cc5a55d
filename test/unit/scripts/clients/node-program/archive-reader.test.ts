import { execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { type ArchiveReading, readCommand } from "../../../../../scripts/clients/node-program/archive-reader";
import { nodeProgram } from "../../../../../scripts/clients/node-program/node-program";
import { packTree } from "../../../../sandbox/drivers/archives";
import { packMachine } from "../../../../sandbox/drivers/machine-archives";
import { readHere } from "./read-here";

/** Archives of both kinds, read by the very program that runs on a node. */
const folder = mkdtempSync(join(tmpdir(), "lifeboat-archives-"));
const compressions = { none: "", zstd: ".zst", gzip: ".gz", lzo: ".lzo" } as const;
type Compression = keyof typeof compressions;
type Format = "tar" | "vma";

function wholeOf(format: Format, compression: Compression): string {
  return join(folder, `whole.${format}${compressions[compression]}`);
}

const CLUSTER = 65_536;
const configuration = { tar: "arch: amd64\nhostname: web\n", vma: "name: db\n" };

beforeAll(async () => {
  const disk = join(folder, "disk.raw");
  writeFileSync(disk, Buffer.concat([randomBytes(3 * CLUSTER), Buffer.alloc(5 * CLUSTER), randomBytes(1000)]));
  const disks = [{ name: "drive-scsi0", size: 8 * CLUSTER + 1000, file: disk }];
  const texts = new Map([["qemu-server.conf", configuration.vma]]);
  const tree = join(folder, "tree");
  mkdirSync(tree);
  for (const index of Array(12).keys()) writeFileSync(join(tree, `file-${String(index)}`), randomBytes(20_000));
  for (const compression of ["none", "zstd", "gzip", "lzo"] as const) {
    const common = { compression, threads: 1 };
    await packMachine({ ...common, texts, disks, time: 1, destination: wholeOf("vma", compression) });
    await packTree(
      {
        ...common,
        tree,
        sources: ["."],
        configuration: configuration.tar,
        firewall: "",
        exclude: [],
        destination: wholeOf("tar", compression),
        temporary: join(folder, "temporary"),
      },
      () => undefined,
    );
  }
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Reads the archive as it is after a change. */
async function readChanged(
  format: Format,
  compression: Compression,
  change: (bytes: Buffer) => Buffer,
): Promise<ArchiveReading> {
  const path = join(folder, `changed.${format}${compressions[compression]}`);
  writeFileSync(path, change(readFileSync(wholeOf(format, compression))));
  return readHere(path);
}

function flipped(offset: number): (bytes: Buffer) => Buffer {
  return (bytes) => {
    bytes[offset] = (bytes[offset] ?? 0) ^ 0x10;
    return bytes;
  };
}

function why({ result }: ArchiveReading): string {
  return result.kind === "whole" ? "whole" : `${result.kind}: ${result.why}`;
}

const tenths = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const kinds = (["tar", "vma"] as const).flatMap((format) =>
  (["none", "zstd", "gzip", "lzo"] as const).map((compression) => [format, compression] as const),
);

describe.each(kinds)("%s, compressed: %s", (format, compression) => {
  test("a whole archive is whole, with its sum, its configuration and what is inside [D9, G1]", async () => {
    const path = wholeOf(format, compression);
    expect(await readHere(path)).toEqual({
      result: { kind: "whole" },
      sha256: createHash("sha256").update(readFileSync(path)).digest("hex"),
      size: readFileSync(path).length,
      isChanging: false,
      format,
      configuration: configuration[format],
      log: "missing",
    });
  });

  test("one that is cut off in any tenth is damaged [D9, G1]", async () => {
    for (const tenth of tenths) {
      const read = await readChanged(format, compression, (bytes) => bytes.subarray(0, (bytes.length * tenth) / 10));
      expect([tenth, why(read)]).toEqual([
        tenth,
        expect.stringMatching(/^damaged: (?:it ends|it is empty|.*(?:unexpected|premature) end)/u),
      ]);
    }
  });

  test("a bit in each tenth: its sum tells it, and what the format and the compressor tell besides [D9, G1]", async () => {
    const { length } = readFileSync(wholeOf(format, compression));
    const { sha256 } = await readHere(wholeOf(format, compression));
    const results: string[] = [];
    for (const tenth of tenths) {
      const read = await readChanged(format, compression, flipped(Math.floor(((tenth + 0.5) * length) / 10)));
      expect(read.sha256).not.toBe(sha256);
      results.push(read.result.kind);
    }
    // Without a compressor most bits are of contents, over which neither format has a checksum.
    const onlyBySum = results.filter((kind) => kind === "whole").length;
    expect(onlyBySum > 0).toBe(compression === "none");
  });
});

test.each([512, 1024, 1536, 2048, 10_240, 20_480])(
  "a tar archive that is cut off between two members is damaged, though tar takes it for whole (%i bytes) [G1]",
  async (bytes) => {
    const read = await readChanged("tar", "none", (whole) => whole.subarray(0, bytes));
    expect(why(read)).toMatch(/^damaged: it ends/u);
  },
);

test.each([0, 512])(
  "cut off at the very end of the last member, with %i bytes of the two empty blocks [G1]",
  async (left) => {
    const bare = await readChanged("tar", "none", (whole) => {
      let end = whole.length;
      while (whole.subarray(end - 512, end).every((byte) => byte === 0)) end -= 512;
      return whole.subarray(0, end + left);
    });
    expect(why(bare)).toBe("damaged: it ends without the two empty blocks that end a tar archive: it is cut off");
    expect(() => execFileSync("tar", ["-tf", join(folder, "changed.tar")], { stdio: "ignore" })).not.toThrow();
  },
);

const FIXED = 12_800;

/** The first extent as one that another backup of the same guest has written. */
function ofAnother(bytes: Buffer): Buffer {
  const extent = bytes.subarray(FIXED, FIXED + 512);
  extent.fill(7, 8, 24);
  extent.fill(0, 24, 40);
  createHash("md5").update(extent).digest().copy(extent, 24);
  return bytes;
}

test.each([
  ["another file", () => Buffer.alloc(20_000, 7), "it is no archive of a virtual machine"],
  ["a bit of the header", flipped(6000), "the checksum of its header is wrong"],
  ["a bit of an extent's list", flipped(FIXED + 60), "the checksum of an extent is wrong"],
  ["an extent of another archive", ofAnother, "an extent is of another archive"],
  ["an extent twice", (bytes: Buffer) => Buffer.concat([bytes, bytes.subarray(FIXED)]), "is there twice"],
  [
    "no extent",
    (bytes: Buffer) => bytes.subarray(0, FIXED),
    "it is cut off: 9 of 9 clusters of drive-scsi0 are missing",
  ],
])("a machine's archive: %s is named for what it is [D9, G1]", async (_, change, sentence) => {
  expect(why(await readChanged("vma", "none", change))).toContain(sentence);
});

test.each([
  ["another file", () => Buffer.alloc(20_480, 7), "it is no tar archive"],
  ["an empty file", () => Buffer.alloc(0), "it is empty"],
  ["a bit of a header", flipped(60), "it is no tar archive"],
  ["a bit of a later header", flipped(1024 + 60), "the checksum of a header is wrong"],
])("a container's archive: %s is named for what it is [G1]", async (_, change, sentence) => {
  expect(why(await readChanged("tar", "none", change))).toBe(`damaged: ${sentence}`);
});

test("what GNU tar writes is read: sparse files, long names, links, attributes, more than 8 GiB [G1]", async () => {
  const tree = join(folder, "odd");
  const long = join(tree, "d".repeat(120), "e".repeat(120));
  mkdirSync(join(tree, "etc/vzdump"), { recursive: true });
  mkdirSync(long, { recursive: true });
  writeFileSync(join(tree, "etc/vzdump/pct.conf"), "hostname: odd\n");
  const sparse = join(long, "sparse");
  writeFileSync(sparse, "begin");
  truncateSync(sparse, 9 * 1024 ** 3);
  writeFileSync(sparse, "end", { flag: "a" });
  // More pieces than one header has room for.
  execFileSync("sh", [
    "-c",
    `for n in $(seq 1 60); do printf x | dd of=${sparse} bs=1 seek=$((n * 1048576)) conv=notrunc status=none; done`,
  ]);
  execFileSync("ln", ["-s", "t".repeat(200), join(long, "link")]);
  execFileSync("ln", [join(tree, "etc/vzdump/pct.conf"), join(long, "hard")]);
  for (const format of ["gnu", "posix", "oldgnu"]) {
    const path = join(folder, `odd-${format}.tar`);
    const flags = format === "posix" ? ["--xattrs", "--acls"] : [];
    const members = ["./etc/vzdump/pct.conf", "."];
    execFileSync("tar", [`--format=${format}`, ...flags, "--sparse", "-C", tree, "-cf", path, ...members]);
    const read = await readHere(path);
    expect([format, why(read), read.configuration]).toEqual([format, "whole", "hostname: odd\n"]);
  }
});

test.each([
  ["bare", "file", "."],
  // Proxmox looks for its name with `./` only.
  ["elsewhere", "etc/vzdump/pct.conf", "etc"],
])("an archive without a configuration is none: %s [G1]", async (name, file, packed) => {
  const tree = join(folder, name);
  mkdirSync(dirname(join(tree, file)), { recursive: true });
  writeFileSync(join(tree, file), "hostname: web\n");
  const path = join(folder, `${name}.tar.zst`);
  execFileSync("tar", ["-C", tree, "--zstd", "-cf", path, packed]);
  expect(why(await readHere(path))).toBe("damaged: it holds no configuration (./etc/vzdump/pct.conf)");
});

test("what another program has packed than its name says is not what it is called, though it can be unpacked [G1]", async () => {
  const path = join(folder, "renamed.tar.zst");
  writeFileSync(path, readFileSync(wholeOf("tar", "gzip")));
  expect(why(await readHere(path))).toMatch(
    /^damaged: (?:its name says that zstd has packed it, and another program has|zstd: unsupported format)$/u,
  );
  const frames = [zstd(readFileSync(wholeOf("tar", "none"))), Buffer.from("\x50\x2a\x4d\x18\x03\0\0\0abc", "latin1")];
  for (const order of [frames, frames.toReversed()]) {
    writeFileSync(path, Buffer.concat(order));
    expect(why(await readHere(path))).toBe("whole");
  }
});

function zstd(bytes: Buffer): Buffer {
  const middle = Math.floor(bytes.length / 2);
  const parts = [bytes.subarray(0, middle), bytes.subarray(middle)];
  return Buffer.concat(parts.map((part) => execFileSync("zstd", ["-qc"], { input: part })));
}

test("the log beside it comes along [G1]", async () => {
  const path = join(folder, "vzdump-lxc-101-2026_11_20-01_00_00.tar.zst");
  writeFileSync(path, readFileSync(wholeOf("tar", "zstd")));
  writeFileSync(join(folder, "vzdump-lxc-101-2026_11_20-01_00_00.log"), "INFO: it went well\n");
  expect((await readHere(path)).log).toEqual({ text: "INFO: it went well\n" });
});

test("what cannot be read is not called damaged: no file, no decompressor, no perl [K6, G1]", async () => {
  expect(why(await readHere(join(folder, "none.tar.zst")))).toBe(
    "unread: it cannot be opened: No such file or directory",
  );
  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const program of ["perl", "sha256sum"]) {
    execFileSync("ln", ["-s", execFileSync("which", [program], { encoding: "utf8" }).trim(), join(bin, program)]);
  }
  expect(why(await readHere(wholeOf("vma", "zstd"), { PATH: bin }))).toBe("unread: zstd is not installed on the node");
  rmSync(join(bin, "perl"));
  expect(why(await readHere(wholeOf("vma", "zstd"), { PATH: bin }))).toMatch(/^unread: sh: .*perl.*not found/u);
});

test("when nobody waits any more it ends, with all that it has started [K4, G1]", async () => {
  const endless = join(folder, "endless.tar");
  writeFileSync(endless, "");
  truncateSync(endless, 4 * 1024 ** 4);
  const child = spawn("/bin/sh", ["-c", `exec ${readCommand(endless, true)}`], { stdio: ["pipe", "pipe", "ignore"] });
  child.stdin.write(nodeProgram);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  await new Promise<void>((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith("at ")) resolve();
    });
  });
  const started = childrenOf(child.pid ?? 0);
  expect(started.length).toBeGreaterThan(0);
  child.stdin.destroy();
  await ended;
  // They end by themselves when their input does, a moment later.
  while (started.some((pid) => existsSync(`/proc/${pid}`))) await pause(5);
});

function childrenOf(pid: number): string[] {
  return readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, "utf8")
    .trim()
    .split(" ")
    .filter(Boolean);
}
