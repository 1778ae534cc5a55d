import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { createKeyPair } from "../../../site/state-store/keys";
import { asksFor } from "../support/held-tasks";
import { S3Server } from "../support/kit";
import { killAt } from "../support/kill-at";
import { GuestProgram } from "../support/site/guest-program";
import { logInToNode, nodeShell } from "../support/site/node-ssh";
import { node } from "../restore/restore-site";
import { RecoverSite } from "./recover-site";
import { unrecorded } from "./unrecorded";

/** A recovery of a node whose backup storage is empty: copies of archives lie in a bucket elsewhere, whose answers a test decides. */

const reader = createKeyPair("reader");
const day = 86_400_000;
let lost: RecoverSite;
let far: S3Server;
let env: Record<string, string>;
let folder: string;
let settings: string;

/** Mail is never lost: Proxmox removes a job with its last guest. */
const table: Readonly<Record<string, number>> = { web: 101, db: 102, mail: 103 };
const archived = new Map<string, Buffer>();

beforeAll(async () => {
  lost = await RecoverSite.start(
    Object.entries(table).map(([name, id]) => ({ id, name })),
    { state: { web: {}, db: {}, mail: {} } },
  );
  const { site } = lost;
  far = await S3Server.start(join(site.folder, "far"), { [reader.accessKey]: ["far-away"] });
  far.lockFor = 30 * day;
  site.write("far-ca.pem", readFileSync(far.ca, "utf8"));
  site.write("reader", JSON.stringify(reader));
  const offsite = { kind: "minio", endpoint: far.endpoint, bucket: "far-away", ca: "far-ca.pem", adopt: true };
  const without = site.read("Pulumi.prod.yaml");
  site.write("Pulumi.prod.yaml", without.replace("config:\n", `$&  lifeboat:offsite: ${JSON.stringify(offsite)}\n`));
  logInToNode(site);
  settings = site.read("Pulumi.prod.yaml");
  env = {
    PATH: `${nodeShell(site, node)}:${lost.variables["PATH"] ?? ""}`,
    LIFEBOAT_OFFSITE_READER_FILE: join(site.project, "reader"),
  };
  folder = join(site.nodePath(node), "mnt/backup/dump");
  for (const file of readdirSync(folder)) archived.set(file, readFileSync(join(folder, file)));
});

afterAll(async () => {
  await far.close();
  await lost.stop();
});

/** Web and db are gone, nothing is elsewhere, and every archive is on the storage. */
beforeEach(async () => {
  lost.site.write("Pulumi.prod.yaml", settings);
  far.dropBucket("far-away");
  far.makeBucket("far-away");
  for (const name of ["web", "db"]) {
    const id = table[name] ?? 0;
    if (await lost.site.exists(id)) await lost.site.destroy(id);
  }
  for (const [file, content] of archived) writeFileSync(join(folder, file), content);
});

const isOf = (name: string, file: string): boolean => file.startsWith(`vzdump-lxc-${String(table[name])}-`);
const onStorage = (name: string): string[] => readdirSync(folder).filter((file) => isOf(name, file));

/** Its archive goes to the bucket elsewhere as a node sends it. @param day of the archive. Default: its own @returns its name */
function send(name: string, on?: string): string {
  const own = [...archived]
    .filter(([file]) => isOf(name, file))
    .map(([file, content]) => [on === undefined ? file : file.replace(/\d{4}_\d\d_\d\d/u, on), content] as const);
  const [archive = ""] = own.map(([file]) => file).filter((file) => /\.tar(?:\.\w+)?$/u.test(file));
  const put = (file: string, content: Buffer | string): void =>
    far.put("far-away", `archives/prod/${name}/${archive}/${file}`, content);
  for (const [file, content] of own) put(file, content);
  const sums = own.map(([file, content]) => `${createHash("sha256").update(content).digest("hex")}  ${file}\n`);
  put("SHA256SUMS", sums.join(""));
  return archive;
}

