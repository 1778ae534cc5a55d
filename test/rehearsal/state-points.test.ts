import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseDocument } from "yaml";
import * as z from "zod";
import { timed } from "../support/timed";
import { S3Store } from "../../scripts/clients/object-store/s3-store";
import { type CommandResult } from "./support/commands";
import { DemoSite, expectExit } from "./support/demo-site";
import { MinioServer } from "./support/minio-server";
import { firstUseLimit, obtainToolchain } from "./support/toolchain";

// Earlier states in a real MinIO: the real `pulumi` updates, is killed, and finds its stack restored.
const parent = mkdtempSync(join(tmpdir(), "lifeboat-points-"));
const printed: string[] = [];
const site = new DemoSite(join(parent, "site"), "memory", (line) => printed.push(line));
const settings = join(site.folder, "project", "Pulumi.prod.yaml");
const guests = ["config", "lifeboat:guests"];
const place = ".pulumi/stacks/lifeboat/prod.json";
let minio: MinioServer;
let backend: string;
let store: S3Store;

jest.setTimeout(20 * 60_000);

beforeAll(async () => {
  await obtainToolchain(site);
  mkdirSync(join(parent, "minio"));
  minio = await MinioServer.start(join(parent, "minio"));
  backend = await minio.makeBucket("state-prod");
  process.env["AWS_ACCESS_KEY_ID"] = MinioServer.accessKey;
  process.env["AWS_SECRET_ACCESS_KEY"] = MinioServer.secretKey;
  store = new S3Store({
    bucket: "state-prod",
    endpoint: minio.endpoint,
    region: "us-east-1",
    credentials: { accessKey: MinioServer.accessKey, secretKey: MinioServer.secretKey },
  });
  expectExit(await site.sandbox("up", "--driver", "memory", "--port", "8162"), [0], "the sandbox");
  expectExit(await pulumi("stack", "init", "prod"), [0], "pulumi stack init");
}, firstUseLimit);

afterAll(async () => {
  delete process.env["AWS_ACCESS_KEY_ID"];
  delete process.env["AWS_SECRET_ACCESS_KEY"];
  await site.sandbox("down");
  await minio.stop();
  rmSync(parent, { recursive: true, force: true });
});

function inStore(program: string, ...words: string[]): Promise<CommandResult> {
  return site.inside("env", `PULUMI_BACKEND_URL=${backend}`, program, ...words);
}

function pulumi(...words: string[]): Promise<CommandResult> {
  return inStore("pulumi", ...words, "--non-interactive");
}

const lifeboat = (...words: string[]) => inStore("lifeboat", ...words);

/** Changes one setting, and updates. */
async function update(message: string, path: readonly string[], value: unknown): Promise<void> {
  change(path, value);
  expectExit(await pulumi("up", "-s", "prod", "--yes", "--skip-preview", "-m", message), [0], `pulumi up (${message})`);
}

function change(path: readonly string[], value: unknown): void {
  const document = parseDocument(readFileSync(settings, "utf8"));
  document.setIn([...path], document.createNode(value));
  writeFileSync(settings, document.toString({ lineWidth: 0 }));
}

const previewSchema = z.object({
  steps: z.array(
    z.object({ op: z.string(), urn: z.string(), detailedDiff: z.record(z.string(), z.unknown()).nullish() }),
  ),
});

/** What Pulumi would do, by its state and the settings. */
async function preview(): Promise<string[]> {
  const { stdout } = expectExit(await pulumi("preview", "-s", "prod", "--json"), [0], "pulumi preview");
  return previewSchema
    .parse(JSON.parse(stdout))
    .steps.filter(({ op }) => op !== "same")
    .map(({ op, urn, detailedDiff }) =>
      `${op} ${urn.split("::")[3] ?? ""} ${Object.keys(detailedDiff ?? {}).join()}`.trim(),
    )
    .sort();
}

const exportSchema = z.object({ deployment: z.object({ resources: z.array(z.unknown()) }).loose() });

