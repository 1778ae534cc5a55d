import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import * as z from "zod";
import { dataShape } from "../../scripts/inspect/data/shape";
import { pointInTimeShapes } from "../../scripts/recovery/point-in-time/plan";
import { pointInTimePlaces } from "../../site/data/point-in-time/places";
import { offsiteGuestPlaces as offsite } from "../../site/data/offsite-places";
import { createKeyPair } from "../../site/state-store/keys";
import { sealSettings } from "../support/sealed-settings";
import { timed } from "../support/timed";
import { typeScript } from "./support/commands";
import { DemoSite, expectExit } from "./support/demo-site";
import { expectOwnBucketOnly } from "./support/recovery-key";
import { changeSettings } from "./support/store-settings";
import { firstUseLimit, obtainToolchain } from "./support/toolchain";
import { UnpackedKit, type Variables } from "./support/unpacked-kit";

// The store of the site, its backups, the guest with the data and the operator's machine are gone. What another S3 service has, the
// break-glass file, the passphrase, the age identity and the key that reads are enough: real containers, a real PostgreSQL, a real MinIO.
// Each test stands on the one before.
const isRoot = process.getuid?.() === 0;
const parent = mkdtempSync(join(tmpdir(), "lifeboat-far-"));
const site = new DemoSite(join(parent, "site"), "real", () => undefined);
const project = join(site.folder, "project");
const settings = join(project, "Pulumi.prod.yaml");
const [address, storeAddress, service] = ["192.0.2.102", "192.0.2.132", "https://192.0.2.30:9000"];
const [writer, reader] = [createKeyPair("writer"), createKeyPair("reader")];
const files = {
  keys: join(parent, "keys.json"),
  reader: join(parent, "reader.json"),
  identity: join(parent, "identity"),
};

jest.setTimeout(20 * 60_000);

beforeAll(async () => {
  if (!isRoot) return;
  await obtainToolchain(site);
  expectExit(await site.sandbox("up", "--driver", "real", "--databases"), [0], "the sandbox");
  await makeFarBucket();
  await declare();
  expectExit(await lifeboat("up", "prod", "--force"), [0], "lifeboat up");
}, firstUseLimit);

afterAll(async () => {
  if (isRoot) await site.sandbox("down");
  rmSync(parent, { recursive: true, force: true });
});

const lifeboat = (...words: string[]) => site.inside("lifeboat", ...words);

async function makeFarBucket(): Promise<void> {
  writeFileSync(files.keys, JSON.stringify({ writer, reader }), { mode: 0o600 });
  writeFileSync(files.reader, JSON.stringify(reader), { mode: 0o600 });
  const program = [process.execPath, ...typeScript("test/rehearsal/support/offsite-identities.ts")];
  const places = [
    service,
    join(project, "offsite-ca.pem"),
    join(site.folder, "keys", "offsite"),
    "far-away",
    files.keys,
  ];
  expectExit(await site.inside(...program, ...places), [0], "the bucket elsewhere");
}

/** Two environments, each with a guest that stays: Proxmox removes a job with its last one. */
async function declare(): Promise<void> {
  const identity = await generateX25519Identity();
  writeFileSync(files.identity, `${identity}\n`, { mode: 0o600 });
  rmSync(join(project, "Pulumi.lab.yaml"));
  const monitoring = join(project, "Pulumi.monitoring.yaml");
  changeSettings(monitoring, [[["config", "lifeboat:monitoring"], undefined]]);
  const guest = ["config", "lifeboat:guests", "db"];
  const data = { shop: { kind: "postgres" }, config: { kind: "files", paths: ["/etc/app"] } };
  changeSettings(settings, [
    [[...guest, "template"], "local:vztmpl/debian-12-databases_amd64.tar.zst"],
    [[...guest, "disks"], undefined],
    [[...guest, "nesting"], true],
    [[...guest, "root"], { storage: "local", size: "16GiB" }],
    [[...guest, "data"], data],
    [["config", "lifeboat:data"], { recipients: [await identityToRecipient(identity)] }],
    [
      ["config", "lifeboat:offsite"],
      { kind: "minio", endpoint: service, bucket: "far-away", ca: "offsite-ca.pem", adopt: true },
    ],
  ]);
  await sealSettings(settings, join(site.folder, "keys", "passphrase"), {
    "lifeboat:offsiteKeys": JSON.stringify({ writer, reader }),
  });
}