/** The archives of guests are gone from the storage. */
function empty(...names: readonly string[]): void {
  for (const file of names.flatMap(onStorage)) rmSync(join(folder, file));
}

const recover = (words: readonly string[], options: Parameters<RecoverSite["recover"]>[1] = {}) =>
  lost.recover(["--from", "offsite", ...words], { ...options, env: { ...env, ...options.env } });

const planShape = z.object({
  plan: z.object({
    environments: z.array(
      z.looseObject({
        guests: z.array(z.looseObject({ name: z.string(), way: z.string(), why: z.string().optional() })),
      }),
    ),
    steps: z.array(z.object({ id: z.string(), does: z.string() }).loose()),
  }),
});

const journalShape = z.looseObject({ kind: z.string(), state: z.string() });

const report = z.looseObject({
  proven: z.boolean(),
  environments: z.array(
    z.looseObject({ up: z.string(), guests: z.array(z.looseObject({ guest: z.string(), result: z.string() })) }),
  ),
  data: z.array(z.looseObject({ guest: z.string(), source: z.string(), result: z.string() })),
  findings: z.array(z.looseObject({ severity: z.string(), text: z.string() })),
});

async function planned(words: readonly string[] = []) {
  const { stdout, code, stderr } = await recover(["--dry-run", "--json", ...words]);
  if (code !== 0) throw new Error(stderr + stdout);
  const { environments, steps } = planShape.parse(JSON.parse(stdout)).plan;
  const [guests = []] = environments.map((one) => one.guests);
  return { guests, steps };
}

async function recovered(words: readonly string[] = []) {
  const { stdout, code, stderr } = await recover(["--force", "--json", ...words]);
  const { environments, findings, proven, data } = report.parse(JSON.parse(stdout));
  const guests = environments.flatMap((one) => one.guests.map(({ guest, result }) => [guest, result]));
  return {
    code,
    stderr,
    findings,
    proven,
    data,
    up: environments.map((one) => one.up),
    results: Object.fromEntries(guests),
  };
}

test("a guest without an archive on the storage comes back from its copy elsewhere, which the plan names with its age; one with an archive from that [H1, J3]", async () => {
  const copy = send("web");
  empty("web");
  const requests = lost.site.requests().length;
  const { stdout } = await recover(["--dry-run"]);
  expect(stdout).toMatch(/web +101 +from its copy elsewhere \(.*\) +the last /u);
  expect(stdout).toMatch(/db +102 +from its archive \(.*\) +the last/u);
  expect(stdout).toContain(`web: ${copy} lies in s3://far-away at ${far.endpoint}`);
  expect(
    lost.site
      .requests()
      .slice(requests)
      .filter(({ method }) => method !== "GET"),
  ).toEqual([]);
  expect(onStorage("web")).toEqual([]);
  const { code, results, findings } = await recovered();
  expect({ results, findings, code }).toEqual({
    results: { "prod/web": "back", "prod/db": "back", "prod/mail": "there" },
    findings: [],
    code: 0,
  });
  expect(await lost.there()).toEqual(["db", "mail", "web"]);
  expect(onStorage("web")).toContain(copy);
});

test("without the flag the plan says where a copy may lie, and makes no promise of it [H1]", async () => {
  send("web");
  empty("web");
  expect((await lost.recover(["--dry-run"], { env })).stdout).toMatch(
    /LOST: prod\/web: [^]*HINT: a copy may lie elsewhere: lifeboat recover --from offsite/u,
  );
});

test("a storage that is only defined by the recovery: what is not on it then comes from elsewhere [H1, H5, J3]", async () => {
  send("web");
  empty("web");
  const { site } = lost;
  site.write(
    "Pulumi.prod.yaml",
    site
      .read("Pulumi.prod.yaml")
      .replace(/storage: \{ id: backup[^}]*\}/u, "storage: { id: backup, type: dir, path: /mnt/backup }"),
  );
  await lost.forgetStorage();
  const { guests } = await planned();
  expect(guests).toEqual([
    expect.objectContaining({ name: "web", way: "archive unseen", elsewhere: expect.objectContaining({ doubts: [] }) }),
    expect.objectContaining({ name: "db", way: "archive unseen", why: expect.stringContaining("no whole copy") }),
    expect.objectContaining({ name: "mail", way: "there" }),
  ]);
  expect((await recovered()).results).toEqual({ "prod/web": "back", "prod/db": "back", "prod/mail": "there" });
});