async function deployment(): Promise<unknown> {
  const { stdout } = expectExit(await pulumi("stack", "export", "-s", "prod"), [0], "pulumi stack export");
  return exportSchema.parse(JSON.parse(stdout)).deployment;
}

const pointsSchema = z.object({
  points: z.array(
    z.object({
      id: z.string(),
      source: z.string(),
      status: z.string(),
      present: z.boolean(),
      update: z.object({ message: z.string() }).nullable(),
    }),
  ),
});

async function points(...flags: string[]) {
  const { stdout } = expectExit(
    await lifeboat("restore", "state", "prod", "--list", "--json", ...flags),
    [0],
    "--list",
  );
  return pointsSchema.parse(JSON.parse(stdout)).points;
}

async function idOf(message: string, ...flags: string[]): Promise<string> {
  const found = (await points(...flags)).find((point) => point.update?.message === message);
  if (found === undefined) throw new Error(`No point is of the update '${message}'.`);
  return found.id;
}

let last: unknown;

test("three updates; the first comes back, and the preview shows exactly the difference [E1, E2, 004 US2.2]", async () => {
  await update("first", [...guests, "web", "tags"], ["first"]);
  await update("second", [...guests, "web", "tags"], ["second"]);
  await update("third", [...guests, "db", "tags"], ["third"]);
  expect(await preview()).toEqual([]);
  last = await deployment();
  expect((await points()).map(({ source, status, update: of }) => [source, status, of?.message])).toEqual([
    ["history", "complete", "third"],
    ["history", "complete", "second"],
    ["history", "complete", "first"],
  ]);
  const restored = await lifeboat("restore", "state", "prod", "--to", await idOf("first"), "--force");
  expectExit(restored, [0], "restoring the first state");
  expect(await preview()).toEqual(["update db-container tags[0],tags[1]", "update web-container tags[0],tags[1]"]);
});

test("the last one comes back: the preview is clean, and the deployment is the same, resource by resource [E2]", async () => {
  const third = await idOf("third");
  const restored = await timed("L2", "restoring a state, with the preview after it", () =>
    lifeboat("restore", "state", "prod", "--to", third, "--force"),
  );
  expectExit(restored, [0], "restoring the last state");
  // The restore itself has asked Pulumi, which has looked at the real world.
  expect(restored.stdout).toContain("Pulumi agrees: a preview of prod changes nothing");
  expect(await preview()).toEqual([]);
  expect(await deployment()).toEqual(last);
});

test("pulumi stack rm --force: its points are found among versions, and the stack comes back [E1]", async () => {
  const before = await idOf("third");
  expectExit(await pulumi("stack", "rm", "prod", "--force", "--yes", "--preserve-config"), [0], "pulumi stack rm");
  const left = await points();
  expect(left.filter(({ source }) => source === "history" || source === "present")).toEqual([]);
  expect(await idOf("third", "--versions")).toBe(before);
  expectExit(await lifeboat("restore", "state", "prod", "--to", before, "--force"), [0], "restoring the removed stack");
  expect(await deployment()).toEqual(last);
  expect(await preview()).toEqual([]);
});

test("verify reads every version of it [G1, 004 US5.2]", async () => {
  const { stdout } = expectExit(await lifeboat("verify", "--state", "prod", "--json"), [0], "verify --state");
  const { stacks } = z
    .object({ stacks: z.array(z.object({ checked: z.number(), copies: z.number(), bad: z.array(z.unknown()) })) })
    .parse(JSON.parse(stdout));
  expect(stacks).toMatchObject([{ bad: [] }]);
  // Some 2 versions for each resource of each update.
  const [{ checked, copies } = { checked: 0, copies: 0 }] = stacks;
  expect(checked + copies).toBeGreaterThan(20);
});

