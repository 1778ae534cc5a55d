import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createKeyPair } from "../../../site/state-store/keys";
import { S3Server } from "../support/kit";
import { logInToNode, nodeShell } from "../support/site/node-ssh";
import { node, RestoreSite } from "./restore-site";

/** Archives of whole guests in a bucket elsewhere, whose answers a test decides. That nodes send them there is in the rehearsal. */

const reader = createKeyPair("reader");
const day = 86_400_000;
const dump = "mnt/backup/dump";
let site: RestoreSite;
let far: S3Server;
let env: Record<string, string>;
let folder: string;
let name: string;

beforeAll(async () => {
  site = await RestoreSite.start([{ id: 101, name: "web" }]);
  far = await S3Server.start(join(site.folder, "far"), { [reader.accessKey]: ["far-away"] });
  far.lockFor = 30 * day;
  site.write("far-ca.pem", readFileSync(far.ca, "utf8"));
  const offsite = { kind: "minio", endpoint: far.endpoint, bucket: "far-away", ca: "far-ca.pem", adopt: true };
  site.write("Pulumi.prod.yaml", `${site.read("Pulumi.prod.yaml")}  lifeboat:offsite: ${JSON.stringify(offsite)}\n`);
  site.write("reader", JSON.stringify(reader));
  logInToNode(site);
  env = {
    PATH: `${nodeShell(site, node)}:${site.env["PATH"] ?? process.env["PATH"] ?? ""}`,
    LIFEBOAT_OFFSITE_READER_FILE: join(site.project, "reader"),
  };
  folder = join(site.nodePath(node), dump);
  await site.backUp(101);
  name = archives()[0] ?? "";
});

afterAll(async () => {
  await far.close();
  await site.stop();
});

const archives = (): string[] => readdirSync(folder).filter((file) => /\.(?:tar|tgz)(?:\.\w+)?$/u.test(file));
const sumOf = (content: Buffer): string => createHash("sha256").update(content).digest("hex");
const restore = (words: readonly string[], more: Record<string, string> = {}) =>
  site.lifeboat(["restore", "guest", "web", "--from", "offsite", ...words], { env: { ...env, ...more } });

/** Everything of the archive lies elsewhere, and the backup storage is empty. */
let kept: Map<string, Buffer>;

beforeEach(() => {
  kept ??= new Map(
    readdirSync(folder)
      .filter((file) => file.startsWith("vzdump-"))
      .map((file) => [file, readFileSync(join(folder, file))]),
  );
  far.dropBucket("far-away");
  far.makeBucket("far-away");
  const base = name.replace(/\.tar.*$/u, "");
  const own = [...kept].filter(([file]) => file.startsWith(base));
  for (const [file, content] of own) put(file, content);
  put("SHA256SUMS", own.map(([file, content]) => `${sumOf(content)}  ${file}\n`).join(""));
  for (const file of readdirSync(folder)) rmSync(join(folder, file), { recursive: true });
});

function put(file: string, content: Buffer | string): void {
  far.put("far-away", `archives/prod/web/${name}/${file}`, content);
}

test("the newest archive elsewhere comes to the storage under its own name, and is restored from there [D2, J2, J3]", async () => {
  const shown = await restore(["--dry-run", "--json"]);
  expect([shown.code, JSON.parse(shown.stdout)]).toMatchObject([
    0,
    { fetch: { archive: name, bucket: `s3://far-away at ${far.endpoint}`, storage: "backup", node } },
  ]);
  expect(readdirSync(folder)).toEqual([]);
  const { code, stderr } = await restore(["--force", "--stop", "--accept-loss"]);
  expect([code, stderr]).toEqual([0, expect.stringContaining(`Fetch ${name}`)]);
  expect(archives()).toContain(name);
  expect(readFileSync(join(folder, name)).equals(kept.get(name) ?? Buffer.alloc(0))).toBe(true);
  expect(readdirSync(folder).filter((file) => file.startsWith("."))).toEqual([]);
});

test("one that is on the storage already is not fetched again [D2]", async () => {
  writeFileSync(join(folder, name), kept.get(name) ?? "");
  const before = far.requests.length;
  expect(await restore(["--dry-run"])).toMatchObject({ code: 0, stdout: expect.stringContaining("Plan: restore") });
  expect(far.requests.slice(before).filter(({ path }) => path.endsWith(`/${name}`))).toEqual([]);
});

