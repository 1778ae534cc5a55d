import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import { openSecretBox } from "../../../scripts/project/passphrase";
import { exampleMetricsGuest } from "../../support/example-monitoring";
import { sealSettings } from "../../support/sealed-settings";
import type { S3Server } from "../../support/s3-server";
import { passphrase, startStore, UpSite } from "./up-site";

/** WAL that goes to the site's own store: up makes key and passphrase once, and gives them to both environments. */
let folder: string;
let store: S3Server;
let site: UpSite;

const settings = z.object({
  encryptionsalt: z.string(),
  config: z.record(z.string(), z.unknown()),
});
const sealedText = z.object({ secure: z.string() });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-recovery-keys-"));
  store = await startStore(folder);
  site = UpSite.create(store, "recovery");
  await site.makeContainer();
});

afterAll(async () => {
  await site.stop();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The guest's sources of data. */
function declare(data: Readonly<Record<string, unknown>>): void {
  const file = "Pulumi.prod.yaml";
  const guests = JSON.stringify({ db: { ...exampleMetricsGuest(), data } });
  const others = site.read(file).replace(/^ {2}lifeboat:guests: .*\n/mu, "");
  site.write(file, others.replace(/^(config:\n)/mu, `$1  lifeboat:guests: ${guests}\n`));
}

async function opened(environment: string, key: string): Promise<unknown> {
  const { encryptionsalt, config } = settings.parse(parse(site.read(`Pulumi.${environment}.yaml`)));
  const { secure } = sealedText.parse(config[`lifeboat:${key}`]);
  return JSON.parse((await openSecretBox(encryptionsalt, passphrase)).open(secure));
}

const data = { shop: { kind: "postgres", pointInTime: {} } };
const pair = z.object({ accessKey: z.string(), secretKey: z.string() });
const secretsSchema = z.object({
  db: z.object({
    shop: z.object({
      password: z.string(),
      pointInTime: pair.extend({
        passphrase: z.string(),
        folder: z.string(),
        former: z.record(z.string(), z.string()).optional(),
      }),
    }),
  }),
});
const secrets = async () => secretsSchema.parse(await opened("prod", "dataSecrets")).db.shop;
const recovery = async () =>
  z
    .object({
      recovery: z.record(z.string(), pair.extend({ sources: z.array(z.string()), folders: z.array(z.string()) })),
    })
    .parse(await opened("monitoring", "stateStoreKeys")).recovery;
const up = (...words: string[]) => site.lifeboat(["up", ...words]);

test("up makes one key for the guest and a passphrase for the source, in both settings, and shows neither [I7, N3]", async () => {
  declare(data);
  const plan = await up("prod", "--dry-run");
  const told = plan.stdout.replace(/\s+/gu, " ");
  expect(told).toContain("a key for the WAL of prod/db");
  expect(told).toContain("the passphrase for the WAL of shop in prod/db");
  expect(site.read("Pulumi.prod.yaml")).not.toContain("dataSecrets");
  site.pulumiRuns();

  // The environment that makes the store makes the bucket: it comes along unasked, and first.
  const first = await up("prod", "--force");
  expect(first).toMatchObject({ code: 0 });
  expect(site.pulumiRuns().filter((run) => run.endsWith(" up"))).toEqual(["monitoring up", "prod up"]);
  const { pointInTime, password } = await secrets();
  expect(password).toMatch(/^[\w-]{32}$/u);
  expect(pointInTime.passphrase).toMatch(/^[A-Za-z0-9]{40}$/u);
  const { accessKey, secretKey } = pointInTime;
  expect(await recovery()).toEqual({ "prod/db": { accessKey, secretKey, sources: ["shop"], folders: ["prod/db"] } });
  const shown = first.stdout + first.stderr + site.read("Pulumi.prod.yaml") + site.read("Pulumi.monitoring.yaml");
  for (const secret of [secretKey, pointInTime.passphrase]) expect(shown).not.toContain(secret);
  expect((await up("--force")).stdout).toContain("nothing was changed");
});

test("a second source of the guest has its key and a passphrase of its own; one with a bucket by hand stays as it is [I7]", async () => {
  const before = await secrets();
  const byHand = { endpoint: "https://s3.example.com", bucket: "by-hand" };
  declare({
    ...data,
    crm: { kind: "postgres", port: 5433, pointInTime: {} },
    old: { kind: "postgres", port: 5434, pointInTime: { store: byHand } },
  });
  expect(await up("prod", "--force")).toMatchObject({ code: 0 });
  const both = z.object({ db: z.record(z.string(), z.looseObject({})) }).parse(await opened("prod", "dataSecrets")).db;
  expect(both["shop"]).toEqual(before);
  const {
    passphrase: own,
    folder: _folder,
    ...key
  } = pair.extend({ passphrase: z.string(), folder: z.string() }).parse(both["crm"]?.["pointInTime"]);
  expect(key).toEqual({ accessKey: before.pointInTime.accessKey, secretKey: before.pointInTime.secretKey });
  expect(own).not.toBe(before.pointInTime.passphrase);
  expect(both["old"]?.["pointInTime"]).toBeUndefined();
  expect((await recovery())["prod/db"]?.sources).toEqual(["crm", "shop"]);
  declare(data);
});

test("a passphrase that is gone is not made again, for it would open nothing of what is archived: 13 [I7, J3]", async () => {
  const before = await secrets();
  const file = join(site.project, "Pulumi.prod.yaml");
  const seal = (text: unknown) =>
    sealSettings(file, join(site.folder, "passphrase"), { "lifeboat:dataSecrets": JSON.stringify(text) });
  await seal({ db: { shop: { password: before.password } } });
  const refused = await up("prod", "--force");
  expect(refused.code).toBe(13);
  expect(refused.stderr).toContain(
    "the passphrase for the WAL of shop in prod/db is no longer in lifeboat:dataSecrets",
  );
  expect(refused.stderr).toContain("HINT: put it back: git log -p");
  expect(await opened("prod", "dataSecrets")).toEqual({ db: { shop: { password: before.password } } });

  await seal({ db: { shop: before } });
  expect((await up("--force")).code).toBe(0);
  expect(await secrets()).toEqual(before);
});

const archiveIn = (folder: string): void => declare({ shop: { kind: "postgres", pointInTime: { folder } } });

test("another folder is begun with another passphrase and another secret, which are shown to nobody; named again, the former is opened [I7, N6]", async () => {
  const { pointInTime: before } = await secrets();
  archiveIn("prod/db-2");
  const plan = (await up("prod", "--dry-run")).stdout.replace(/\s+/gu, " ");
  expect(plan).toContain("another secret for the WAL of prod/db");
  expect(plan).toContain("another passphrase for the WAL of shop in prod/db, which begins anew in prod/db-2");
  site.pulumiRuns();
  const done = await up("prod", "--force");
  expect(done.code).toBe(0);
  // The store knows the new secret before the guest uses it.
  expect(site.pulumiRuns().filter((run) => run.endsWith(" up"))).toEqual(["monitoring up", "prod up"]);
  const { pointInTime: next } = await secrets();
  expect(next).toMatchObject({ folder: "prod/db-2", former: { "prod/db": before.passphrase } });
  for (const secret of [next.secretKey, next.passphrase, before.passphrase]) {
    expect(done.stdout + done.stderr).not.toContain(secret);
  }
  archiveIn("prod/db");
  expect((await up("prod", "--force")).code).toBe(0);
  const { pointInTime: again } = await secrets();
  expect(again).toMatchObject({ passphrase: before.passphrase, secretKey: next.secretKey });
});