test("an update killed in the middle: its lock and what it was making are named, and the restore ends clean [E1, E3]", async () => {
  await site.sandbox("fault", "task-waits", "type=vzcreate", "at=extracting");
  change([...guests, "late"], {
    kind: "container",
    id: 103,
    template: "local:vztmpl/debian-12-standard_amd64.tar.zst",
    root: { storage: "local", size: "4GiB" },
    network: { bridge: "vmbr0", address: "192.0.2.103/24", gateway: "192.0.2.1" },
  });
  let ended = false;
  const running = pulumi("up", "-s", "prod", "--yes", "--skip-preview").finally(() => (ended = true));
  await untilCreating(() => ended);
  await killUpdate();
  await running;
  const [first] = await points();
  expect(first).toMatchObject({ source: "present", status: "half-written" });
  // The history went with the stack: its versions are left.
  const id = await idOf("third", "--versions");
  const locked = await lifeboat("restore", "state", "prod", "--to", id, "--force");
  expect([locked.exitCode, locked.stderr]).toEqual([
    11,
    expect.stringContaining("on this machine that process has ended"),
  ]);
  expect(locked.stderr).toContain("pulumi cancel --yes -s prod");
  expectExit(await pulumi("cancel", "--stack", "prod", "--yes"), [0], "pulumi cancel");
  const restored = expectExit(await lifeboat("restore", "state", "prod", "--to", id, "--force"), [0], "the restore");
  expect(restored.stdout).toContain("an update was broken off while it was creating late-container");
  await site.sandbox("fault", "clear");
  expect(await deployment()).toEqual(last);
  expect((await store.list(".pulumi/locks/")).length).toBe(0);
  expect(await points()).toMatchObject([
    { source: "present", status: "complete" },
    { source: "saved", status: "half-written" },
    // Kept when the first and the third state were restored, before the stack was removed.
    ...["complete", "complete"].map((status) => ({ source: "saved", status })),
  ]);
});

/** The state says that the guest is being made. */
async function untilCreating(hasEnded: () => boolean): Promise<void> {
  while (!hasEnded()) {
    const text = (await store.read(place)).toString("utf8");
    if (/"pending_operations":.*late-container/u.test(text)) return;
    await sleep(200);
  }
  throw new Error(`The update does not get there: ${printed.slice(-20).join("\n")}`);
}

/** `kill -9` of the process that holds the lock, and of those that it started. */
async function killUpdate(): Promise<void> {
  const [lock] = await store.list(".pulumi/locks/");
  const { pid } = z.object({ pid: z.number() }).parse(JSON.parse((await store.read(lock?.key ?? "")).toString("utf8")));
  for (const one of [pid, ...childrenOf(pid)]) process.kill(one, "SIGKILL");
}

function childrenOf(pid: number): number[] {
  const processes = readdirSync("/proc")
    .filter((name) => /^\d+$/u.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        const parentOf = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
        return [{ pid: Number(name), parent: parentOf }];
      } catch {
        return [];
      }
    });
  const own = processes.filter((one) => one.parent === pid).map((one) => one.pid);
  return [...own, ...own.flatMap(childrenOf)];
}

/** Overwrites 200 bytes of files that MinIO keeps of the live state, and restarts it. */
async function damage(isMeant: (name: string) => boolean): Promise<void> {
  await minio.restart(() => {
    const folder = join(parent, "minio", "state-prod", place);
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(isMeant);
    if (names.length === 0) throw new Error("MinIO keeps the state in other files.");
    for (const name of names) {
      const content = readFileSync(join(folder, name));
      writeFileSync(join(folder, name), content.fill(0xa5, 0, 200));
    }
  });
}

