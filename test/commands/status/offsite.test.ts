import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { offsiteKeys } from "../../support/example-offsite";
import { sealSettings } from "../../support/sealed-settings";
import { RestoreSite } from "../restore/restore-site";
import { S3Server } from "../support/kit";

/** What `lifeboat status` says of copies elsewhere. That real ones are copied and read is in the rehearsal. */

const keys = { ...offsiteKeys(), admin: undefined };
const passphrase = { PULUMI_CONFIG_PASSPHRASE: "not-a-secret-passphrase" };
const now = Math.floor(Date.now() / 1_000);
let [site, offsite]: [RestoreSite?, S3Server?] = [];
let withoutKeys = "";

beforeAll(async () => {
  site = await RestoreSite.start([{ id: 101, name: "web" }]);
  offsite = await S3Server.start(join(site.folder, "far"), { [keys.reader.accessKey]: ["far-away"] });
  offsite.makeBucket("far-away");
  site.write("far-ca.pem", readFileSync(offsite.ca, "utf8"));
  const far = { kind: "minio", endpoint: offsite.endpoint, bucket: "far-away", ca: "far-ca.pem", adopt: true };
  const text = `${site
    .read("Pulumi.prod.yaml")
    .replace(/^( +)(network: .*)$/mu, "$1$2\n$1data: { shop: { kind: postgres } }\n$1offsite: newest")
    .replace("ca: site-ca.pem }", "ca: site-ca.pem, ssh: { user: root } }")
    // Nobody answers there either, and says so at once.
    .replace("192.0.2.101/24, gateway: 192.0.2.1", "127.0.0.1/8")}  lifeboat:offsite: ${JSON.stringify(far)}\n`;
  withoutKeys = text;
  site.write("Pulumi.prod.yaml", text);
  mkdirSync(join(site.folder, "secret"));
  writeFileSync(join(site.folder, "secret", "passphrase"), passphrase.PULUMI_CONFIG_PASSPHRASE);
  await sealSettings(join(site.project, "Pulumi.prod.yaml"), join(site.folder, "secret", "passphrase"), {
    "lifeboat:offsiteKeys": JSON.stringify({ writer: keys.writer, reader: keys.reader }),
  });
  await site.backUp(101);
});

afterAll(async () => {
  await offsite?.close();
  await site?.stop();
});

const found = z.object({
  environments: z.tuple([z.looseObject({ offsite: z.unknown(), problems: z.array(z.string()) })]),
});

async function status(env: Record<string, string> = passphrase) {
  const { stdout, code: exitCode } = await (site ?? fail()).lifeboat(["status", "prod", "--json"], { env });
  const [environment] = found.parse(JSON.parse(stdout)).environments;
  return {
    exitCode,
    offsite: environment.offsite,
    problems: environment.problems.filter((text) => text.includes("elsewhere") && !text.includes("archive of")),
  };
}

/** A copy of a dump that began so many seconds ago. @returns its name */
function copy(ago: number): string {
  const time = new Date((now - ago) * 1_000).toISOString();
  const name = `${time.slice(0, 10)}/postgres/shop-${time.slice(11, 19).replaceAll(":", "")}Z`;
  for (const file of ["item-1.dump.zst", "manifest.json", "SHA256SUMS"]) {
    (offsite ?? fail()).put("far-away", `dumps/prod/web/${name}/${file}`, "copied");
  }
  return name;
}

/** The same of an archive, by a node whose clock shows UTC. @returns its name */
function copyArchive(ago: number): string {
  const time = new Date((now - ago) * 1_000).toISOString();
  const stamp = `${time.slice(0, 10)}-${time.slice(11, 19)}`
    .replaceAll(/[-:]/gu, "_")
    .replace(/^(\d+_\d+_\d+)_/u, "$1-");
  const name = `vzdump-lxc-101-${stamp}.tar.zst`;
  for (const file of [name, "SHA256SUMS"])
    (offsite ?? fail()).put("far-away", `archives/prod/web/${name}/${file}`, "copied");
  return name;
}

function empty(): void {
  offsite?.dropBucket("far-away");
  offsite?.makeBucket("far-away");
}

function fail(): never {
  throw new Error("it was not started");
}

test("no copy at all is a problem, and not silence [J2]", async () => {
  const { exitCode, offsite: seen, problems } = await status();
  expect(seen).toMatchObject({ trouble: null, copies: [{ guest: "web", source: "shop", newest: null, count: 0 }] });
  expect(problems).toEqual([expect.stringMatching(/^no dump of web\/shop lies elsewhere/u)]);
  expect(exitCode).toBe(3);
});

