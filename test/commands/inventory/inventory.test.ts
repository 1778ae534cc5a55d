import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inventoryShape } from "../../../scripts/inspect/inventory/shape";
import { offsiteKeys } from "../../support/example-offsite";
import { sealSettings } from "../../support/sealed-settings";
import { StateBuilder } from "../../support/state/build-state";
import { node, RestoreSite } from "../restore/restore-site";
import { S3Server } from "../support/kit";
import { FolderBackend, putUpdate } from "../support/site/backend";
import { GuestProgram } from "../support/site/guest-program";

/** `lifeboat inventory` over one node with everything that can be backed up. Databases, and guests that run, are in the rehearsal. */

const passphrase = "not-a-secret-passphrase";
const keys = { ...offsiteKeys(), admin: undefined };
let [site, far, guest]: [RestoreSite?, S3Server?, GuestProgram?] = [];

beforeAll(async () => {
  site = await RestoreSite.start([
    { id: 101, name: "web", withCache: true },
    { id: 102, name: "db" },
    { id: 103, name: "new" },
  ]);
  guest = new GuestProgram(site, node, "web");
  far = await S3Server.start(join(site.folder, "far"), { [keys.reader.accessKey]: ["far-away"] });
  far.makeBucket("far-away");
  site.write("far-ca.pem", readFileSync(far.ca, "utf8"));
  declare(site, guest, far);
  await seal(site);
  const job = { id: "lifeboat-prod", schedule: "01:00", storage: "backup", vmid: "101,102,103" };
  await site.client.post(["cluster", "backup"], { ...job, "prune-backups": "keep-daily=7,keep-weekly=4" });
  putUpdate(new FolderBackend(site.dataPath("pulumi")), new StateBuilder("site", "prod", passphrase), {
    resources: [],
  });
  writeFileSync(guest.path("/content"), "what is to be kept");
  for (const id of [101, 102]) await site.backUp(id);
});

afterAll(async () => {
  await far?.close();
  await site?.stop();
});

function here(): RestoreSite {
  return site ?? fail();
}

function fail(): never {
  throw new Error("There is no site.");
}

const folder = (of: GuestProgram): string => of.path("/var/backups/lifeboat");

/** A source of data in web, db left out until a day, copies elsewhere. */
function declare(of: RestoreSite, program: GuestProgram, service: S3Server): void {
  const command = `cat ${program.path("/content")}`;
  const data = { notes: { kind: "command", command, folder: folder(program), by: "node" } };
  const optOut = { exclude: "rebuilt from web", owner: "web team", until: "2037-06-30" };
  const offsite = { kind: "minio", endpoint: service.endpoint, bucket: "far-away", ca: "far-ca.pem", adopt: true };
  const text = of
    .read("Pulumi.prod.yaml")
    .replace(/^( +)(network: .*)$/mu, `$1$2\n$1data: ${JSON.stringify(data)}`)
    .replace(/^( +)(id: 102)$/mu, `$1$2\n$1backup: ${JSON.stringify(optOut)}`);
  of.write("Pulumi.prod.yaml", `${text}  lifeboat:offsite: ${JSON.stringify(offsite)}\n`);
  const keep = { daily: 7, weekly: 4, monthly: 12 };
  const common = { at: "03:00", keep, recipients: [], shrink: 50, minimum: 1, by: "node", enabled: true } as const;
  program.declare({ ...common, kind: "command", name: "notes", command, folder: folder(program) });
}

async function seal(of: RestoreSite): Promise<void> {
  writeFileSync(join(of.folder, "passphrase"), passphrase);
  await sealSettings(join(of.project, "Pulumi.prod.yaml"), join(of.folder, "passphrase"), {
    "lifeboat:offsiteKeys": JSON.stringify({ writer: keys.writer, reader: keys.reader }),
  });
}

function variables(): Record<string, string> {
  return {
    PULUMI_CONFIG_PASSPHRASE: passphrase,
    PATH: `${guest?.bin ?? ""}:${here().env["PATH"] ?? process.env["PATH"] ?? ""}`,
  };
}