describe("the object of the live state is damaged", () => {
  test.each([
    ["metadata", (name: string): boolean => name === "xl.meta", /the store answers 500 /u],
    ["content", (name: string): boolean => name.endsWith("/part.1"), /the store answers 503 /u],
  ])(
    "its %s: every look is red, and a restore brings the last state back [B3, E2, G1]",
    async (what, isMeant, said) => {
      await update(`before the damage of its ${what}`, [...guests, "web", "tags"], ["damaged", what]);
      const before = await deployment();
      await damage(isMeant);
      const verified = expectExit(await lifeboat("verify", "--state", "prod"), [3], "verify --state");
      expect(verified.stdout).toMatch(said);
      const copied = expectExit(
        await lifeboat("backup", "state", "prod", "--to", join(parent, "copies")),
        [3],
        "a copy",
      );
      expect(copied.stdout).toMatch(said);
      const planned = expectExit(await lifeboat("up", "prod", "--dry-run"), [14], "up --dry-run");
      expect(planned.stdout + planned.stderr).toMatch(/lifeboat restore state prod --list/u);
      const [newest] = (await points()).filter(({ source }) => source === "history");
      const restore = () => lifeboat("restore", "state", "prod", "--to", newest?.id ?? "", "--force");
      if (what === "metadata") {
        const refused = expectExit(await restore(), [14], "a restore over what cannot be written over");
        expect(refused.stderr).toContain("its folder among the data of the server");
        // As the runbook has it, under the server that runs.
        rmSync(join(parent, "minio", "state-prod", place), { recursive: true });
      }
      const restored = await timed(
        "L2",
        `bringing back a state of which the store's object is damaged: ${what}`,
        restore,
      );
      expectExit(restored, [0], "the restore");
      // Versions lie in files of their own, and those stay damaged; where the metadata was, they went with it.
      const left = what === "content" ? 3 : 0;
      expectExit(await lifeboat("verify", "--state", "prod"), [left], "verify --state afterwards");
      expect(await deployment()).toEqual(before);
      expect(await preview()).toEqual([]);
    },
  );
});

async function changingRequests(): Promise<string[]> {
  const { stdout } = await site.sandbox("requests", "--json");
  return stdout.split("\n").filter((line) => line.startsWith("{") && !/"method":\s?"GET"/.test(line));
}

/** Puts resources into the state as who has a key to the bucket can. */
async function forge(...resources: readonly object[]): Promise<() => Promise<void>> {
  const good = await store.read(place);
  const value = JSON.parse(good.toString());
  value.checkpoint.latest.resources.push(...resources);
  await store.write(place, Buffer.from(JSON.stringify(value)));
  return async () => void (await store.write(place, good));
}

test("written by somebody between the last look and pulumi's own reading, the state is used by no update, though it is the same [K4, N2]", async () => {
  change([...guests, "web", "tags"], ["pinned"]);
  const [reached, goOn] = [join(parent, "reached"), join(parent, "go-on")];
  const programs = join(parent, "programs");
  mkdirSync(programs);
  const wait = `touch ${reached}; until [ -e ${goOn} ]; do sleep 0.1; done`;
  const script = `#!/bin/sh\n[ "$1" != up ] || { ${wait}; }\nPATH=\${PATH#${programs}:} exec pulumi "$@"\n`;
  writeFileSync(join(programs, "pulumi"), script, { mode: 0o755 });
  const before = await changingRequests();
  const ended = new AbortController();
  const up = inStore("sh", "-c", `PATH=${programs}:$PATH lifeboat up prod --force`).finally(() => ended.abort());
  while (!existsSync(reached) && !ended.signal.aborted) await sleep(100);
  await store.write(place, await store.read(place));
  writeFileSync(goOn, "");
  const refused = expectExit(await up, [13], "lifeboat up");
  expect(refused.stderr).toContain("Unable to deploy prod: somebody has written its state since this update began");
  expect(await changingRequests()).toEqual(before);
  expectExit(await lifeboat("up", "prod", "--force"), [0], "lifeboat up again");
  expect(await preview()).toEqual([]);
});