test("the newest copy is told with its age, and is a problem when it is older than the schedule allows [J2]", async () => {
  const old = copy(3 * 86_400);
  expect((await status()).problems).toEqual([
    `the newest copy of web/shop elsewhere is older than its schedule (${old}): the guest's /var/log/lifeboat/offsite.log says why`,
  ]);
  const young = copy(3_600);
  expect(await status()).toMatchObject({
    offsite: { copies: [{ newest: { dump: young, time: now - 3_600, bytes: 18 }, count: 2, doubts: [] }] },
    problems: [],
  });
  const { stdout } = await (site ?? fail()).lifeboat(["status", "prod"], { env: passphrase });
  // By the node's clock, which a site that was begun in the evening has put on to the next morning.
  expect(stdout).toMatch(/copy +web\/shop: .* \(\d+ h ago\)/u);
});

test("a copy of a time that is still to come, which whoever has the key can make, is told, and makes no old one young [J1, J2, N1]", async () => {
  empty();
  const forged = [copy(-30 * 86_400), copyArchive(-30 * 86_400)];
  const old = copy(3 * 86_400);
  copyArchive(5 * 86_400);
  const { stdout } = await (site ?? fail()).lifeboat(["status", "prod", "--json"], { env: passphrase });
  const [{ problems }] = found.parse(JSON.parse(stdout)).environments;
  expect(problems.filter((text) => text.includes("elsewhere"))).toEqual([
    expect.stringContaining(`is older than its schedule (${old})`),
    expect.stringContaining(`${forged[0] ?? ""}: its name is of a time that is still to come`),
    expect.stringMatching(/^the newest archive of web elsewhere is older than its schedule/u),
    expect.stringContaining(`${forged[1] ?? ""}: its name is of a time that is still to come`),
  ]);
  empty();
});

test("so are the archives of a guest: none, an old one, a young one, one that was written over [J2, J1, N1]", async () => {
  const archives = async () => {
    const { offsite: seen } = await status();
    const { stdout } = await (site ?? fail()).lifeboat(["status", "prod", "--json"], { env: passphrase });
    const [{ problems }] = found.parse(JSON.parse(stdout)).environments;
    return { seen, problems: problems.filter((text) => text.includes("archive") && text.includes("elsewhere")) };
  };
  expect(await archives()).toMatchObject({
    seen: { archives: [{ guest: "web", choice: "newest", newest: null, count: 0 }] },
    problems: [expect.stringMatching(/^no archive of web lies elsewhere: .*archives-prod\.log/u)],
  });
  copyArchive(5 * 86_400);
  expect((await archives()).problems).toEqual([
    expect.stringMatching(/^the newest archive of web elsewhere is older than its schedule/u),
  ]);
  const young = copyArchive(3_600);
  expect(await archives()).toMatchObject({
    seen: { archives: [{ newest: { archive: young, bytes: 6 }, count: 2, doubts: [] }] },
    problems: [],
  });
  (offsite ?? fail()).put("far-away", `archives/prod/web/${young}/${young}`, "forged");
  expect((await archives()).problems).toEqual([
    `somebody has changed a copy of an archive of web elsewhere: ${young}: ${young} was written 2 times: the first counts`,
  ]);
});

test("a copy that somebody has written over is told [J1, N1]", async () => {
  const name = copy(1_800);
  (offsite ?? fail()).put("far-away", `dumps/prod/web/${name}/item-1.dump.zst`, "forged");
  expect((await status()).problems).toEqual([
    `somebody has changed copies of web/shop elsewhere: ${name}: item-1.dump.zst was written 2 times: the first counts; see docs/runbooks/ransomware.md (prod)`,
  ]);
});

test.each([
  ["does not answer", () => offsite?.close(), () => offsite?.open(), passphrase, /cannot be looked at: /u],
  [
    "refuses the key",
    () => offsite?.identities.users.delete(keys.reader.accessKey),
    () => offsite?.identities.users.set(keys.reader.accessKey, ["far-away"]),
    passphrase,
    /cannot be looked at: /u,
  ],
  ["is asked without the passphrase", () => undefined, () => undefined, {}, /cannot be looked at: .*passphrase/u],
])("where the service %s, nobody says that there are no copies [J2]", async (_, begin, end, env, problem) => {
  await begin();
  const { offsite: seen, problems } = await status(env);
  await end();
  expect(seen).toMatchObject({ trouble: expect.any(String), copies: [] });
  expect(problems).toEqual([expect.stringMatching(problem)]);
});

test("declared without its keys is a problem that says so [J2]", async () => {
  (site ?? fail()).write("Pulumi.prod.yaml", withoutKeys);
  expect((await status()).problems).toEqual([
    expect.stringMatching(
      /cannot be looked at: it has lifeboat:offsite, and the secret lifeboat:offsiteKeys is not set/u,
    ),
  ]);
});
