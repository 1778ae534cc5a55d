import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { buildsIn, writeGo } from "./fake-go";
import { removeScratchFolders, scratchFolder } from "./scratch";

const project = path.join(__dirname, "../../../..");

let folder: string;
const started: ChildProcess[] = [];

beforeEach(() => {
  folder = scratchFolder();
});

afterEach(() => {
  started.splice(0).forEach((child) => child.kill("SIGKILL"));
  removeScratchFolders();
});

function start(...words: string[]) {
  const child = spawn(process.execPath, ["scripts/run.cjs", "scripts/toolchain/main.ts", ...words], {
    cwd: project,
    env: {
      PATH: `${folder}/tools:${path.dirname(process.execPath)}:/usr/bin:/bin`,
      XDG_CACHE_HOME: folder,
      LIFEBOAT_TOOLCHAIN: "build",
    },
  });
  started.push(child);
  const output = { text: "" };
  child.stdout.on("data", (chunk) => (output.text += chunk));
  child.stderr.on("data", (chunk) => (output.text += chunk));
  return { child, output, ended: once(child, "close") };
}

async function run(...words: string[]): Promise<{ code: unknown; text: string }> {
  const { output, ended } = start(...words);
  const [code] = await ended;
  return { code, text: output.text };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(50);
}

function buildProcess(): number {
  const file = path.join(folder, "go-process");
  return existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
}

function isRunning(id: number): boolean {
  return existsSync(`/proc/${id}`) && !readFileSync(`/proc/${id}/stat`, "utf8").includes(") Z ");
}

const work = () => path.join(folder, "lifeboat", "toolchain", "work");

test("a build keeps its modules and results in a folder of its own, and leaves nothing of it", async () => {
  writeGo(folder, "");
  expect(await run()).toMatchObject({ code: 0 });
  expect((await run("--check")).text).toMatch(/pulumi +3.258.0 +built from upstream .*\n.*stand-in/);
  const [toolchain, flags, modules, results] = buildsIn(folder)[0]?.split("|") ?? [];
  expect(toolchain).toBe("local");
  expect(flags).toContain("-mod=readonly");
  expect(modules?.startsWith(work())).toBe(true);
  expect(results?.startsWith(work())).toBe(true);
  expect(readdirSync(work())).toEqual([]);
});

test("a build that fails keeps nothing and shows what Go said", async () => {
  writeGo(folder, "echo 'undefined: something' >&2; exit 1");
  const { code, text } = await run();
  expect(code).toBe(1);
  expect(text).toContain("Unable to obtain pulumi 3.258.0: built from upstream: the build failed");
  expect(text).toContain("undefined: something");
  expect(text).toContain("HINT: ");
  expect((await run("--check")).code).toBe(3);
  expect(readdirSync(work())).toEqual([]);
});

test("after kill -9 nothing is trusted; the next run ends what still builds, removes it, and builds again", async () => {
  writeGo(folder, 'printf half > "$2"; sleep 60');
  const killed = start();
  await until(() => buildProcess() > 0);
  killed.child.kill("SIGKILL");
  await killed.ended;
  const orphan = buildProcess();
  expect(isRunning(orphan)).toBe(true);
  expect((await run("--check")).code).toBe(3);
  writeGo(folder, "");
  expect(await run()).toMatchObject({ code: 0 });
  await until(() => !isRunning(orphan));
  expect(readdirSync(work())).toEqual([]);
  expect((await run("--check")).code).toBe(0);
});

test("an interrupted run ends its build before it goes", async () => {
  writeGo(folder, "sleep 60");
  const { child, ended } = start();
  await until(() => buildProcess() > 0);
  child.kill("SIGTERM");
  expect((await ended)[0]).toBe(143);
  await until(() => !isRunning(buildProcess()));
});

test("two runs at once: the second waits, and builds nothing again", async () => {
  writeGo(folder, "sleep 1");
  const first = start();
  await until(() => buildProcess() > 0);
  const second = start();
  expect((await first.ended)[0]).toBe(0);
  expect((await second.ended)[0]).toBe(0);
  expect(second.output.text).toContain(`Waiting for another run (process ${first.child.pid})`);
  // The command, and of each plugin what writes its schema and itself.
  expect(buildsIn(folder)).toHaveLength(5);
});

test("artifacts are built only when they are named, beside the toolchain, and in one run with it", async () => {
  writeGo(folder, "");
  await run();
  expect((await run("--check", "--all")).text).toMatch(/minio-server +RELEASE\S+ +missing/);
  // Not the plugin of AWS: its source is cut first, which a Go that only writes down what it was told has none of.
  const named = ["minio-server", "minio-server-hotfix", "actionlint"].flatMap((name) => ["--artifact", name]);
  expect(await run(...named)).toMatchObject({ code: 0 });
  expect(buildsIn(folder)).toHaveLength(8);
  const [plain, hotfix] = buildsIn(folder).slice(5);
  expect(plain).toContain("build -v -tags kqueue -ldflags -s -w");
  expect(plain).toContain("cmd.Version=2026-02-12T20:18:48Z");
  expect(plain).toContain("cmd.ReleaseTag=RELEASE.2026-02-12T20-18-48Z ");
  expect(hotfix).toContain("cmd.ReleaseTag=RELEASE.2026-02-12T20-18-48Z.hotfix.7aac2a2c5b7c ");
  const tools = (await run("--print-path")).text.trim();
  expect(readdirSync(tools).sort()).toEqual(["pulumi", "pulumi-language-nodejs"]);
  expect(await run("--check", ...named)).toMatchObject({ code: 0 });
});

test("a repeated run says what there is and builds nothing", async () => {
  writeGo(folder, "");
  await run();
  const before = buildsIn(folder).length;
  const { code, text } = await run();
  expect(code).toBe(0);
  expect(text).toContain("pulumi 3.258.0 (built from upstream)");
  expect(buildsIn(folder)).toHaveLength(before);
});
