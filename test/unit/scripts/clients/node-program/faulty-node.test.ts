import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ArchiveReading, readingFrom } from "../../../../../scripts/clients/node-program/archive-reader";
import { packTree } from "../../../../sandbox/drivers/archives";
import { readHere } from "./read-here";

/** A node on which something goes wrong while an archive is read that is whole. */
const folder = mkdtempSync(join(tmpdir(), "lifeboat-faulty-node-"));
const packed = join(folder, "whole.tar.zst");
const plain = join(folder, "whole.tar");

beforeAll(async () => {
  const tree = join(folder, "tree");
  mkdirSync(tree);
  writeFileSync(join(tree, "file"), randomBytes(3_000_000));
  const common = { tree, sources: ["."], configuration: "hostname: web\n", firewall: "", exclude: [], threads: 1 };
  const request = { ...common, temporary: join(folder, "temporary") };
  await packTree({ ...request, compression: "zstd", destination: packed }, () => undefined);
  await packTree({ ...request, compression: "none", destination: plain }, () => undefined);
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Reads an archive where a program is another one. */
async function readWith(path: string, program: string, script: string): Promise<string> {
  const bin = mkdtempSync(join(folder, "bin"));
  writeFileSync(join(bin, program), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, program), 0o755);
  return told(await readHere(path, { PATH: `${bin}:${process.env["PATH"] ?? ""}` }));
}

function told({ result }: ArchiveReading): string {
  return result.kind === "whole" ? "whole" : `${result.kind}: ${result.why}`;
}

test.each([
  ["ended by the system", "head -c 100 >/dev/null; kill -9 $$", "unread: zstd was ended by signal 9 on the node"],
  [
    "without memory",
    `head -c 100 >/dev/null; echo "zstd: error 36 : Allocation error : not enough memory" >&2; exit 1`,
    expect.stringMatching(/^unread: .*not enough memory/u),
  ],
])("a decompressor that was %s says nothing against the archive [K6, G1]", async (_, script, text) => {
  expect(await readWith(packed, "zstd", script)).toEqual(text);
});

test.each([
  ["fails", "cat >/dev/null; exit 1"],
  ["is ended by the system", "cat >/dev/null; kill -9 $$"],
])("whole is only what was summed: a sum that %s is unread [G1]", async (_, script) => {
  expect(await readWith(plain, "sha256sum", script)).toBe("unread: sha256sum told no sum of it on the node");
});

test("what the node calls whole without a sum is not believed [G1]", () => {
  const ended = { code: 0, stderr: "", timedOut: false };
  const { result } = readingFrom(
    { ...ended, stdout: "lifeboat-archive 1\nsize 5\nformat tar\nwhole\n" },
    "ssh root@pve",
  );
  expect(result).toEqual({ kind: "unread", why: expect.stringContaining("no sum") });
});

test("another file that takes its place while it is read, as large and as old, is a change [G1]", async () => {
  const path = join(folder, "swapped.tar");
  const other = join(folder, "other.tar");
  for (const one of [path, other]) copyFileSync(plain, one);
  execFileSync("touch", ["-r", path, other]);
  const bin = join(folder, "swapping");
  mkdirSync(bin);
  const real = execFileSync("which", ["sha256sum"], { encoding: "utf8" }).trim();
  writeFileSync(join(bin, "sha256sum"), `#!/bin/sh\nmv '${other}' '${path}'\nexec ${real}\n`);
  chmodSync(join(bin, "sha256sum"), 0o755);
  const read = await readHere(path, { PATH: `${bin}:${process.env["PATH"] ?? ""}` });
  expect([told(read), read.isChanging]).toEqual(["whole", true]);
});

test("a pipe that is called as an archive keeps nobody waiting [K6, G1]", async () => {
  const pipe = join(folder, "pipe.tar");
  execFileSync("mkfifo", [pipe]);
  expect(told(await readHere(pipe))).toBe("unread: it is no file");
});