test("a bucket that does not answer is not one without copies: nothing is made again empty, also where another guest comes back [H1, K3]", async () => {
  send("web");
  empty("web");
  await far.close();
  expect((await planned()).steps.map(({ id }) => id)).not.toContain("up");
  const { stderr, code, results, up, findings } = await recovered();
  expect(stderr).toMatch(/LOST: prod\/web: .*no archive[^]*its copy elsewhere cannot be had: .*far-away/u);
  expect({ code, results, up }).toEqual({
    code: 3,
    results: { "prod/web": "lost", "prod/db": "back", "prod/mail": "there" },
    up: ["left out"],
  });
  await far.open();
  const text = "prod is not brought up: its stack would make web empty, of which a copy may lie elsewhere";
  expect(findings).toContainEqual(expect.objectContaining({ severity: "problem", text }));
  expect(await lost.there()).toEqual(["db", "mail"]);
});

test("storages that cannot be listed are not empty: where nothing can be brought to them, that is said, and nothing is done [H1, K3]", async () => {
  send("web");
  empty("web");
  await lost.site.fault("answer-596", { path: "^GET .*/storage/backup/content" });
  expect(await recover(["--force"])).toMatchObject({
    code: 14,
    stderr: expect.stringMatching(/prod\/web: .*storage backup was not searched[^]*its copy elsewhere cannot be had/u),
  });
  await lost.site.clearFaults("answer-596");
  expect(await lost.there()).toEqual(["mail"]);
});

test("no copy elsewhere either: both places are named, and the stack makes it again as the plan has said [H1]", async () => {
  empty("web");
  const { guests } = await planned();
  expect(guests[0]).toMatchObject({
    way: "anew",
    why: expect.stringMatching(/searched: .*backup.*no whole copy of an archive of prod\/web in s3:\/\/far-away/u),
  });
});

test("a copy that breaks off on its way leaves the others going and nothing empty; the same command brings it [H1, K4]", async () => {
  const copy = send("web");
  empty("web");
  far.stopsIn = { of: (path) => path.endsWith(`/${copy}/${copy}`), how: "cut" };
  const { code, results, up, findings } = await recovered();
  expect({ code, results, up }).toEqual({
    code: 3,
    results: { "prod/web": "lost", "prod/db": "back", "prod/mail": "there" },
    up: ["left out"],
  });
  expect(findings).toContainEqual(
    expect.objectContaining({ mend: "lifeboat recover --from offsite --check-timeout 0 --force" }),
  );
  expect(onStorage("web")).not.toContain(copy);
  far.stopsIn = undefined;
  expect(await recovered()).toMatchObject({
    code: 0,
    results: { "prod/web": "back", "prod/db": "there", "prod/mail": "there" },
  });
});

test("a bucket that is slow to answer, and gives its answers in drops: it tells what it is at, and ends with all that is there [H1, J3]", async () => {
  for (const name of ["web", "db"]) send(name);
  empty("web", "db");
  far.slow = { wait: 300, pieces: 30 };
  const { code, results, findings, stderr } = await recovered().finally(() => (far.slow = undefined));
  expect({ code, results, findings }).toEqual({
    code: 0,
    results: { "prod/web": "back", "prod/db": "back", "prod/mail": "there" },
    findings: [],
  });
  expect(stderr).toMatch(/prod\/web: Fetch vzdump-lxc-101-\S+ \([\d.]+ s\)/u);
});