async function inventory(words: readonly string[] = []) {
  const { stdout, code } = await here().lifeboat(["inventory", ...words, "--json"], { env: variables() });
  const found = inventoryShape.parse(withoutType(stdout));
  const [environment] = found.environments;
  if (environment === undefined) throw new Error(stdout);
  return { code, found, environment, of: (name: string) => environment.guests.find((one) => one.name === name) };
}

function withoutType(line: string): unknown {
  const { message_type: _type, ...value } = JSON.parse(line) as Record<string, unknown>;
  return value;
}

async function page(format: string): Promise<string> {
  return (await here().lifeboat(["inventory", "--format", format], { env: variables() })).stdout;
}

test("guests and each of their disks, the job, storages, opt-outs, dumps, copies and the state: as declared and as they are; 0 [H6]", async () => {
  const { code, found, environment, of } = await inventory();
  expect([code, found.ok, found.unknown]).toEqual([0, true, []]);
  expect(of("web")).toMatchObject({
    state: "running",
    newest: { storage: "backup", archive: expect.stringMatching(/^backup:backup\/vzdump-lxc-101-/u), verified: null },
    backups: 1,
    proof: null,
    disks: [
      { key: "rootfs", place: "/", backedUp: true, size: 2 ** 30 },
      { key: "mp0", place: "/srv", storage: "data", backedUp: true, why: null },
      { key: "mp1", backedUp: false, why: "left out until 2099-06-30: rebuilt (web team)" },
    ],
  });
  expect(of("db")).toMatchObject({ optOut: { owner: "web team", until: "2037-06-30" } });
  // Nothing is hidden, so that none means none.
  expect(of("new")).toMatchObject({ newest: null, allSeen: true, backups: 0 });
  expect(environment.job).toMatchObject({
    keep: "keep-daily=7,keep-weekly=4",
    found: { exists: true, schedule: "01:00", storage: "backup", keep: "keep-daily=7,keep-weekly=4" },
  });
  expect(environment.storages.find(({ declared }) => declared)).toMatchObject({ storage: "backup", archives: 2 });
  expect(environment.data).toMatchObject([{ source: "notes", unseen: null, dumps: 0, newest: null }]);
  expect(environment.offsite).toMatchObject({ unseen: null, copies: [{ source: "notes", count: 0, newest: null }] });
  expect(environment.state).toMatchObject({ lives: "local", unseen: null });
});

test("it sends nothing but GET [H6]", async () => {
  const before = here().requests().length;
  await inventory();
  const sent = here().requests().slice(before);
  expect(sent.length).toBeGreaterThan(10);
  expect(sent.filter(({ method }) => method !== "GET")).toEqual([]);
});

test("a job that is not the one of the settings, and a guest in no settings, are told [H6]", async () => {
  const { client } = here();
  const stray = { vmid: 150, hostname: "stray", ostemplate: "local:vztmpl/debian-12-standard_amd64.tar.zst" };
  await client.tasks.wait(String(await client.post(["nodes", node, "lxc"], { ...stray, rootfs: "local:1" })));
  await client.put(["cluster", "backup", "lifeboat-prod"], { schedule: "02:30", enabled: false });
  const text = await page("text");
  await client.put(["cluster", "backup", "lifeboat-prod"], { schedule: "01:00", enabled: true });
  expect(text).toContain("! The job is switched off on its node.");
  expect(text).toContain("! On its node the job's schedule is '02:30', not '01:00'.");
  expect(text).toContain("- container 150 (stray): lifeboat adopt 150");
});

