import { DatabaseGuest } from "../../support/database-guest/database-guest";
import { InstalledSource, mariaDbSource } from "./support/data-source";

/** Dumps of a real MariaDB 10.11, made and proven by the program that guests get. */

const isRoot = process.getuid?.() === 0;

/** A name that shells, SQL and JSON all read otherwise than it is. */
const strange = `a"b'c;d $x`;

(isRoot ? describe : describe.skip)("MariaDB in a guest", () => {
  let guest: DatabaseGuest;

  const sql = (text: string): Promise<string> => guest.must("mariadb --batch --skip-column-names", { input: text });

  beforeAll(async () => {
    guest = await DatabaseGuest.start();
    await guest.startMariaDb("--event-scheduler=ON", "--log-bin=written", "--general-log=1");
    await sql(`
CREATE DATABASE shop CHARACTER SET latin1 COLLATE latin1_german2_ci;
CREATE DATABASE \`${strange}\`;
CREATE TABLE \`${strange}\`.\`${strange}\` (a int);
INSERT INTO \`${strange}\`.\`${strange}\` VALUES (1), (2);
USE shop;
CREATE TABLE orders (id int PRIMARY KEY AUTO_INCREMENT, note varchar(50), packed blob);
INSERT INTO orders (note, packed) SELECT CONCAT('it''s "', seq, '"\\n'), UNHEX('00ff27225c0a') FROM seq_1_to_300;
CREATE TABLE old (a int) ENGINE=Aria;
CREATE TABLE told (a int) WITH SYSTEM VERSIONING;
INSERT INTO told VALUES (1);
UPDATE told SET a = 2;
CREATE SEQUENCE numbers START WITH 7;
CREATE VIEW recent AS SELECT * FROM orders WHERE id > 290;
CREATE VIEW foreign_one AS SELECT * FROM \`${strange}\`.\`${strange}\`;
CREATE TABLE ran (at timestamp);
DELIMITER //
CREATE DEFINER=gone@nowhere PROCEDURE forget() BEGIN DELETE FROM orders; END//
CREATE FUNCTION seven() RETURNS int DETERMINISTIC RETURN 7//
CREATE TRIGGER noted BEFORE INSERT ON orders FOR EACH ROW SET NEW.note = CONCAT(NEW.note, '!')//
CREATE EVENT nightly ON SCHEDULE EVERY 1 SECOND DO INSERT INTO shop.ran VALUES (CURRENT_TIMESTAMP)//
`);
  }, 300_000);

  afterAll(() => guest?.stop());

  test("a run leaves a proven dump with everything that belongs to a database, and nothing else [I1, I2, I4]", async () => {
    const shop = new InstalledSource(guest, mariaDbSource({ databases: ["shop"] }));
    const line = await shop.dump();
    expect(line).toMatch(/^SUCCESS \d{4}-\d\d-\d\d\/mariadb\/shop-\d{6}Z: 2 items, \d+ bytes, /u);
    const [manifest] = await shop.manifests();
    expect(manifest).toMatchObject({
      server: expect.stringMatching(/^MariaDB 10\.11\.\d+, with a binary log$/u),
      items: [
        { type: "roles", name: "all" },
        {
          type: "database",
          name: "shop",
          counts: { tables: 4, views: 1, sequences: 1, routines: 2, triggers: 1, events: 1 },
        },
      ],
    });
    expect(manifest?.items[1]?.counts["rows"]).toBeGreaterThanOrEqual(302);
    expect(await guest.must("ls -A /var/lib/lifeboat-throwaway /var/backups/lifeboat/.unfinished")).not.toContain(
      "shop",
    );
    expect(await guest.must("ps ax | grep -c '[l]ifeboat-throwaway' || true")).toBe("0");
    expect(await sql("SHOW DATABASES LIKE '%lifeboat%'")).toBe("");
  });

  test("the user for backups may read and no more, and nothing shows its password [I1]", async () => {
    const password = `$(id)\`\\p'a"s$s;%é :@/=#`;
    const shop = new InstalledSource(guest, mariaDbSource({ name: "grants", databases: ["shop"] }), password);
    await shop.dump();
    const as = (text: string) =>
      guest.run(["mariadb", "--no-defaults", "--user=lifeboat-grants", "--batch", "--execute", text], {
        environment: { MYSQL_PWD: password },
      });
    expect((await as("SELECT COUNT(*) FROM shop.orders")).stdout).toContain("300");
    for (const [text, code] of [
      ["DELETE FROM shop.orders", 1142],
      ["CREATE TABLE shop.other (a int)", 1142],
      ["CREATE DATABASE other", 1044],
      [`SELECT * FROM \`${strange}\`.\`${strange}\``, 1142],
      ["DROP DATABASE shop", 1044],
      ["CREATE USER other", 1227],
    ] as const) {
      expect((await as(text)).stderr).toContain(`ERROR ${code} `);
    }
    const logs = "/var/lib/mysql /var/log/mysql /var/log/lifeboat /var/backups/lifeboat /var/lib/lifeboat /etc/systemd";
    await guest.must(`cat > /root/password`, { input: password });
    expect(await guest.must(`grep -rlaF -f /root/password ${logs} || true`)).toBe("");
    // The user is this server's own: neither replicas nor a recovery by the binary log make it.
    expect(await guest.must("mariadb-binlog /var/lib/mysql/written.* | grep -c lifeboat- || true")).toBe("0");
  });

  test("a dump says where it lies in the binary log [I1]", async () => {
    const shop = new InstalledSource(guest, mariaDbSource({ name: "position", databases: ["shop"] }));
    await shop.dump();
    const [manifest] = await shop.manifests();
    const { stdout } = await shop.program("fetch", [manifest?.name ?? "", "item-2.dump.zst"], undefined);
    expect(stdout.length).toBeGreaterThan(0);
    const text = await guest.must(
      `zstd -dcq /var/backups/lifeboat/${manifest?.name ?? ""}/item-2.dump.zst | grep MASTER_LOG_POS`,
    );
    expect(text).toMatch(/^-- CHANGE MASTER TO MASTER_LOG_FILE='written\.\d+', MASTER_LOG_POS=\d+;$/u);
  });

  test("a database comes back with everything under another name, and its events sleep there [I1, I6]", async () => {
    const shop = new InstalledSource(guest, mariaDbSource({ name: "back", databases: ["shop"] }));
    await shop.dump();
    const [manifest] = await shop.manifests();
    const file = `/var/backups/lifeboat/${manifest?.name ?? ""}/item-2.dump.zst`;
    const load = (name: string) =>
      guest.must(`zstd -dcq ${file} | /usr/local/lib/lifeboat/data/lifeboat-data load back database "$NAME"`, {
        environment: { NAME: name },
      });
    await load(`${strange} 2`);
    const dumped = async (name: string): Promise<string> =>
      (
        await guest.run([
          "mariadb-dump",
          "--skip-comments",
          "--hex-blob",
          "--routines",
          "--ignore-table",
          `${name}.ran`,
          "--",
          name,
        ])
      ).stdout;
    expect(await dumped(`${strange} 2`)).toBe(await dumped("shop"));
    expect(await sql(`SELECT event_schema, status FROM information_schema.events ORDER BY 1`)).toBe(
      `${strange} 2\tSLAVESIDE_DISABLED\nshop\tENABLED`,
    );
    expect(
      await sql(
        `SELECT default_collation_name FROM information_schema.schemata WHERE schema_name = '${strange.replaceAll("'", "''")} 2'`,
      ),
    ).toBe("latin1_german2_ci");
    await expect(load(`${strange} 2`)).rejects.toThrow("there is a database a\"b'c;d $x 2");
    await expect(load("shop")).rejects.toThrow("there is a database shop");
    expect((await shop.program("drop-copy", ["shop"])).stderr).toContain("the database shop was not made by Lifeboat");
    expect(await shop.program("drop-copy", [`${strange} 2`])).toMatchObject({ exitCode: 0 });
    expect(await sql("SHOW DATABASES LIKE '%2'")).toBe("");
    expect(await sql("SELECT COUNT(*) FROM shop.orders")).toBe("300");
  });

  test("without names every database is dumped, whatever it is called, but no copy of Lifeboat's own [I1]", async () => {
    await sql("CREATE DATABASE copied COMMENT 'made by Lifeboat for shop'");
    const all = new InstalledSource(guest, mariaDbSource({ name: "all" }));
    await all.dump();
    const [manifest] = await all.manifests();
    expect(manifest?.items.map(({ name }) => name).sort()).toEqual([strange, "all", "shop"]);
    await sql("DROP DATABASE copied");
  });

  test("a dump that restores without what was there is an error: a truncated one, and an empty one [I4]", async () => {
    const shop = new InstalledSource(guest, mariaDbSource({ name: "cut", databases: ["shop"] }));
    await guest.must(
      `mkdir -p /root/cut && printf '#!/bin/sh\\n/usr/bin/mariadb-dump "$@" | head -n 60\\n' > /usr/local/sbin/mariadb-dump && chmod +x /usr/local/sbin/mariadb-dump`,
    );
    expect(await shop.failingRun()).toMatch(
      /^ERROR cut: Unable to prove the dump of database shop: it restores without /u,
    );
    await guest.must("rm /usr/local/sbin/mariadb-dump");
    expect(await shop.manifests()).toEqual([]);
    await shop.dump();
  });

  test("a proof that was killed leaves nothing for longer than until the next run [I4]", async () => {
    const shop = new InstalledSource(guest, mariaDbSource({ name: "killed", databases: ["shop"] }));
    const run = shop.program("run");
    await guest.must("until [ -e /var/lib/lifeboat-throwaway/killed/socket ]; do sleep 0.05; done");
    await guest.must("kill -KILL $(pgrep -f '[l]ifeboat-data run killed')");
    await run;
    expect(await shop.manifests()).toEqual([]);
    await shop.dump();
    expect(await guest.must("ls -A /var/lib/lifeboat-throwaway")).toBe("");
    expect(await guest.must("ps ax | grep -c '[l]ifeboat-throwaway' || true")).toBe("0");
  });

  test("a database that is down, or is not there, is an error of its own, and the last good dump stays [I4]", async () => {
    const none = new InstalledSource(guest, mariaDbSource({ name: "none", databases: ["nowhere"] }));
    expect(await none.failingRun()).toContain("Unable to dump database nowhere: there is no such database");
    const shop = new InstalledSource(guest, mariaDbSource({ name: "down", databases: ["shop"] }));
    await shop.dump();
    await guest.stopMariaDb();
    expect(await shop.failingRun()).toMatch(
      /^ERROR down: Unable to reach the source: .*Can't connect to local server/u,
    );
    expect(await shop.manifests()).toHaveLength(1);
  });
});