async function inGuest(command: string): Promise<string> {
  return expectExit(await site.ssh(address, command), [0], command).stdout.trim();
}

const postgres = (sql: string, database = "postgres"): Promise<string> =>
  inGuest(`runuser -u postgres -- psql -XqAt -d ${database} <<'end'\n${sql}\nend`);

const pointsSchema = z.object({
  points: z.array(
    z.object({ id: z.string(), source: z.string(), update: z.object({ message: z.string() }).nullable() }),
  ),
});

async function points(run = lifeboat) {
  const listed = await run("restore", "state", "prod", "--list", "--json");
  return pointsSchema.parse(JSON.parse(expectExit(listed, [0], "--list").stdout)).points;
}

async function update(tag: string): Promise<void> {
  changeSettings(settings, [[["config", "lifeboat:guests", "db", "tags"], [tag]]]);
  expectExit(await site.pulumi("prod", "up", "--yes", "--skip-preview", "-m", tag), [0], `pulumi up (${tag})`);
}

const text = async (environment: string, key: string): Promise<string> =>
  expectExit(await site.pulumi(environment, "config", "get", key), [0], key).stdout.trim();

const shop = ["config", "lifeboat:guests", "db", "data", "shop"];
const recoverySecrets = z.object({
  db: z.object({
    shop: z.object({
      password: z.string(),
      pointInTime: z.object({ accessKey: z.string(), secretKey: z.string(), passphrase: z.string() }),
    }),
  }),
});

const recoveredSchema = z.object({
  data: z.array(z.looseObject({})),
  environments: z.array(z.object({ guests: z.array(z.object({ guest: z.string(), result: z.string() })) })),
});

/** Neither in a state, nor in a unit, a log or the arguments of anything that runs in the guest. */
async function expectSecret(secrets: readonly string[]): Promise<void> {
  for (const name of ["monitoring", "prod"]) {
    const exported = expectExit(await site.pulumi(name, "stack", "export"), [0], "stack export").stdout;
    for (const secret of secrets) expect(exported).not.toContain(secret);
  }
  const shown = await inGuest(
    "cat /etc/systemd/system/lifeboat-* /proc/[0-9]*/cmdline 2>/dev/null; journalctl --no-pager",
  );
  for (const secret of secrets) expect(shown).not.toContain(secret);
}

