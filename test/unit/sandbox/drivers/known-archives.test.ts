import {
  chmodSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Mount, PackRequest } from "../../../sandbox/drivers/driver";
import { MemoryDriver } from "../../../sandbox/drivers/memory";
import { readArchiveMember } from "../../../sandbox/drivers/archives";
import { run } from "../../../sandbox/machine/child-process";

const driver = new MemoryDriver();
const time = 1_700_000_000;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-known-archives-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function mount(name: string, target: string): Mount {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  return { volume: { volid: `local:${name}`, path, format: "raw", size: 1024 ** 3 }, target, readOnly: false };
}

/** A container of two volumes, the same each time but for what is named. */
function container(name: string, { text = "web\n", mode = 0o640, later = 0 } = {}): Mount[] {
  const mounts = [mount(`${name}-root`, "/"), mount(`${name}-data`, "/srv")];
  const [root = "", data = ""] = mounts.map(({ volume }) => volume.path);
  mkdirSync(join(root, "etc"));
  writeFileSync(join(root, "etc/hostname"), text);
  chmodSync(join(root, "etc/hostname"), mode);
  symlinkSync("hostname", join(root, "etc/link"));
  writeFileSync(join(data, "kept"), "kept\n");
  lutimesSync(join(root, "etc/link"), time, time);
  for (const path of [join(root, "etc/hostname"), join(data, "kept"), join(root, "etc"), root, data]) {
    utimesSync(path, time + later, time + later);
  }
  return mounts;
}

async function pack(name: string, mounts: Mount[], more: Partial<PackRequest> = {}) {
  const destination = join(folder, `${name}.tar.zst`);
  const lines: string[] = [];
  const request: PackRequest = {
    mounts,
    running: undefined,
    configuration: "hostname: web\n",
    firewall: "",
    exclude: [],
    compression: "zstd",
    threads: 1,
    destination,
    temporary: join(folder, `${name}.tmp`),
    ...more,
  };
  const { tarBytes } = await driver.pack(request, (line) => lines.push(line));
  return { destination, lines, tarBytes };
}

/** Every member of an archive with its rights, owner, size and time, and what the files hold. */
async function listing(archive: string): Promise<string> {
  const members = await run("tar", [
    "--zstd",
    "--full-time",
    "--numeric-owner",
    "-tvf",
    archive,
    "--exclude=./etc/vzdump",
  ]);
  return `${members}${await run("tar", ["--zstd", "-xOf", archive])}`;
}

test("a tree that was packed before gives the same archive; one that differs in anything its own", async () => {
  const first = await pack("first", container("first"));
  const again = await pack("again", container("again"));
  expect(readFileSync(again.destination).equals(readFileSync(first.destination))).toBe(true);
  expect([again.lines, again.tarBytes]).toEqual([first.lines, first.tarBytes]);
  const others = [
    await pack("text", container("text", { text: "db!\n" })),
    await pack("mode", container("mode", { mode: 0o600 })),
    await pack("later", container("later", { later: 60 })),
    await pack("pct", container("pct"), { configuration: "hostname: db\n" }),
    await pack("out", container("out"), { exclude: ["kept"] }),
  ];
  const seen = await Promise.all([first, ...others].map(({ destination }) => listing(destination)));
  expect(new Set(seen).size).toBe(6);
  expect(await readArchiveMember(others[3]?.destination ?? "", "./etc/vzdump/pct.conf")).toBe("hostname: db\n");
});

test("an archive that was unpacked before makes the same tree: files, rights, owners, links and times", async () => {
  const { destination } = await pack("source", container("source"));
  const trees: string[][] = [];
  const lines: string[][] = [];
  for (const name of ["tar", "remembered"]) {
    const mounts = [mount(`${name}-root`, "/"), mount(`${name}-data`, "/srv")];
    const said: string[] = [];
    const request = { archive: destination, mounts, exclude: ["./etc/vzdump/pct.conf"] };
    await driver.unpack(request, (line) => said.push(line));
    lines.push(said);
    const found = mounts.map(({ volume }) => run("find", [volume.path, "-printf", "%P %y %m %U %G %s %l %Ts\n"]));
    trees.push((await Promise.all(found)).join("").split("\n").sort());
    expect(readFileSync(join(mounts[1]?.volume.path ?? "", "kept"), "utf8")).toBe("kept\n");
  }
  expect(trees[0]).toContainEqual(expect.stringMatching(/^etc\/hostname f 640 \d+ \d+ 4  1700000000$/u));
  expect(trees[1]).toEqual(trees[0]);
  expect(lines[1]).toEqual(lines[0]);
});

test("a tree that has something in it already is unpacked into, and what is there stays", async () => {
  const { destination } = await pack("source", container("source"));
  for (const name of ["one", "other"]) {
    const mounts = [mount(`${name}-root`, "/")];
    const kept = join(mounts[0]?.volume.path ?? "", "etc/hostname");
    mkdirSync(dirname(kept));
    writeFileSync(kept, "older\n");
    await driver.unpack({ archive: destination, mounts, exclude: [] }, () => undefined);
    expect(readFileSync(kept, "utf8")).toBe("older\n");
    expect(readFileSync(join(mounts[0]?.volume.path ?? "", "srv/kept"), "utf8")).toBe("kept\n");
  }
});
