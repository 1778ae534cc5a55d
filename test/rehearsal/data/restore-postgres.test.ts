import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import * as z from "zod";
import { dataShape } from "../../../scripts/inspect/data/shape";
import { backupDataShape } from "../../../scripts/recovery/backup-data/shape";
import { restoreDataShapes } from "../../../scripts/recovery/restore-data/plan";
import { undoShapes } from "../../../scripts/recovery/undo/shape";
import { DatabaseGuest } from "../../support/database-guest/database-guest";
import type { PostgresSource } from "../../../site/settings/data";
import { timed } from "../../support/timed";
import { InstalledSource, postgresSource } from "./support/data-source";
import { DataSite } from "./support/data-site";

/** A database whose name no shell and no SQL may read. */
const shop = `a"b'c;d $x`;

let guest: DatabaseGuest;
let other: DatabaseGuest;
let source: InstalledSource;
let site: DataSite;

const isRoot = process.getuid?.() === 0;

(isRoot ? describe : describe.skip)("a database in a guest", () => {
  beforeAll(async () => {
    [guest, other] = await Promise.all([DatabaseGuest.start({ room: 2048 }), DatabaseGuest.start({ room: 1024 })]);
    await Promise.all([guest.startPostgres(), other.startPostgres()]);
    source = install(guest, postgresSource({ databases: [shop] }));
    install(other, postgresSource({ name: "copies" }));
    site = new DataSite([
      { name: "db", id: 101, guest, data: ["shop: { kind: postgres }"] },
      { name: "lab", id: 102, guest: other, data: ["copies: { kind: postgres }"] },
    ]);
    for (const one of [guest, other]) await sql("CREATE ROLE app LOGIN", "postgres", one);
    await sql(
      `CREATE DATABASE ${quoted(shop)} OWNER app; ALTER DATABASE ${quoted(shop)} SET search_path = app, public`,
    );
    await sql(
      "SET ROLE app; CREATE SCHEMA app; CREATE TABLE app.orders (number int); CREATE VIEW app.many AS SELECT count(*) FROM app.orders",
      shop,
    );
    await orders(1_000);
    await source.dump();
  });

  afterAll(() => site.stop());

  test("comes back from its newest dump in the place of what is there, and undo goes back to that [I6, K1, 003 AC2, 000 CA11.4]", async () => {
    await orders(7);
    const restored = await timed("L8", "one database from its newest dump, with the count of its rows", () =>
      result("restore", "database", "db", shop, "--force"),
    );
    expect(restored).toMatchObject({
      guest: "prod/db",
      items: [{ into: shop, replaced: true, counts: { tables: 1, rows: 1_000 } }],
      undo: "lifeboat undo prod/db",
    });
    expect([await count(), await leftovers()]).toEqual([1_000, []]);
    // What no dump of a database holds.
    expect(
      await sql(
        "SELECT pg_get_userbyid(datdba), setconfig FROM pg_database JOIN pg_db_role_setting ON setdatabase = oid",
      ),
    ).toBe('app|{"search_path=app, public"}');
    expect(await result("undo", "db", "--force")).toMatchObject({ items: [{ into: shop, replaced: true }] });
    expect([await count(), await leftovers()]).toEqual([7, []]);
    expect(await result("undo", "db", "--force")).toMatchObject({ guest: "prod/db" });
    expect(await count()).toBe(1_000);
  });

  test("is shown before, and a dry run changes nothing [K1]", async () => {
    const before = [await count(), await leftovers(), site.journals().length];
    const { plan } = await result("restore", "database", "db", shop, "--dry-run");
    expect(plan).toMatchObject({ savePoint: true, encrypted: false, flags: ["--force"] });
    expect([await count(), await leftovers(), site.journals().length]).toEqual(before);
  });

  test("comes beside it under another name, which is never one that is there unless that is said [I6]", async () => {
    expect(await result("restore", "database", "db", shop, "--into", "beside", "--force")).toMatchObject({
      undo: null,
    });
    expect(await sql("SELECT count(*) FROM app.orders", "beside")).toBe("1000");
    await sql("DELETE FROM app.orders", "beside");
    const refused = await site.lifeboat(["restore", "database", "db", shop, "--into", "beside", "--force"]);
    expect(refused).toMatchObject({
      code: 13,
      stderr: expect.stringContaining("beside is in db already, and would be replaced"),
    });
    expect(await sql("SELECT count(*) FROM app.orders", "beside")).toBe("0");
    await result("restore", "database", "db", shop, "--into", "beside", "--force", "--accept-loss");
    expect(await sql("SELECT count(*) FROM app.orders", "beside")).toBe("1000");
    await sql("DROP DATABASE beside");
  });

  test("comes into the server of another guest [I6]", async () => {
    const argv = ["restore", "database", "db", shop, "--to-guest", "lab", "--into", "tried", "--force"];
    expect(await result(...argv)).toMatchObject({ guest: "prod/lab", source: "copies", items: [{ into: "tried" }] });
    expect(await sql("SELECT count(*) FROM app.orders", "tried", other)).toBe("1000");
    await result("undo", "lab", "--force");
    expect(
      await sql(
        "SELECT datname FROM pg_database WHERE datname = 'tried' OR datname LIKE 'lifeboat_%'",
        "postgres",
        other,
      ),
    ).toBe("");
  });

  test("that somebody is connected to is left alone until that is said [K1]", async () => {
    const connected = guest.run(["psql", "-c", "SELECT pg_sleep(40)"], {
      user: "postgres",
      environment: { PGDATABASE: shop },
    });
    while ((await sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'")) !== "1")
      await pause(100);
    const argv = ["restore", "database", "db", shop, "--force"];
    expect(await site.lifeboat(argv)).toMatchObject({ code: 13, stderr: expect.stringContaining("a connection to") });
    await result(...argv, "--disconnect");
    expect([(await connected).exitCode, await count(), await leftovers()]).toEqual([2, 1_000, []]);
  });

  test("is opened with an identity that stays on this machine; another one ends with 12 before anything is changed [I5, I6]", async () => {
    const [identity, wrong] = await Promise.all([generateX25519Identity(), generateX25519Identity()]);
    for (const [name, text] of Object.entries({ identity, wrong }))
      writeFileSync(join(site.folder, name), text, { mode: 0o600 });
    const sealed = postgresSource({ databases: [shop], recipients: [await identityToRecipient(identity)] });
    await later(() => new InstalledSource(guest, sealed).dump());
    await orders(3);
    const argv = ["restore", "database", "db", shop, "--force"];
    expect(await site.lifeboat(argv)).toMatchObject({
      code: 12,
      stderr: expect.stringContaining("no identity is named"),
    });
    const refused = await site.lifeboat(argv, { LIFEBOAT_AGE_IDENTITY_FILE: join(site.folder, "wrong") });
    expect(refused).toMatchObject({ code: 12, stderr: expect.stringContaining("encrypted for another identity") });
    expect([await count(), await leftovers()]).toEqual([3, []]);
    await result(...argv, "--identity", join(site.folder, "identity"));
    expect([await count(), await leftovers()]).toEqual([1_000, []]);
    expect(
      await guest.must(
        `grep -rl AGE-SECRET-KEY / --include=* --exclude-dir=proc --exclude-dir=sys --exclude-dir=usr || true`,
      ),
    ).toBe("");
    // The retention keeps one dump of a day: from here on one that needs no identity.
    await later(() => install(guest, postgresSource({ databases: [shop] })).dump());
  });

  test("is not restored from a damaged dump, and the older one is named [I6]", async () => {
    const [newest] = (await source.manifests()).map(({ name }) => `/var/backups/lifeboat/${name}`);
    const older = "2026-11-20/postgres/shop-030000Z";
    const place = `/var/backups/lifeboat/${older}`;
    // As it was made two days before.
    await guest.must(`mkdir -p '${place}' && cp '${newest}'/* '${place}' && cp -r '${newest}' /root/whole && cd '${place}' &&
      sed -i 's#"dump":"[^"]*"#"dump":"${older}"#' manifest.json && sha256sum item-* manifest.json > SHA256SUMS`);
    await guest.must(`printf x | dd of='${newest}/item-2.dump.zst' bs=1 seek=100 conv=notrunc status=none`);
    await orders(11);
    const refused = await site.lifeboat(["restore", "database", "db", shop, "--force"]);
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(new RegExp(`is damaged[^]*HINT: an older one has it: .*--dump ${older}`, "u")),
    });
    expect([await count(), await leftovers()]).toEqual([11, []]);
    await result("restore", "database", "db", shop, "--force", "--at", "2026-11-20");
    expect(await count()).toBe(1_000);
    await orders(11);
    await guest.must(`rm -r '${newest}' '${place}' && mv /root/whole '${newest}'`);
  });

  test("what cannot be found or reached says so: 10 for a name that no dump has, 14 for a guest that does not answer [K3, K6]", async () => {
    expect(await site.lifeboat(["restore", "database", "db", "nosuch", "--force"])).toMatchObject({
      code: 10,
      stderr: expect.stringContaining(shop),
    });
    const away = await site.cutOff(() => site.lifeboat(["restore", "database", "db", shop, "--force"]));
    expect(away).toMatchObject({ code: 14, stderr: expect.stringContaining("No route to host") });
    const unseen = await site.cutOff(() => result("data", "db"));
    expect(unseen["sources"]).toMatchObject([
      { unseen: expect.stringContaining("No route to host"), lastRun: null, dumps: [] },
    ]);
  });

  test("with its server down nothing is begun, and a dump that cannot be made is an error [K6]", async () => {
    await orders(11);
    await guest.stopPostgres();
    const down = await site.lifeboat(["restore", "database", "db", shop, "--force"]);
    const dumped = await site.lifeboat(["backup", "data", "db", "shop"]);
    await guest.startPostgres();
    expect([down.code, dumped.code]).toEqual([1, 1]);
    expect(dumped.stdout).toContain("Unable to reach the source");
    expect([await count(), await leftovers()]).toEqual([11, []]);
  });

  test("a full disk where dumps lie: what is there cannot be kept, and stays [I6]", async () => {
    await orders(11);
    await guest.must(
      "mkdir -p /var/backups/lifeboat/save-points && mount -t tmpfs -o size=4k full /var/backups/lifeboat/save-points",
    );
    const refused = await site.lifeboat(["restore", "database", "db", shop, "--force"]);
    await guest.must("umount /var/backups/lifeboat/save-points");
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/No space left[^]*Nothing is changed/u) });
    expect([await count(), await leftovers()]).toEqual([11, []]);
  });

  test("lifeboat data and backup data tell what there is, and make one more [I2, K1]", async () => {
    // As many as before: a dump that is much smaller than the last one is refused.
    await orders(1_000);
    const dumped = await later(() => result("backup", "data", "db"));
    expect(dumped).toMatchObject({ exitCode: 0, sources: [{ source: "shop", result: "success" }] });
    const { sources } = await result("data", "db");
    expect(sources).toMatchObject([{ source: "shop", unseen: null, problem: null, lastRun: { result: "success" } }]);
  });

  test("killed after each write of its journal the same command ends it, and something whole is there at any time [I6, K4]", async () => {
    await orders(5);
    const argv = ["restore", "database", "db", shop, "--force"];
    let kills = 0;
    for (; kills < 30; kills += 1) {
      const { code, stderr } = await site.lifeboat(argv, {}, "after 3");
      if (code !== null) {
        expect({ code, stderr }).toMatchObject({ code: 0 });
        break;
      }
      expect([5, 1_000]).toContain(await count());
    }
    expect([kills > 4, await count(), await leftovers()]).toEqual([true, 1_000, []]);
  });

  // The writes that say that the save point is made, the copy loaded, the place taken, the old one given up.
  test.each([5, 7, 12, 16])(
    "killed before write %i, with something done that is not recorded: ended by the same command [K4]",
    async (write) => {
      await orders(5);
      const argv = ["restore", "database", "db", shop, "--force"];
      expect(await site.lifeboat(argv, {}, `before ${write}`)).toMatchObject({ code: null });
      expect([5, 1_000]).toContain(await count());
      expect(await site.lifeboat(argv)).toMatchObject({ code: 0 });
      expect([await count(), await leftovers()]).toEqual([1_000, []]);
    },
  );

  test.each([5, 7, 12, 16])(
    "killed before write %i, and taken back by undo: what was there is there [K4, I6]",
    async (write) => {
      await orders(5);
      const argv = ["restore", "database", "db", shop, "--force"];
      expect(await site.lifeboat(argv, {}, `before ${write}`)).toMatchObject({ code: null });
      expect(await site.lifeboat(["undo", "db", "--force", "--disconnect"])).toMatchObject({ code: 0 });
      expect([await count(), await leftovers()]).toEqual([5, []]);
    },
  );

  test("what was changed in the meantime is not overwritten by what was planned before [K4]", async () => {
    await orders(5);
    const argv = ["restore", "database", "db", shop, "--force"];
    expect(await site.lifeboat(argv, {}, "after 7")).toMatchObject({ code: null });
    await sql(`ALTER DATABASE ${quoted(shop)} RENAME TO gone; CREATE DATABASE ${quoted(shop)} TEMPLATE gone`);
    const { code, stderr } = await site.lifeboat(argv);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining("is not resumed, because") });
    expect([await count(), await leftovers()]).toEqual([1_000, []]);
    await sql("DROP DATABASE gone");
  });
});