test("cut off in the middle of a restore from a copy: the next run resumes that restore [H1, K4]", async () => {
  send("web");
  empty("web");
  const before = lost.site.requests().length;
  expect((await recover(["--only", "web", "--force"], killAt("after", 19))).code).not.toBe(0);
  expect(lost.site.requests().slice(before).some(asksFor("vzrestore"))).toBe(true);
  const { guests } = await planned();
  expect(guests[0]).toMatchObject({
    way: "resume",
    archive: expect.stringMatching(/^backup:backup\/vzdump-lxc-101-/u),
  });
  expect(await recovered()).toMatchObject({ code: 0, results: { "prod/web": "back", "prod/db": "back" } });
});

test("copies that have no room together are refused before anything is fetched; those that are left out take none [H1]", async () => {
  for (const name of ["web", "db"]) send(name);
  const sizes = ["web", "db"].map((name) =>
    onStorage(name).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0),
  );
  empty("web", "db");
  const room = Math.max(...sizes) + 1;
  writeFileSync(join(lost.site.project, "bin/df"), `#!/bin/sh\necho 'Free'; echo '- - - ${String(room)} - -'\n`, {
    mode: 0o755,
  });
  expect(await recover(["--force"])).toMatchObject({
    code: 13,
    stderr: expect.stringMatching(/backup on pve-prod has .* of room, and the copies that are brought there take/u),
  });
  expect([onStorage("web"), onStorage("db")]).toEqual([[], []]);
  expect((await recovered(["--skip", "db"])).results).toEqual({ "prod/web": "back", "prod/mail": "there" });
  rmSync(join(lost.site.project, "bin/df"));
});

/** A guest with a folder in dumps, of which a newer copy lies elsewhere than its archive. */
class GuestWithData {
  readonly app: string;
  private readonly dumps: string;
  private readonly settings: string;
  private readonly copied = new Map<string, Buffer>();
  dump = "";

  constructor() {
    const { site } = lost;
    const guest = new GuestProgram(site, node, "web");
    [this.app, this.dumps] = [guest.path("/app"), guest.path("/var/backups/lifeboat")];
    const data = { config: { kind: "files", paths: [this.app], folder: this.dumps, by: "node" } };
    this.settings = settings.replace(/^( +)(network: .*)$/mu, `$1$2\n$1data: ${JSON.stringify(data)}`);
    site.write("Pulumi.prod.yaml", this.settings);
    guest.declare({
      kind: "files",
      name: "config",
      at: "03:00",
      keep: { daily: 7, weekly: 4, monthly: 12 },
      recipients: [],
      shrink: 50,
      minimum: 1,
      folder: this.dumps,
      by: "node",
      enabled: true,
      paths: [this.app],
      volumes: [],
      exclude: [],
    });
    mkdirSync(this.app, { recursive: true });
  }

  /** The file that is dumped, in what is there now. */
  get file(): string {
    return readFileSync(join(this.app, "file"), "utf8");
  }

  set file(text: string) {
    writeFileSync(join(this.app, "file"), text);
  }

  async dumpNow(): Promise<void> {
    this.file = "newer than the archive";
    const { code, stderr } = await lost.run(["backup", "data", "web", "config"], { env });
    if (code !== 0) throw new Error(stderr);
    const [today = ""] = readdirSync(this.dumps).filter((name) => /^\d{4}-/u.test(name));
    const [name = ""] = readdirSync(join(this.dumps, today, "files"));
    this.dump = `${today}/files/${name}`;
    const folder = join(this.dumps, this.dump);
    for (const file of readdirSync(folder)) this.copied.set(file, readFileSync(join(folder, file)));
  }

  /** The guest is gone, with its dumps; its archive is an old one with the old file, and the copy lies elsewhere. */
  async lose(): Promise<void> {
    lost.site.write("Pulumi.prod.yaml", this.settings);
    rmSync(this.dumps, { recursive: true, force: true });
    if (await lost.site.exists(101)) await lost.site.destroy(101);
    this.file = "as in the archive";
    empty("web");
    send("web", "2001_01_01");
    for (const [file, content] of this.copied) far.put("far-away", `dumps/prod/web/${this.dump}/${file}`, content);
  }

