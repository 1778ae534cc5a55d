import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import type { MariaDbSource } from "../../../site/settings/data";
import { DatabaseGuest } from "../../support/database-guest/database-guest";
import { DataSite } from "./support/data-site";
import { InstalledSource, mariaDbSource } from "./support/data-source";
import { fillShop, mariaDb, quotedName } from "./support/mariadb-shop";

/** A database whose name no shell and no SQL may read. */
const shop = "a`b;c d $x %";
/** One that has no events: mariadb-dump cannot read them where there is a quote in the name. */
const strange = `a"b'c;d $x`;

let guest: DatabaseGuest;
let other: DatabaseGuest;
let source: InstalledSource;
let site: DataSite;

const isRoot = process.getuid?.() === 0;
const argv = ["restore", "database", "db", shop, "--force"];

(isRoot ? describe : describe.skip)("a database of MariaDB in a guest", () => {
  beforeAll(async () => {
    [guest, other] = await Promise.all([DatabaseGuest.start({ room: 2048 }), DatabaseGuest.start({ room: 1024 })]);
    await Promise.all([guest.startMariaDb("--event-scheduler=ON"), other.startMariaDb()]);
    source = install(guest, mariaDbSource({ databases: [shop, strange] }));
    install(other, mariaDbSource({ name: "copies" }));
    site = new DataSite([
      { name: "db", id: 104, guest, data: ["shop: { kind: mariadb }"] },
      { name: "lab", id: 105, guest: other, data: ["copies: { kind: mariadb }"] },
    ]);
    await fillShop(guest, shop);
    await orders(1_000);
    await sql(
      `CREATE DATABASE ${quotedName(strange)}; USE ${quotedName(strange)}; CREATE TABLE one AS SELECT 1 AS a; CREATE TABLE bulk AS SELECT REPEAT('x', 200000) FROM seq_1_to_20`,
    );
    await source.dump();
  }, 300_000);

  afterAll(() => site.stop());

  test("comes back from its newest dump in the place of what is there, and undo goes back to that, twice [I6, K1, 003 AC2]", async () => {
    const thousand = await everything();
    await orders(7);
    await sql(`DROP VIEW ${at("many")}; CREATE VIEW ${at("later")} AS SELECT 1; DROP PROCEDURE ${at("forget")}`);
    const seven = await everything();
    expect(await result(...argv)).toMatchObject({
      guest: "prod/db",
      items: [{ into: shop, replaced: true, counts: { tables: 3, routines: 3, triggers: 1, events: 2 } }],
      undo: "lifeboat undo prod/db",
    });
    expect([await everything(), await leftovers()]).toEqual([thousand, ""]);
    expect(await result("undo", "db", "--force")).toMatchObject({ items: [{ into: shop, replaced: true }] });
    expect([await everything(), await leftovers()]).toEqual([seven, ""]);
    expect(await result("undo", "db", "--force")).toMatchObject({ guest: "prod/db" });
    expect([await everything(), await leftovers()]).toEqual([thousand, ""]);
  });

  test("keeps who may what, its character set and its comment, and its events run again [I6]", async () => {
    await sql(`DELETE FROM ${at("ran")}; GRANT EXECUTE ON PROCEDURE ${at("forget")} TO app`);
    await result(...argv);
    expect(await sql("SHOW GRANTS FOR app")).toContain(`GRANT EXECUTE ON PROCEDURE ${at("forget")} TO \`app\`@\`%\``);
    expect(await sql("SELECT schema_comment, default_collation_name FROM information_schema.schemata")).toContain(
      "the shop\tlatin1_german2_ci",
    );
    expect(await sql("SELECT event_name, status FROM information_schema.events ORDER BY 1")).toBe(
      "asleep\tDISABLED\nnightly\tENABLED",
    );
    while ((await sql(`SELECT COUNT(*) FROM ${at("ran")}`)) === "0") await pause(200);
  });

  test("with quotes in its name comes back as well; with events, too, mariadb-dump could not dump it [I1, I6]", async () => {
    await sql(`USE ${quotedName(strange)}; INSERT INTO one VALUES (2), (3)`);
    await result("restore", "database", "db", strange, "--force");
    expect(await sql(`SELECT * FROM ${quotedName(strange)}.one`)).toBe("1");
    await sql(`USE ${quotedName(strange)}; CREATE EVENT now ON SCHEDULE EVERY 1 DAY DO SELECT 1`);
    expect(await source.failingRun()).toContain("it has events, which mariadb-dump cannot read");
    await sql(`USE ${quotedName(strange)}; DROP EVENT now`);
  });

  test("is shown before, and a dry run changes nothing [K1]", async () => {
    const before = [await everything(), await leftovers(), site.journals().length];
    const { plan } = await result("restore", "database", "db", shop, "--dry-run");
    expect(plan).toMatchObject({ savePoint: true, encrypted: false, flags: ["--force"] });
    expect([await everything(), await leftovers(), site.journals().length]).toEqual(before);
  });

  test("comes beside it under another name, which is never one that is there unless that is said [I6]", async () => {
    const beside = ["restore", "database", "db", shop, "--into", "beside", "--force"];
    expect(await result(...beside)).toMatchObject({ undo: null, items: [{ into: "beside", replaced: false }] });
    expect(await sql("SELECT COUNT(*) FROM beside.orders")).toBe("1000");
    await sql("DELETE FROM beside.lines; DELETE FROM beside.orders");
    expect(await site.lifeboat(beside)).toMatchObject({
      code: 13,
      stderr: expect.stringContaining("beside is in db already, and would be replaced"),
    });
    expect(await sql("SELECT COUNT(*) FROM beside.orders")).toBe("0");
    await result(...beside, "--accept-loss");
    expect(await sql("SELECT COUNT(*) FROM beside.orders")).toBe("1000");
    await sql("DROP DATABASE beside");
  });

  test("comes into the server of another guest, and goes from there again [I6]", async () => {
    await mariaDb(other, "CREATE DATABASE elsewhere; CREATE TABLE elsewhere.one (a int)");
    const argv = ["restore", "database", "db", shop, "--to-guest", "lab", "--into", "tried", "--force"];
    expect(await result(...argv)).toMatchObject({ guest: "prod/lab", source: "copies", items: [{ into: "tried" }] });
    expect(await mariaDb(other, "SELECT COUNT(*) FROM tried.orders")).toBe("1000");
    await result("undo", "lab", "--force");
    expect(await mariaDb(other, "SHOW DATABASES LIKE 'tried'; SHOW DATABASES LIKE 'lifeboat%'")).toBe("");
  });

  test("that somebody is connected to is left alone until that is said [K1]", async () => {
    const connected = guest.run(["mariadb", shop, "--execute", "SELECT SLEEP(60)"], {
      environment: { HOME: "/nowhere" },
    });
    while ((await sql("SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%'")) !== "1")
      await pause(100);
    expect(await site.lifeboat(argv)).toMatchObject({ code: 13, stderr: expect.stringContaining("a connection to") });
    expect(await leftovers()).toBe("");
    await sql("SELECT CONCAT('KILL ', id) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%'").then(
      sql,
    );
    await connected;
  });

  test("an application that is connected is cut off where that is said, and so is an open transaction of it [K1]", async () => {
    const words = ["mariadb", "--user=app", shop, "--execute", "BEGIN; SELECT COUNT(*) FROM orders; SELECT SLEEP(60)"];
    const connected = guest.run(words, { environment: { MYSQL_PWD: "app" } });
    while ((await sql("SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%'")) !== "1")
      await pause(100);
    await orders(5);
    await result(...argv, "--disconnect");
    expect([(await connected).exitCode, await count(), await leftovers()]).toEqual([1, 1_000, ""]);
  });

  test("a transaction of somebody who is connected to another database keeps its tables, and nothing is changed [K1]", async () => {
    const before = await everything();
    const words = ["mariadb", "--execute", `BEGIN; SELECT COUNT(*) FROM ${at("orders")}; SELECT SLEEP(600)`];
    const connected = guest.run(words);
    while ((await sql("SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%'")) !== "1")
      await pause(100);
    expect(await site.lifeboat(argv)).toMatchObject({
      code: 13,
      stderr: expect.stringMatching(/somebody is at work in[^]*Nothing is changed/u),
    });
    await sql("SELECT CONCAT('KILL ', id) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%'").then(
      sql,
    );
    await connected;
    expect([await everything(), await leftovers()]).toEqual([before, ""]);
  });

  test("foreign keys of another database would follow the old tables: refused, and nothing is changed [I6]", async () => {
    await sql(
      `CREATE DATABASE mine; CREATE TABLE mine.notes (id int, FOREIGN KEY (id) REFERENCES ${at("orders")} (id))`,
    );
    const before = await everything();
    const refused = await site.lifeboat(argv);
    expect(refused).toMatchObject({ code: 13, stderr: expect.stringContaining("foreign keys of other databases") });
    expect(refused.stderr).toContain("mine.notes");
    await sql("DROP DATABASE mine");
    expect([await everything(), await leftovers()]).toEqual([before, ""]);
  });

  test("is opened with an identity that stays on this machine; another one ends with 12 before anything is changed [I5, I6]", async () => {
    const [identity, wrong] = await Promise.all([generateX25519Identity(), generateX25519Identity()]);
    for (const [name, text] of Object.entries({ identity, wrong }))
      writeFileSync(join(site.folder, name), text, { mode: 0o600 });
    const sealed = mariaDbSource({ databases: [shop, strange], recipients: [await identityToRecipient(identity)] });
    await pause(1_100);
    await install(guest, sealed).dump();
    await orders(3);
    expect(await site.lifeboat(argv)).toMatchObject({
      code: 12,
      stderr: expect.stringContaining("no identity is named"),
    });
    const refused = await site.lifeboat([...argv, "--identity", join(site.folder, "wrong")]);
    expect(refused).toMatchObject({ code: 12, stderr: expect.stringContaining("encrypted for another identity") });
    expect([await count(), await leftovers()]).toEqual([3, ""]);
    await result(...argv, "--identity", join(site.folder, "identity"));
    expect([await count(), await leftovers()]).toEqual([1_000, ""]);
    await pause(1_100);
    await install(guest, mariaDbSource({ databases: [shop, strange] })).dump();
  });

  test("is not restored from a damaged dump, and nothing is changed [I6]", async () => {
    const [newest] = (await source.manifests()).map(({ name }) => `/var/backups/lifeboat/${name}`).reverse();
    await guest.must(`cp -r '${newest}' /var/whole`);
    await guest.must(`printf x | dd of='${newest}/item-2.dump.zst' bs=1 seek=100 conv=notrunc status=none`);
    await orders(11);
    expect(await site.lifeboat(argv)).toMatchObject({ code: 1, stderr: expect.stringContaining("is damaged") });
    expect([await count(), await leftovers()]).toEqual([11, ""]);
    await guest.must(`rm -r '${newest}' && mv /var/whole '${newest}'`);
  });

  test("without room beside what is there nothing is begun, and the message says how much it takes [I6]", async () => {
    const journals = site.journals().length;
    await guest.must(
      "free=$(df -k --output=avail /var/lib/mysql | tail -n 1); head -c $((free - 2048))k /dev/zero >/var/filler",
    );
    const refused = await site.lifeboat(["restore", "database", "db", strange, "--force"]);
    await guest.must("rm /var/filler");
    expect(refused).toMatchObject({
      code: 13,
      stderr: expect.stringMatching(
        /takes at least 3\.8 MiB beside what is there, and [^]* are free[^]*HINT: make room/u,
      ),
    });
    expect(site.journals()).toHaveLength(journals);
  });

  test("a full disk where dumps lie: what is there cannot be kept, and stays [I6]", async () => {
    await orders(11);
    await guest.must(
      "mkdir -p /var/backups/lifeboat/save-points && mount -t tmpfs -o size=4k full /var/backups/lifeboat/save-points",
    );
    const refused = await site.lifeboat(argv);
    await guest.must("umount /var/backups/lifeboat/save-points");
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/No space left[^]*Nothing is changed/u) });
    expect([await count(), await leftovers()]).toEqual([11, ""]);
  });

  test("with its server down nothing is begun [K6]", async () => {
    await orders(11);
    await guest.stopMariaDb();
    const down = await site.lifeboat(argv);
    await guest.startMariaDb("--event-scheduler=ON");
    expect(down).toMatchObject({ code: 1, stderr: expect.stringContaining("Can't connect to local server") });
    expect([await count(), await leftovers()]).toEqual([11, ""]);
  });

  // The writes that say that the save point is made, the copy loaded, the place taken, the old one given up.
  test.each([5, 7, 12, 16])(
    "killed before write %i, with something done that is not recorded: ended by the same command, or taken back by undo [K4, I6]",
    async (write) => {
      await orders(5);
      expect(await site.lifeboat(argv, {}, `before ${write}`)).toMatchObject({ code: null });
      expect([5, 1_000]).toContain(await count());
      expect(await site.lifeboat(argv)).toMatchObject({ code: 0 });
      expect([await count(), await leftovers()]).toEqual([1_000, ""]);
      await orders(5);
      const five = await everything();
      expect(await site.lifeboat(argv, {}, `before ${write}`)).toMatchObject({ code: null });
      expect(await site.lifeboat(["undo", "db", "--force", "--disconnect"])).toMatchObject({ code: 0 });
      expect([await everything(), await leftovers()]).toEqual([five, ""]);
    },
  );
});