(isRoot ? describe : describe.skip)("the site's own store", () => {
  test("has a bucket and a key for WAL made with one line of settings, and the cluster goes back to before a mistake [I7, 003 AC4]", async () => {
    changeSettings(settings, [[[...shop, "pointInTime"], { archiveTimeout: "1m", restart: true }]]);
    // Nobody makes a bucket, a key or a passphrase, and the environment that has the store is brought up unasked.
    expectExit(await lifeboat("up", "prod", "--force"), [0], "lifeboat up");
    for (const name of ["monitoring", "prod"]) {
      expectExit(await site.pulumi(name, "preview", "--expect-no-changes"), [0], `the second preview of ${name}`);
    }
    const made = recoverySecrets.parse(JSON.parse(await text("prod", "lifeboat:dataSecrets"))).db.shop;
    expect(made.pointInTime.accessKey).toMatch(/^lifeboat@recovery-prod-db-[0-9a-f]{8}$/u);
    await expectSecret([made.pointInTime.secretKey, made.pointInTime.passphrase]);
    const ca = await text("monitoring", "lifeboat:stateStoreAuthority");
    await expectOwnBucketOnly(site, { endpoint: `https://${storeAddress}:9000`, ca }, made.pointInTime);
    await inGuest(`until ${pointInTimePlaces.program} has-backup shop; do sleep 0.5; done`);
    await postgres("CREATE DATABASE ledger;");
    await postgres("CREATE TABLE marks (number int); INSERT INTO marks SELECT generate_series(1, 1000);", "ledger");
    const kept = await postgres("INSERT INTO marks VALUES (1001) RETURNING txid_current();", "ledger");
    await postgres("DROP TABLE marks;", "ledger");
    const words = ["restore", "point-in-time", "db", "shop", "--xid", kept, "--force", "--whole-cluster", "--json"];
    const recovered = await timed(
      "L8",
      "a cluster in a container back to a transaction, from the site's own store",
      () => lifeboat(...words),
    );
    const { message_type: _type, ...report } = z
      .looseObject({})
      .parse(JSON.parse(expectExit(recovered, [0], "the recovery").stdout));
    expect(pointInTimeShapes["report"]?.parse(report)).toMatchObject({ guest: "prod/db" });
    expect(await postgres("SELECT count(*), max(number) FROM marks", "ledger")).toBe("1001|1001");
    const looked = await lifeboat("data", "db", "--json");
    const { message_type: _result, ...seen } = z.looseObject({}).parse(JSON.parse(looked.stdout));
    const source = dataShape.parse(seen).sources.find((one) => one.source === "shop");
    expect(source?.pointInTime).toMatchObject({ unseen: null, problem: null, failures: 0 });
  });

  test("brings the cluster of a guest that was lost to the last transaction that was archived, though its backup is older [H1, I7]", async () => {
    expectExit(await lifeboat("backup", "db"), [0], "the backup");
    await postgres("INSERT INTO marks SELECT generate_series(1002, 5000);", "ledger");
    await postgres("INSERT INTO marks VALUES (5001);", "ledger");
    await inGuest(`${pointInTimePlaces.program} flush shop`);
    expectExit(await site.byHand("destroy", "db"), [0], "destroying db");
    const words = ["recover", "--only", "prod/db", "--force", "--json"];
    const recovered = await timed(
      "L8",
      "a lost guest back from its backup, and its cluster to the last transaction",
      () => lifeboat(...words),
    );
    const { data, environments } = recoveredSchema.parse(JSON.parse(recovered.stdout));
    expect(data).toEqual([expect.objectContaining({ guest: "prod/db", source: "shop", result: "latest" })]);
    expect(environments.flatMap(({ guests }) => guests.map(({ guest, result }) => [guest, result]))).toContainEqual([
      "prod/db",
      "back",
    ]);
    expect(await postgres("SELECT count(*), max(number) FROM marks", "ledger")).toBe("5001|5001");
  });

  test("another folder has another passphrase and another secret, which shuts the former one out, and the former folder is opened again [I7, N6]", async () => {
    const ca = await text("monitoring", "lifeboat:stateStoreAuthority");
    const place = { endpoint: `https://${storeAddress}:9000`, ca };
    const keys = async () =>
      recoverySecrets.parse(JSON.parse(await text("prod", "lifeboat:dataSecrets"))).db.shop.pointInTime;
    const former = await keys();
    changeSettings(settings, [[[...shop, "pointInTime", "folder"], "prod/db-2"]]);
    expectExit(await lifeboat("up", "prod", "--force"), [0], "lifeboat up");
    const next = await keys();
    expect(next.passphrase).not.toBe(former.passphrase);
    await expectOwnBucketOnly(site, place, next);
    await expect(expectOwnBucketOnly(site, place, former)).rejects.toThrow("SignatureDoesNotMatch");
    await inGuest(`until ${pointInTimePlaces.program} has-backup shop; do sleep 0.5; done`);

    changeSettings(settings, [[[...shop, "pointInTime", "folder"], undefined]]);
    expectExit(await lifeboat("up", "prod", "--force"), [0], "lifeboat up");
    expect((await keys()).passphrase).toBe(former.passphrase);
  });

  test("keeps what is archived when it is no longer declared, and PostgreSQL goes on without [I7, I9]", async () => {
    changeSettings(settings, [[[...shop, "pointInTime"], undefined]]);
    expectExit(await site.pulumi("prod", "up", "--yes", "--skip-preview"), [0], "pulumi up");
    expect(await postgres("SELECT setting FROM pg_settings WHERE name = 'archive_command'")).toBe("/bin/true");
    expect(
      await inGuest(
        `ls /etc/pgbackrest/lifeboat-shop 2>/dev/null; systemctl list-timers --all --no-legend 'lifeboat-pitr-*'`,
      ),
    ).toBe("");
    await postgres("DROP DATABASE ledger;");
  });
});

