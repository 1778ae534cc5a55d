import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { runCommandLine } from "../../../../scripts/toolchain/command-line";
import { findToolchain } from "../../../../scripts/toolchain/installed";
import type { Part } from "../../../../scripts/toolchain/parts/part";
import { archiveOf, Mirror, sha256 } from "./mirror";
import { MemoryScreen, removeScratchFolders, scratchFolder, writeScript } from "./scratch";

/** Published like the real ones, and small. */
const tool: Part = {
  name: "tool",
  version: "1.2.3",
  kind: "tool",
  executable: "tool",
  installed: { on: "path" },
  official: () => ({
    folder: "http://127.0.0.1:1",
    archive: "tool.tar.gz",
    checksums: "sums.txt",
    member: "tool/tool",
  }),
  standIn: { entryPoint: "command/main.ts" },
  versionCheck: { arguments: ["--version"], output: "1.2.3" },
};

const plugin: Part = { ...tool, name: "plugin", kind: "plugin", executable: "pulumi-resource-plugin" };

const archive = archiveOf("tool/tool", "#!/bin/sh\necho 1.2.3\n");

let mirror: Mirror;
let cache: string;
let screen: MemoryScreen;
let printed: string;

beforeEach(async () => {
  mirror = await Mirror.start();
  cache = scratchFolder();
  pin("");
  screen = new MemoryScreen();
  printed = "";
});

afterEach(async () => {
  await mirror.stop();
  removeScratchFolders();
});

/** An archive on the mirror, and its sum where sums are pinned. */
function publish(content: Buffer, sum = sha256(content)): void {
  mirror.files.set("tool.tar.gz", { body: content });
  pin(`${sum}  tool.tar.gz\n`);
}

function pin(lines: string): void {
  writeFileSync(path.join(cache, "sums"), lines);
}

function environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return {
    XDG_CACHE_HOME: cache,
    PULUMI_HOME: path.join(cache, "no-pulumi-home"),
    PATH: "/usr/bin:/bin",
    LIFEBOAT_TOOLCHAIN_MIRROR: mirror.address,
    LIFEBOAT_TOOLCHAIN_SUMS: path.join(cache, "sums"),
    ...more,
  };
}

function run(words: string[], more: NodeJS.ProcessEnv = {}, parts: readonly Part[] = [tool]): Promise<number> {
  return runCommandLine(words, { environment: environment(more), out: (text) => (printed += text), screen }, parts, []);
}

async function origins(more: NodeJS.ProcessEnv = {}, parts: readonly Part[] = [tool]): Promise<string[]> {
  printed = "";
  await run(["--check", "--json"], more, parts);
  const report: { parts: { origin: string }[] } = JSON.parse(printed);
  return report.parts.map((part) => part.origin);
}

test("an official archive with its pinned sum is used, and asked for once [N7]", async () => {
  publish(archive);
  expect(await run([])).toBe(0);
  expect(await origins()).toEqual(["official"]);
  expect(screen.text).toContain("tool 1.2.3: official");
  const before = mirror.requests.length;
  expect(await run([])).toBe(0);
  expect(mirror.requests.length).toBe(before);
});

test("a sum that lies beside the archive is not believed: without a pinned one nothing is downloaded [N7]", async () => {
  mirror.files.set("tool.tar.gz", { body: archive });
  mirror.files.set("tool.tar.gz.sha256", { body: sha256(archive) });
  mirror.files.set("sums.txt", { body: `${sha256(archive)}  tool.tar.gz\n` });
  expect(await run([], { LIFEBOAT_TOOLCHAIN: "official" })).toBe(1);
  expect(screen.text).toContain(
    "the SHA-256 of tool.tar.gz is not pinned; npm run -s toolchain -- --pin prints the line",
  );
  expect(mirror.requests).toEqual(["tool.tar.gz"]);
  pin(`${sha256(archive)}  tool.tar.gz\n`);
  expect(await run([], { LIFEBOAT_TOOLCHAIN: "official" })).toBe(0);
});

test("what was downloaded under another sum than is pinned now is not used any more [N7]", async () => {
  publish(archive);
  expect(await run([])).toBe(0);
  pin(`${sha256("another")}  tool.tar.gz\n`);
  expect(await origins()).toEqual(["missing"]);
  pin("");
  expect(await origins()).toEqual(["missing"]);
});