function install(where: DatabaseGuest, settings: MariaDbSource): InstalledSource {
  return new InstalledSource(where, settings);
}

function at(table: string): string {
  return `${quotedName(shop)}.\`${table}\``;
}

function sql(text: string): Promise<string> {
  return mariaDb(guest, text);
}

/** The database has so many orders from now on. */
async function orders(count: number): Promise<void> {
  await sql(
    `USE ${quotedName(shop)}; DELETE FROM ${at("lines")}; DELETE FROM ${at("orders")}; ` +
      `INSERT INTO ${at("orders")} (id, note) SELECT seq, 'n' FROM seq_1_to_${String(count)}; INSERT INTO ${at("lines")} VALUES (1), (2), (3)`,
  );
}

async function count(): Promise<number> {
  return Number(await sql(`SELECT COUNT(*) FROM ${at("orders")}`));
}

/** All that is in the database, as text; without what its event writes. */
function everything(): Promise<string> {
  return guest.must(
    `mariadb-dump --skip-comments --single-transaction --routines --events --hex-blob --ignore-table="$NAME.ran" -- "$NAME"`,
    { environment: { NAME: shop } },
  );
}

/** What a restore has made and not finished with: databases, and notes of an exchange. */
async function leftovers(): Promise<string> {
  const notes = await guest.must(
    "ls -A /var/lib/lifeboat/data/shop/exchanges /var/lib/lifeboat/data/shop/aside 2>/dev/null || true",
  );
  return [
    await sql("SHOW DATABASES LIKE 'lifeboat%'"),
    ...notes.split("\n").filter((line) => line.includes("lifeboat_")),
  ]
    .join("\n")
    .trim();
}

async function result(...words: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await site.lifeboat([...words, "--json"]);
  if (code !== 0) throw new Error(`${words.join(" ")} ended with ${String(code)}: ${stdout}${stderr}`);
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}