function install(where: DatabaseGuest, settings: PostgresSource): InstalledSource {
  return new InstalledSource(where, settings);
}

/** Dumps are named by seconds. */
async function later<Result>(work: () => Promise<Result>): Promise<Result> {
  await pause(1_100);
  return work();
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

async function sql(text: string, database = "postgres", where = guest): Promise<string> {
  const environment = { PGDATABASE: database };
  const words = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1"];
  const { exitCode, stdout, stderr } = await where.run(words, { user: "postgres", environment, input: text });
  if (exitCode !== 0) throw new Error(`${text}\n${stderr}`);
  return stdout.trim();
}

/** The database has so many orders from now on. */
async function orders(count: number): Promise<void> {
  await sql(`DELETE FROM app.orders; INSERT INTO app.orders SELECT generate_series(1, ${String(count)})`, shop);
}

async function count(): Promise<number> {
  return Number(await sql("SELECT count(*) FROM app.orders", shop));
}

/** Databases that a restore has made and not finished with. */
async function leftovers(): Promise<string[]> {
  const names = await sql("SELECT datname FROM pg_database WHERE datname LIKE 'lifeboat%' ORDER BY 1");
  return names.split("\n").filter((name) => name !== "");
}

/** What a command prints with `--json`, as it declares it. */
async function result(...argv: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await site.lifeboat([...argv, "--json"]);
  if (code !== 0 && code !== 3) throw new Error(`${argv.join(" ")} ended with ${String(code)}: ${stdout}${stderr}`);
  const value = printed.parse(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));
  const fitting = shapes.filter((shape) => isDeepStrictEqual(shape.safeParse(value).data, value));
  expect({ argv, fitting: fitting.length }).toEqual({ argv, fitting: 1 });
  return value;
}

function withoutType({
  message_type: type,
  ...value
}: {
  readonly message_type: string;
  readonly [key: string]: unknown;
}) {
  expect(type).toBe("result");
  return value;
}

const printed = z.looseObject({ message_type: z.literal("result") }).transform(withoutType);
const shapes = [...Object.values({ ...restoreDataShapes, ...undoShapes }), dataShape, backupDataShape];