(isRoot ? describe : describe.skip)("the copies elsewhere", () => {
  let before: Awaited<ReturnType<typeof points>>;
  /** The guest's archive there. */
  let archive: string;
  let kit: UnpackedKit;

  test("are made of dumps and states by the site itself, as it was declared [J1, J2]", async () => {
    await postgres("CREATE DATABASE shop;");
    await postgres("CREATE TABLE orders (id int); INSERT INTO orders SELECT generate_series(1, 50000);", "shop");
    await inGuest("mkdir -p /etc/app && echo port=8080 > /etc/app/app.conf");
    expectExit(await lifeboat("backup", "data", "db"), [0], "the dumps");
    // The run of a source is followed by its copies; what a command has dumped is copied by the timer's next run.
    await inGuest("systemctl start lifeboat-offsite.service");
    archive = await copyTheArchive();
    await update("older");
    await update("newest");
    before = await points();
    const copy = await site.ssh(storeAddress, "systemctl start lifeboat-offsite-copy.service");
    expectExit(copy, [0], "the copy of the states");
    const { stdout } = expectExit(await lifeboat("data", "db", "--from", "offsite", "--json"), [0], "the copies");
    expect(JSON.parse(stdout)).toMatchObject({
      copies: [
        { source: "config", dumps: [{ encrypted: true }] },
        { source: "shop", dumps: [{ encrypted: true }] },
      ],
    });
  });

  test("bring everything back where the store, the backups and this machine are gone, with nothing but the break-glass file: states, and the data into a guest that is made anew, opened with the identity on this machine; where a guest's archive lies there, nothing is made in its place unasked [J3, F1, I6, I9, H4, A9]", async () => {
    kit = await UnpackedKit.write(site, parent);
    for (const guest of ["prod/db", "monitoring/store"]) {
      expectExit(await site.byHand("destroy", guest.split("/")[1] ?? ""), [0], `destroying ${guest}`);
    }
    for (const node of ["pve-prod", "pve-mon"]) {
      rmSync(dumps(node), { recursive: true, force: true });
      mkdirSync(dumps(node));
    }
    // This machine, too: neither the repository nor what was known here is asked from now on.
    for (const home of ["data-home", "state-home"]) rmSync(join(site.folder, home), { recursive: true, force: true });
    rmSync(project, { recursive: true });
    mkdirSync(project);
    const pulumi = await kit.besidePulumi();
    await timed("L9", "everything lost but the copies elsewhere, from the first command to the data", async () => {
      await bringStatesBack(kit, pulumi);
      await bringDataBack(kit, pulumi, archive);
    });
  });

  test("bring a guest back whole from its archive there, onto a storage that has none, with nothing but the key that reads [D2, J2, J3]", async () => {
    await postgres("DROP DATABASE shop;");
    await inGuest("rm -r /etc/app");
    const far = { LIFEBOAT_OFFSITE_READER_FILE: files.reader };
    const words = ["restore", "guest", "db", "--from", "offsite", "--force", "--stop", "--accept-loss"];
    const restored = await timed("L1", "a guest from its archive in another S3 service", () =>
      kit.lifeboat(far, ...words),
    );
    expect(expectExit(restored, [0], "the restore").stdout).toContain(archive);
    expect(await postgres("SELECT count(*), min(id), max(id) FROM orders", "shop")).toBe("50000|1|50000");
    expect(await inGuest("cat /etc/app/app.conf")).toBe("port=8080");
  });

  /** The newest of each stack, and an older one of prod. */
  async function bringStatesBack(kit: UnpackedKit, pulumi: Variables): Promise<void> {
    const lifeboat = (...words: string[]) => kit.lifeboat(pulumi, ...words);
    const rebuilt = await timed("L3", "rebuilding the state store from the copy offsite", () =>
      lifeboat("rebuild", "state-store", "--from", "offsite", "--force"),
    );
    // 3: a preview of prod says that its guest is not there, which is what comes next.
    expectExit(rebuilt, [0, 3], "the rebuild");
    expect((await points(lifeboat)).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    const older = before.find(({ update: of }) => of?.message === "older");
    expectExit(await lifeboat("restore", "state", "prod", "--to", older?.id ?? "", "--force"), [0], "an older state");
  }
});

const dumps = (node: string): string => join(site.folder, "server", "nodes", node, "root", "mnt", "backup", "dump");

/**
 * The newest archive of the guest goes elsewhere, by the key that copies its dumps: nodes of a sandbox have no systemd, whose timer would
 * do it (`data/offsite-archives`). @returns its name
 */
async function copyTheArchive(): Promise<string> {
  expectExit(await lifeboat("backup", "db"), [0], "the backup");
  const [name = ""] = readdirSync(dumps("pve-prod"))
    .filter((file) => /^vzdump-lxc-102-.*\.tar\.zst$/u.test(file))
    .toSorted()
    .slice(-1);
  const send = site.sshWords(address, `mkdir -p /root/far && cat >/root/far/${name}`);
  const file = join(dumps("pve-prod"), name);
  expectExit(await site.inside("sh", "-c", 'file=$1; shift; exec "$@" <"$file"', "sh", file, ...send), [0], name);
  await inGuest(`cd /root/far && sha256sum ${name} >SHA256SUMS
    export SSL_CERT_DIR=${offsite.trust}:/etc/ssl/certs
    rclone --config ${offsite.configuration} copy . offsite:far-away/archives/prod/db/${name}
    cd / && rm -r /root/far`);
  return name;
}

const upAgain = "pulumi up --yes --refresh --skip-preview -s prod";

async function bringDataBack(kit: UnpackedKit, pulumi: Variables, archive: string): Promise<void> {
  const { exitCode, stdout, stderr } = await kit.shell(pulumi, "prod", upAgain);
  expect(`${stdout}${stderr}`).toContain(`s3://far-away at ${service} holds an archive of it ${archive}`);
  expect(exitCode).not.toBe(0);
  // That one would be restored in its place; here the data alone are wanted, in a guest that begins anew.
  expectExit(await kit.shell({ ...pulumi, LIFEBOAT_FRESH: "db" }, "prod", upAgain), [0], "pulumi up");
  // Nothing but the key that reads: not even the secret of the settings.
  const far = { LIFEBOAT_OFFSITE_READER_FILE: files.reader, LIFEBOAT_AGE_IDENTITY_FILE: files.identity };
  const database = ["restore", "database", "db", "shop", "--from", "offsite", "--force"];
  expectExit(await kit.lifeboat(far, ...database), [0], "the database");
  const config = ["restore", "files", "db", "config", "--from", "offsite", "--force"];
  expectExit(await kit.lifeboat(far, ...config), [0], "the files");
  expect(await postgres("SELECT count(*), min(id), max(id) FROM orders", "shop")).toBe("50000|1|50000");
  expect(await inGuest("cat /etc/app/app.conf")).toBe("port=8080");
  expect(await inGuest("grep -rl AGE-SECRET-KEY /etc /root /var /run 2>/dev/null || :")).toBe("");
  expect(kit.settings("prod")).not.toContain(reader.secretKey);
}