test("--pin prints the line of each archive that has none, and believes no release that says otherwise [N7]", async () => {
  mirror.files.set("tool.tar.gz", { body: archive });
  expect(await run(["--pin"], {}, [tool, plugin])).toBe(0);
  expect(printed).toBe(`${sha256(archive)}  tool.tar.gz\n`);
  expect(screen.text).toContain("HINT: compare these");
  pin(printed);
  printed = "";
  expect(await run(["--pin"])).toBe(0);
  expect(printed).toBe("");
  pin("");
  mirror.files.set("sums.txt", { body: `${sha256("other")}  tool.tar.gz\n` });
  expect(await run(["--pin"])).toBe(1);
  expect(printed).toBe("");
  expect(screen.text).toContain(`its release says ${sha256("other")}`);
});

test("two parts of one archive cost one download", async () => {
  publish(archive);
  expect(await run([], {}, [tool, plugin])).toBe(0);
  expect(mirror.requests.filter((name) => name === "tool.tar.gz")).toHaveLength(1);
});

test.each<[string, () => void, string]>([
  ["wrong sum", () => publish(archive, sha256("another")), "is pinned"],
  ["no archive", () => pin(`${sha256(archive)}  tool.tar.gz\n`), "404"],
  ["no sum", () => mirror.files.set("tool.tar.gz", { body: archive }), "is not pinned"],
  [
    "archive cut off half-way",
    () => {
      publish(archive);
      mirror.files.set("tool.tar.gz", { half: archive });
    },
    "broke off",
  ],
  [
    "another version inside",
    () => publish(archiveOf("tool/tool", "#!/bin/sh\necho 1.2.4\n")),
    "it is 1.2.4, not 1.2.3",
  ],
  ["another layout", () => publish(archiveOf("elsewhere", "#!/bin/sh\n")), "tool/tool"],
])("official with %s fails, names the reason, and keeps nothing", async (_what, prepare, reason) => {
  prepare();
  expect(await run([], { LIFEBOAT_TOOLCHAIN: "official" })).toBe(1);
  expect(screen.text).toContain("Unable to obtain tool 1.2.3: official: ");
  expect(screen.text).toContain(reason);
  expect(screen.text).toContain("HINT: ");
  expect(await run(["--check"], { LIFEBOAT_TOOLCHAIN: "official" })).toBe(3);
  expect(findToolchain(environment(), [tool])).toBeUndefined();
});

test("a part that cannot be had does not cost the others", async () => {
  publish(archive);
  const { standIn: _none, ...impossible } = { ...plugin, official: () => ({ ...release(), archive: "none.tar.gz" }) };
  expect(await run([], {}, [impossible, tool])).toBe(1);
  expect(await origins({}, [impossible, tool])).toEqual(["missing", "official"]);
});

function release() {
  return { folder: "http://127.0.0.1:1", archive: "tool.tar.gz", checksums: "sums.txt", member: "tool/tool" };
}

// The bundled command provider prints this version for --version.
const withStandIn: Part = { ...tool, version: "1.2.1", versionCheck: { arguments: ["--version"], output: "1.2.1" } };

test("auto leaves a silent host after 3 s, asks it once for all parts, and takes the stand-in", async () => {
  mirror.files.set("tool.tar.gz", { silent: true });
  const parts = [withStandIn, { ...withStandIn, name: "second", executable: "second" }];
  const begun = performance.now();
  expect(await run([], {}, parts)).toBe(0);
  const seconds = (performance.now() - begun) / 1000;
  expect(seconds).toBeGreaterThan(2.9);
  expect(mirror.requests).toHaveLength(1);
  expect(screen.text).toContain("no answer within 3 s");
  expect(await origins({}, parts)).toEqual(["stand-in", "stand-in"]);
});

test("the official part replaces a stand-in as soon as it can be had", async () => {
  expect(await run([], { LIFEBOAT_TOOLCHAIN: "build" }, [withStandIn])).toBe(0);
  expect(await origins({}, [withStandIn])).toEqual(["stand-in"]);
  const official = archiveOf("tool/tool", "#!/bin/sh\necho 1.2.1\n");
  publish(official);
  expect(await run([], {}, [withStandIn])).toBe(0);
  expect(await origins({}, [withStandIn])).toEqual(["official"]);
  const tools = findToolchain(environment(), [withStandIn])?.binFolder ?? "";
  expect(readFileSync(path.join(tools, "tool"), "utf8")).toBe("#!/bin/sh\necho 1.2.1\n");
});