test("--format json is the line of --json, and every other form tells the same [H6]", async () => {
  const line = JSON.parse(await page("json")) as { message_type: string };
  expect(line.message_type).toBe("result");
  const [text, markdown, html] = await Promise.all(["text", "markdown", "html"].map(page));
  expect(text).toMatch(/^ {2}web +101 +container +pve-prod +running +'01:00' +\d{4}-/mu);
  expect(markdown).toMatch(/^\| web \| 101 \| container \| pve-prod \| running \| '01:00' \| \d{4}-/mu);
  expect(html).toMatch(/^<tr><td>web<\/td><td>101<\/td><td>container<\/td><td>pve-prod<\/td>/mu);
  for (const one of [text, markdown, html]) expect(one).toContain("left out until 2099-06-30: rebuilt (web team)");
});

test("in a terminal of 80 columns no line is wider [H6]", async () => {
  const { stdout } = await here().inTerminal(["inventory"], 80, { ...variables(), NO_COLOR: "1" });
  // eslint-disable-next-line no-control-regex
  const plain = stdout.replaceAll(/\u001b\[[0-9;?]*[a-zA-Z]/gu, "");
  const lines = plain.split("\r\n").map((line) => line.slice(line.lastIndexOf("\r") + 1));
  // A path is one word, and stays whole.
  expect(lines.filter((line) => line.length > 80 && !line.includes("/"))).toEqual([]);
  expect(lines).toContain("    HOW OFTEN: '01:00'");
});

test("a node and a service that do not answer: unknown, never none, and 3 [H6, K6]", async () => {
  await here().fault("node-unreachable", { node });
  const { code, found, environment, of } = await inventory();
  const text = await page("text");
  await here().clearFaults();
  expect(code).toBe(3);
  // The guest with the dumps is reached through its node.
  expect(found.unknown).toEqual([
    expect.stringMatching(/^prod: its nodes gave no answer: /u),
    expect.stringMatching(/^prod: the dumps of web\/notes: /u),
  ]);
  expect(environment).toMatchObject({ notCovered: null, job: { found: null, nextRun: null, lastRuns: null } });
  expect(of("new")).toMatchObject({ state: "unknown", newest: null, allSeen: false, backups: null });
  expect(of("web")?.disks.map(({ backedUp }) => backedUp)).toEqual([null, null, null]);
  expect(text).toMatch(/^ {2}new +103 +container +pve-prod +unknown +'01:00' +unknown +unknown /mu);
  expect(text).not.toMatch(/\bnone\b.*\n.*\bDisks/u);
});

test("a guest that does not answer and keys that are missing: each is unknown by its own name [H6, K6]", async () => {
  const env = { PULUMI_CONFIG_PASSPHRASE: "" };
  const { stdout, code } = await here().lifeboat(["inventory", "--json"], { env });
  const { environments, unknown } = inventoryShape.parse(withoutType(stdout));
  expect(code).toBe(3);
  expect(environments[0]?.offsite).toMatchObject({ copies: null, unseen: expect.any(String) });
  expect(environments[0]?.data).toMatchObject([{ dumps: null, unseen: expect.any(String) }]);
  expect(unknown).toEqual([
    expect.stringMatching(/^prod: the dumps of web\/notes: /u),
    expect.stringMatching(/^prod: copies elsewhere \(s3:\/\/far-away at .*\): /u),
  ]);
});

test("a backup storage of which not all can be seen makes no 'none' [H6, K6]", async () => {
  await here().fault("disk-unmounted", { storage: "backup" });
  const { code, of, found } = await inventory();
  const text = await page("text");
  await here().clearFaults();
  expect(code).toBe(3);
  expect(of("new")).toMatchObject({ newest: null, allSeen: false, backups: null });
  expect(found.unknown).toContain("prod: not all backups of new could be seen");
  expect(text).toMatch(/^ {2}new .*'01:00' +unknown +unknown /mu);
});

test("a name that is no environment, and a format that is none, are refused [H6]", async () => {
  expect(await here().lifeboat(["inventory", "nowhere"])).toMatchObject({ code: 2 });
  const { code, stderr } = await here().lifeboat(["inventory", "--format", "pdf"]);
  expect(code).toBe(2);
  expect(stderr).toContain("--format");
});