test("another one of its name on the storage is no copy of it: it is neither restored nor replaced [D2, J1, N1]", async () => {
  const content = kept.get(name) ?? Buffer.alloc(0);
  const other = Buffer.from(content);
  other[other.length - 1] = (other.at(-1) ?? 0) ^ 1;
  const words = ["--force", "--stop", "--accept-loss"];
  for (const bytes of [content.subarray(0, -1), other]) {
    writeFileSync(join(folder, name), bytes);
    expect(await restore(words)).toMatchObject({
      code: 13,
      stderr: expect.stringMatching(
        /backup:backup\/vzdump\S+ is on pve-prod already, and is not what lies in s3:\/\/far-away/u,
      ),
    });
    expect(readFileSync(join(folder, name)).equals(bytes)).toBe(true);
  }
  writeFileSync(join(folder, name), content);
  expect((await restore(words)).code).toBe(0);
});

test("nobody is there to agree: nothing is fetched [K1]", async () => {
  expect(await restore([])).toMatchObject({ code: 2, stderr: expect.stringContaining("--force") });
  expect(readdirSync(folder)).toEqual([]);
});

test("other bytes than were read on the node never get the name of an archive [J1, J3, N1]", async () => {
  const { length } = kept.get(name) ?? Buffer.alloc(0);
  far.damage("far-away", `archives/prod/web/${name}/${name}`, "lost");
  put(name, Buffer.alloc(length));
  const { code, stderr } = await restore(["--force", "--stop", "--accept-loss"]);
  expect([code, stderr]).toEqual([1, expect.stringContaining("its sum is another")]);
  expect(archives()).toEqual([]);
  expect(readdirSync(folder).filter((file) => file.startsWith("."))).toEqual([]);
});

test("sums that name something else are refused before anything is fetched [J1, N1]", async () => {
  far.damage("far-away", `archives/prod/web/${name}/SHA256SUMS`, "lost");
  put("SHA256SUMS", `${"0".repeat(64)}  ../../../etc/cron.d/own\n`);
  expect(await restore(["--force"])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("are none, or those of something else"),
  });
  expect(readdirSync(folder)).toEqual([]);
});

test("sums of another archive beside its own are refused: nothing else of the storage is written [J1, N1]", async () => {
  const other = name.replace("-101-", "-102-");
  far.damage("far-away", `archives/prod/web/${name}/SHA256SUMS`, "lost");
  put("SHA256SUMS", `${"0".repeat(64)}  ${other}\n${sumOf(kept.get(name) ?? Buffer.alloc(0))}  ${name}\n`);
  put(other, "forged");
  expect(await restore(["--force"])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("are none, or those of something else"),
  });
  expect(readdirSync(folder)).toEqual([]);
});

test("a connection that breaks leaves nothing that looks like an archive, and the next attempt is whole [K4]", async () => {
  far.stopsIn = { of: (path) => path.endsWith(`/${name}/${name}`), how: "cut" };
  expect(await restore(["--force", "--stop", "--accept-loss"])).toMatchObject({ code: 14 });
  far.stopsIn = undefined;
  expect(archives()).toEqual([]);
  expect(await restore(["--force", "--stop", "--accept-loss"])).toMatchObject({ code: 0 });
});

test("no archive there, or none so old, is said; a service that is down is not that [J2]", async () => {
  expect(await restore(["--at", "2001-01-01", "--force"])).toMatchObject({
    code: 10,
    stderr: expect.stringContaining("no copy is that old"),
  });
  far.dropBucket("far-away");
  far.makeBucket("far-away");
  expect(await restore(["--force"])).toMatchObject({
    code: 10,
    stderr: expect.stringContaining("there is no whole copy"),
  });
  await far.close();
  expect(await restore(["--force"])).toMatchObject({ code: 14 });
  await far.open();
});

test("a node that nobody can log in to, or a folder that is not there, is said before anything is fetched [D2]", async () => {
  expect(await restore(["--force"], { SSH_FAILS: "yes" })).toMatchObject({
    code: 14,
    stderr: expect.stringContaining("publickey"),
  });
  rmSync(folder, { recursive: true });
  expect(await restore(["--force"])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/there is no folder \S*\/mnt\/backup\/dump: is its storage mounted\?/u),
  });
  mkdirSync(folder);
});