describe("somebody else has written the live state", () => {
  const own = "urn:pulumi:prod::lifeboat::";
  const hit = join(parent, "hit");
  const commandUrn = `${own}command:local:Command::evil`;
  const providerOf = (name: string, inputs: object) => ({
    urn: `${own}pulumi:providers:${name}::evil`,
    type: `pulumi:providers:${name}`,
    custom: true,
    id: "1",
    inputs,
    outputs: inputs,
  });
  let asked: string[];
  let server: Server;

  beforeAll(async () => {
    server = createServer(({ url }, response) => {
      asked.push(url ?? "");
      response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    await update("before the forgery", [...guests, "web", "tags"], ["forged"]);
  });

  beforeEach(() => {
    asked = [];
  });

  afterAll(() => new Promise((resolve) => server.close(resolve)));

  const upAsTold = (...variables: string[]) =>
    inStore("sh", "-c", `eval "$(lifeboat env prod)"; exec env "$@"`, "sh", ...variables, ...upWords);
  const upWords = ["pulumi", "up", "-s", "prod", "--yes", "--skip-preview", "--non-interactive"];

  test("no plugin is got from where it says, by a preview or by plain pulumi [N2]", async () => {
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const pluginDownloadURL = `http://127.0.0.1:${String(port)}/`;
    const mend = await forge(providerOf("evil", { version: "9.9.9", __internal: { pluginDownloadURL } }));
    const previewed = expectExit(await lifeboat("preview", "prod"), [3], "lifeboat preview");
    expect(previewed.stdout).toContain("pulumi:providers:evil::evil: the program has no provider of this package");
    expect((await upAsTold()).exitCode).not.toBe(0);
    expect(asked).toEqual([]);
    await mend();
    expect(await preview()).toEqual([]);
  });

  test("no command of it is run, unless who updates names it [N2]", async () => {
    const inputs = { create: "true", delete: `touch ${hit}` };
    const provider = providerOf("command", { version: "1.2.1", __internal: {} });
    const command = { urn: commandUrn, type: "command:local:Command", custom: true, id: "2", inputs, outputs: inputs };
    // What waits to be deleted is shown to no program by Pulumi.
    await forge(provider, { ...command, provider: `${provider.urn}::1`, delete: true });
    const previewed = expectExit(await lifeboat("preview", "prod"), [3], "lifeboat preview");
    expect(previewed.stdout).toContain(`${commandUrn}: the program makes nothing of the type command:local:Command`);
    expectExit(await lifeboat("up", "prod", "--force"), [13], "lifeboat up");
    const refused = await upAsTold();
    expect([refused.exitCode, refused.stdout + refused.stderr]).toEqual([1, expect.stringContaining(commandUrn)]);
    expect(existsSync(hit)).toBe(false);
    const consent = `LIFEBOAT_ALLOW_STATE_PARTS=${provider.urn},${commandUrn}`;
    expectExit(await upAsTold(consent), [0], "pulumi up with consent");
    expect(existsSync(hit)).toBe(true);
    expect(await preview()).toEqual([]);
  });

  test.each([
    ["a guest of the settings", "web-container", {}, "it waits to be deleted, and the settings have guest web"],
    ["the job of another environment", "backup-job", { id: "lifeboat-lab" }, "it names backup job lifeboat-lab"],
    ["another storage", "backup-storage", { id: "local" }, "it names storage local"],
  ])("%s is not deleted, whatever id waits for it [N2]", async (_, name, change, said) => {
    const { resources } = exportSchema.parse({ deployment: await deployment() }).deployment;
    const there = z.array(z.object({ urn: z.string() }).loose()).parse(resources);
    const before = await changingRequests();
    const original = there.find(({ urn }) => urn.endsWith(`::${name}`));
    const mend = await forge({ ...original, protect: false, ...change, delete: true });
    const planned = expectExit(await lifeboat("up", "prod", "--force"), [13], "lifeboat up");
    const refused = await upAsTold();
    expect([refused.exitCode, planned.stdout + planned.stderr, refused.stdout + refused.stderr]).toEqual([
      1,
      expect.stringContaining(said),
      expect.stringContaining(said),
    ]);
    expect(await changingRequests()).toEqual(before);
    await mend();
    expect(await preview()).toEqual([]);
  });
});