test("no stand-in is taken where the official part is there and only its sum is missing [N7]", async () => {
  mirror.files.set("tool.tar.gz", { body: archiveOf("tool/tool", "#!/bin/sh\necho 1.2.1\n") });
  expect(await run([], {}, [withStandIn])).toBe(1);
  expect(screen.text).toContain("stand-in: it is for networks where the official part cannot be had");
  expect(await origins({}, [withStandIn])).toEqual(["missing"]);
});

function saying(words: string): Buffer {
  return archiveOf("tool/tool", `#!/bin/sh\n# ${words}\necho 1.2.1\n`);
}

/** Names of the plugins that were tried, one for each trial. */
function trials(): string[] {
  const log = path.join(cache, "trials.log");
  return existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : [];
}

describe("a plugin that is tried", () => {
  const trial = "test/unit/scripts/toolchain/trial-fixture.ts";
  const tried: Part = { ...withStandIn, kind: "plugin", executable: "pulumi-resource-tool", trial };
  // The member's name is the part's own.
  const inArchive: Part = { ...tried, official: () => ({ ...release(), member: "tool/tool" }) };
  function obtain(): Promise<number> {
    return run([], { TRIAL_LOG: path.join(cache, "trials.log") }, [inArchive]);
  }

  test("and does what it should is used, and tried once [N7]", async () => {
    publish(saying("works"));
    expect(await obtain()).toBe(0);
    expect(await origins({}, [inArchive])).toEqual(["official"]);
    expect(await obtain()).toBe(0);
    expect(trials()).toEqual(["tool"]);
  });

  test("and fails is refused with its reason, the next way is taken, and neither is tried again [N7]", async () => {
    publish(saying("panics"));
    expect(await obtain()).toBe(0);
    expect(screen.text).toContain(
      "not official: it fails its trial: storage: make: panic: interface {} is nil, not int",
    );
    expect(await origins({}, [inArchive])).toEqual(["stand-in"]);
    const asked = mirror.requests.length;
    expect(await obtain()).toBe(0);
    expect(trials()).toEqual(["tool", "tool"]);
    expect(mirror.requests).toHaveLength(asked);
  });

  test("and fails by every way is not there: the reasons are named [N7]", async () => {
    publish(saying("panics"));
    const { standIn: _none, ...only } = inArchive;
    expect(await run([], {}, [only])).toBe(1);
    expect(screen.text).toContain("Unable to obtain tool 1.2.1: official: it fails its trial: storage: make: panic");
  });

  test("and was installed by somebody else is no better [N7]", async () => {
    const pulumiHome = scratchFolder();
    const folder = path.join(pulumiHome, "plugins", "resource-tool-v1.2.1");
    mkdirSync(folder, { recursive: true });
    writeScript(path.join(folder, tried.executable), "# panics\necho 1.2.1");
    publish(saying("works"));
    const part: Part = { ...inArchive, installed: { on: "plugin folder" } };
    expect(await run([], { PULUMI_HOME: pulumiHome }, [part])).toBe(0);
    expect(screen.text).toContain("not already installed: it fails its trial");
    expect(await origins({ PULUMI_HOME: pulumiHome }, [part])).toEqual(["official"]);
  });

  test("and cannot be tried here is used, which is said each time: that proves nothing against it", async () => {
    publish(saying("cannot be tried"));
    expect(await obtain()).toBe(0);
    expect(await obtain()).toBe(0);
    expect(trials()).toEqual(["tool", "tool"]);
    expect(screen.text).toContain("tool 1.2.1: not tried: no port is free");
  });
});

test("a place that did not give the official part is not asked again the same day", async () => {
  expect(await run([], {}, [withStandIn])).toBe(0);
  const before = mirror.requests.length;
  expect(before).toBeGreaterThan(0);
  expect(await run([], {}, [withStandIn])).toBe(0);
  expect(mirror.requests.length).toBe(before);
});

test("official never takes a stand-in, build never asks a host", async () => {
  expect(await run([], { LIFEBOAT_TOOLCHAIN: "build" }, [withStandIn])).toBe(0);
  expect(mirror.requests).toHaveLength(0);
  expect(await run(["--check"], { LIFEBOAT_TOOLCHAIN: "official" }, [withStandIn])).toBe(3);
});

test.each([
  ["1.2.3", true],
  ["v1.10.0", true],
  ["1.2.2", false],
  ["2.0.0", false],
  ["not a version", false],
])("a copy on PATH that says %s is good enough: %s", async (version, isGood) => {
  const folder = scratchFolder();
  writeScript(path.join(folder, "tool"), `echo ${version}`);
  const more = { PATH: `${folder}:/usr/bin:/bin` };
  expect(await origins(more)).toEqual([isGood ? "already installed" : "missing"]);
  expect(await origins({ ...more, LIFEBOAT_TOOLCHAIN: "build" })).toEqual(["missing"]);
});