  get mend(): string {
    return `lifeboat restore files prod/web config --dump ${this.dump} --from offsite`;
  }

  /** What a report says of its data being old. */
  toldIn(findings: z.output<typeof report>["findings"]) {
    return findings.filter(({ text }) => text.includes("data of config are as old as its archive"));
  }

  /** States of the restores of its data, newest first. */
  restores(): string[] {
    const journals = lost.site.journals().map((text) => journalShape.parse(JSON.parse(text)));
    return journals.filter(({ kind }) => kind === "restore-data").map(({ state }) => state);
  }
}

describe("data of which a newer copy lies elsewhere than the archive", () => {
  let guest: GuestWithData;

  beforeAll(async () => {
    guest = new GuestWithData();
    await recover(["--only", "web", "--force"]);
    await guest.dumpNow();
  });

  beforeEach(() => guest.lose());

  test("come back to their latest point in the guest that was restored, and the site is proven [H1, J3]", async () => {
    const shown = await recover(["--dry-run"]);
    expect(shown.stdout).toMatch(new RegExp(`web: data of config: ${guest.dump} in s3://far-away .* replaces`, "u"));
    const { results, findings, data } = await recovered();
    expect([results["prod/web"], guest.toldIn(findings)]).toEqual(["back", []]);
    expect(data).toEqual([expect.objectContaining({ guest: "prod/web", source: "config", result: "latest" })]);
    expect([guest.file, guest.restores()]).toEqual(["newer than the archive", ["done"]]);
    // What the archive had is the way back.
    expect((await lost.run(["undo", "web", "--force"], { env })).code).toBe(0);
    expect(guest.file).toBe("as in the archive");
    await lost.site.destroy(102);
    expect(await recovered()).toMatchObject({ results: { "prod/web": "there", "prod/db": "back" }, data: [] });
    expect(guest.file).toBe("as in the archive");
  });

  test("cut off while they are restored, and again when they are: the next run goes on, and restores none twice [H1, K4]", async () => {
    const before = guest.restores().length;
    for (const [kind, step] of [
      ["restore-data", "exchange/1"],
      ["recover", "data"],
    ] as const) {
      expect(await recover(["--force"], unrecorded(step, kind))).toMatchObject({ code: null });
    }
    const { results, data, findings } = await recovered();
    expect([results["prod/web"], guest.toldIn(findings)]).toEqual(["back", []]);
    expect(data).toEqual([expect.objectContaining({ guest: "prod/web", source: "config", result: "latest" })]);
    expect([guest.file, guest.restores().slice(0, -before)]).toEqual(["newer than the archive", ["done"]]);
  });

  test("that break off on their way, or are left out: the guest stays as its archive had it, and the command is named [H1, J3]", async () => {
    far.stopsIn = { of: (path) => path.endsWith(`/${guest.dump}/item-1.dump.zst`), how: "cut" };
    const failed = await recovered();
    far.stopsIn = undefined;
    expect([failed.code, failed.proven, failed.results["prod/web"]]).toEqual([3, false, "back"]);
    expect(guest.toldIn(failed.findings)).toEqual([
      { severity: "problem", mend: guest.mend, text: expect.stringContaining("; they were not brought back: ") },
    ]);
    expect([failed.data, guest.file]).toEqual([[expect.objectContaining({ result: "left" })], "as in the archive"]);
    expect((await lost.run([...guest.mend.split(" ").slice(1), "--dry-run"], { env })).code).toBe(0);
    await guest.lose();
    const left = await recovered(["--skip", "data"]);
    expect(guest.toldIn(left.findings)).toEqual([expect.objectContaining({ severity: "problem", mend: guest.mend })]);
    expect([left.code, guest.file]).toEqual([3, "as in the archive"]);
    await guest.lose();
    expect((await recover(["--skip", "prod/web/config", "--dry-run"])).stdout).toContain(
      "web: data of config: stay as the archive has them, as asked",
    );
    expect((await recover(["--skip", "prod/web/other", "--dry-run"])).stderr).toMatch(/no data of the name other/u);
  });
});
