import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { damageFile, readArchiveMember } from "../../../sandbox/drivers/archives";
import { CommandFailed, run } from "../../../sandbox/machine/child-process";
import type { Compression, Mount, PackRequest } from "../../../sandbox/drivers/driver";
import { MemoryDriver } from "../../../sandbox/drivers/memory";
import { isOnPath } from "../../../sandbox/machine/on-path";

const driver = new MemoryDriver();
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-archives-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function mount(name: string, target: string): Mount {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  return { volume: { volid: `local:${name}`, path, format: "raw", size: 1024 ** 3 }, target, readOnly: false };
}

function put(volume: Mount, file: string, text: string): void {
  const path = join(volume.volume.path, file);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
}

function packRequest(mounts: Mount[], compression: Compression = "zstd"): PackRequest {
  const extension = { zstd: ".zst", gzip: ".gz", lzo: ".lzo", none: "" }[compression];
  return {
    mounts,
    running: undefined,
    configuration: "hostname: web\n",
    firewall: "",
    exclude: ["/tmp/?*", "*.cache"],
    compression,
    threads: 1,
    destination: join(folder, `archive.tar${extension}`),
    temporary: join(folder, "archive.tmp"),
  };
}

/** A container of two volumes, with a file below the second one's mount point that the mount hides. */
function container(): Mount[] {
  const root = mount("root", "/");
  const data = mount("data", "/srv/data");
  put(root, "etc/hostname", "web\n");
  put(root, "tmp/left/file", "left out\n");
  put(root, "srv/data/hidden", "covered by the mount\n");
  put(data, "file", "kept\n");
  put(data, "a.cache", "left out\n");
  symlinkSync("file", join(data.volume.path, "link"));
  return [root, data];
}

async function members(archive: string): Promise<string[]> {
  return (await run("tar", ["-tf", archive])).trimEnd().split("\n");
}

describe("an archive of the sandbox", () => {
  it("holds the configuration first, then the firewall's rules, then the tree with every mount at its place", async () => {
    const request = packRequest(container());
    const log: string[] = [];
    const { tarBytes } = await driver.pack(request, (line) => log.push(line));
    const names = await members(request.destination);
    expect(names.slice(0, 3)).toEqual(["./etc/vzdump/pct.conf", "./etc/vzdump/pct.fw", "./"]);
    expect(names).toEqual(expect.arrayContaining(["./etc/hostname", "./srv/data/file", "./srv/data/link", "./tmp/"]));
    for (const left of ["./tmp/left/", "./srv/data/hidden", "./srv/data/a.cache"]) expect(names).not.toContain(left);
    expect(log).toEqual([expect.stringMatching(/^Total bytes written: \d+ \(/)]);
    expect(tarBytes % 10240).toBe(0);
  });

  it("keeps owners as numbers, permissions and links, for plain zstd and tar", async () => {
    const request = packRequest(container());
    await driver.pack(request, () => undefined);
    await run("zstd", ["-q", "-t", request.destination]);
    const listing = await run("tar", ["--zstd", "--numeric-owner", "-tvf", request.destination]);
    expect(listing).toMatch(/^-rw\S+ \d+\/\d+ .* \.\/srv\/data\/file$/m);
    expect(listing).toMatch(/^lrwxrwxrwx \d+\/\d+ .* \.\/srv\/data\/link -> file$/m);
  });

  it.each(["none", "gzip", "zstd"] as const)("comes back whole with compression %s", expectWhole);

  // Only the real driver brings lzop along; without it there is nothing to try.
  (isOnPath("lzop") ? it : it.skip)("comes back whole with compression lzo", () => expectWhole("lzo"));

  it("leaves the volumes as they were", async () => {
    const mounts = container();
    const before = await run("find", [folder, "-printf", "%P %m %s\n"]);
    const request = packRequest(mounts);
    await driver.pack(request, () => undefined);
    rmSync(request.destination);
    rmSync(request.temporary, { recursive: true });
    expect(await run("find", [folder, "-printf", "%P %m %s\n"])).toBe(before);
  });
});

describe("reading an archive", () => {
  it("finds a member at the front without the rest, and says when there is none", async () => {
    const request = packRequest(container());
    await driver.pack(request, () => undefined);
    expect(await readArchiveMember(request.destination, "./etc/vzdump/pct.conf")).toBe("hostname: web\n");
    expect(await readArchiveMember(request.destination, "./etc/nothing")).toBeUndefined();
  });

  it.each(["truncated", "flipped"] as const)("a %s archive does not unpack", async (damage) => {
    const request = packRequest(container());
    await driver.pack(request, () => undefined);
    await damageFile(request.destination, damage);
    const unpacked = driver.unpack(
      { archive: request.destination, mounts: [mount("new-root", "/")], exclude: [] },
      () => undefined,
    );
    await expect(unpacked).rejects.toThrow(CommandFailed);
  });

  it("follows no symbolic link out of the tree at a mount point", async () => {
    const root = mount("root", "/");
    const outside = join(folder, "outside");
    mkdirSync(outside);
    symlinkSync(outside, join(root.volume.path, "srv"));
    const request = packRequest([root]);
    await driver.pack(request, () => undefined);
    const target = { archive: request.destination, mounts: [mount("new", "/"), mount("data", "/srv")], exclude: [] };
    await driver.unpack(target, () => undefined);
    expect((await run("ls", ["-A", outside])).trim()).toBe("");
  });
});

/** Packs a container and unpacks it elsewhere: everything is there again. */
async function expectWhole(compression: Compression): Promise<void> {
  const request = packRequest(container(), compression);
  await driver.pack(request, () => undefined);
  const [root, data] = [mount("new-root", "/"), mount("new-data", "/srv/data")];
  const log: string[] = [];
  await driver.unpack(
    { archive: request.destination, mounts: [root, data], exclude: ["./etc/vzdump/pct.conf"] },
    (line) => log.push(line),
  );
  expect(readFileSync(join(data.volume.path, "link"), "utf8")).toBe("kept\n");
  expect((await run("ls", ["-A", join(root.volume.path, "srv/data")])).trim()).toBe("");
  expect((await run("ls", ["-A", join(root.volume.path, "etc/vzdump")])).trim()).toBe("pct.fw");
  expect(log).toEqual([expect.stringMatching(/^Total bytes read: \d+ \(/)]);
}