test("a plugin in PULUMI_HOME counts, unless it is half-installed or was put there by the toolchain", async () => {
  const pulumiHome = scratchFolder();
  const folder = path.join(pulumiHome, "plugins", "resource-plugin-v1.2.3");
  const more = { PULUMI_HOME: pulumiHome };
  const part: Part = { ...plugin, installed: { on: "plugin folder" } };
  mkdirSync(folder, { recursive: true });
  writeScript(path.join(folder, part.executable), "echo 1.2.3");
  expect(await origins(more, [part])).toEqual(["already installed"]);
  writeFileSync(`${folder}.partial`, "");
  expect(await origins(more, [part])).toEqual(["missing"]);
});

test("plugins are put into a PULUMI_HOME, once, with their origin", async () => {
  publish(archive);
  const part: Part = { ...plugin, installed: { on: "plugin folder" } };
  const pulumiHome = path.join(cache, "home");
  expect(await run(["--install-plugins", pulumiHome], {}, [part])).toBe(3);
  expect(await run([], {}, [part])).toBe(0);
  expect(await run(["--install-plugins", pulumiHome], {}, [part])).toBe(0);
  const program = path.join(pulumiHome, "plugins", "resource-plugin-v1.2.3", "pulumi-resource-plugin");
  expect(execFileSync(program, { encoding: "utf8" })).toBe("1.2.3\n");
  const origin = readFileSync(path.join(path.dirname(program), "lifeboat-origin.json"), "utf8");
  expect(JSON.parse(origin)).toMatchObject({ origin: "official", version: "1.2.3" });
  expect(await run(["--install-plugins", pulumiHome], {}, [part])).toBe(0);
  // What the toolchain put there itself is no installed copy, or a stand-in would pass for an official plugin.
  expect(await origins({ PULUMI_HOME: pulumiHome, LIFEBOAT_TOOLCHAIN: "auto" }, [part])).toEqual(["official"]);
});

test("the folder for PATH is printed alone, and not before the toolchain is complete", async () => {
  expect(await run(["--print-path"])).toBe(3);
  expect(printed).toBe("");
  expect(screen.text).toContain("HINT: npm run toolchain");
  publish(archive);
  await run([]);
  expect(await run(["--print-path"])).toBe(0);
  expect(printed).toBe(`${findToolchain(environment(), [tool])?.binFolder}\n`);
  expect(existsSync(path.join(printed.trim(), "tool"))).toBe(true);
});

test("a check is a table with what is missing", async () => {
  publish(archive);
  await run([]);
  expect(await run(["--check"], {}, [tool, plugin])).toBe(3);
  const [header, first, second] = printed.split("\n").map((line) => line.split(/\s{2,}/));
  expect(header).toEqual(["part", "version", "origin", "path"]);
  expect(first?.slice(0, 3)).toEqual(["tool", "1.2.3", "official"]);
  expect(second).toEqual(["plugin", "1.2.3", "missing", "-"]);
});

test.each([
  [["--bogus"], "Unknown option '--bogus'"],
  [["word"], "word"],
  [["--check", "--print-path"], "do not go together"],
  [["--json"], "do not go together"],
  [["--pin", "--all"], "do not go together"],
])("%j is a mistake of usage", async (words, reason) => {
  expect(await run(words)).toBe(2);
  expect(screen.text).toContain(reason);
  expect(screen.text).toContain("HINT: npm run toolchain -- --help");
});

test.each([
  [{ LIFEBOAT_TOOLCHAIN: "fast" }, 'LIFEBOAT_TOOLCHAIN is "fast"; allowed are auto, official and build'],
  [{ LIFEBOAT_TOOLCHAIN_MIRROR: "ftp://mirror" }, "LIFEBOAT_TOOLCHAIN_MIRROR"],
  [{ LIFEBOAT_TOOLCHAIN_SUMS: "/nowhere" }, "LIFEBOAT_TOOLCHAIN_SUMS is /nowhere, which cannot be read: ENOENT"],
])("%j is a mistake of settings", async (more, reason) => {
  expect(await run(["--check"], more)).toBe(2);
  expect(screen.text).toContain(reason);
});

test("help leads with examples", async () => {
  expect(await run(["--help"])).toBe(0);
  expect(printed.startsWith("Examples:\n  npm run toolchain ")).toBe(true);
});
