import { dataProgram } from "../../../site/data/places";
import { DatabaseGuest } from "../../support/database-guest/database-guest";
import { InstalledSource, postgresSource } from "./support/data-source";

/** Dumps of a real PostgreSQL 15, made and proven by the program that guests get. */

const isRoot = process.getuid?.() === 0;

(isRoot ? describe : describe.skip)("PostgreSQL in a guest", () => {
  let guest: DatabaseGuest;

  beforeAll(async () => {
    guest = await DatabaseGuest.start();
    await guest.startPostgres();
    await guest.must(`runuser -u postgres -- psql -qX <<'end'
CREATE ROLE clerk LOGIN PASSWORD 'other';
CREATE DATABASE shop OWNER clerk;
\\c shop
SET ROLE clerk;
CREATE TABLE orders (id int PRIMARY KEY, note text);
INSERT INTO orders SELECT n, 'note ' || n FROM generate_series(1, 300) n;
end`);
  }, 300_000);

  afterAll(() => guest?.stop());

  test("a run leaves a proven dump, a line in the log and nothing else [I1, I2, I4, 000 CA11.3, 001 AC2]", async () => {
    const shop = new InstalledSource(guest, postgresSource({ databases: ["shop"] }), `p'a"s$s\\w;o r:d%é@/`);
    const line = await shop.dump();
    expect(line).toMatch(
      /^SUCCESS \d{4}-\d\d-\d\d\/postgres\/shop-\d{6}Z: 2 items, \d+ bytes, roles \d+,rows 300,tables 1, \d+ s$/u,
    );
    const [manifest, ...others] = await shop.manifests();
    expect(others).toEqual([]);
    expect(manifest).toMatchObject({
      source: "shop",
      server: expect.stringMatching(/^PostgreSQL 15\./u),
      items: [
        { type: "roles", name: "all", file: "item-1.dump.zst" },
        { type: "database", name: "shop", file: "item-2.dump.zst", counts: { tables: 1, rows: 300 } },
      ],
    });
    expect(await shop.program("check", [manifest?.name ?? ""])).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
    expect(await shop.status()).toMatchObject({
      result: "success",
      dumps: 1,
      isRunning: false,
      newest: { dump: manifest?.name },
    });
    expect(await guest.must("ls -A /var/backups/lifeboat/.unfinished /run/lifeboat/data")).not.toContain("shop");
    expect(await guest.must("runuser -u postgres -- psql -XAtc 'SELECT datname FROM pg_database ORDER BY 1'")).toBe(
      "postgres\nshop\ntemplate0\ntemplate1",
    );
  });

  test("databases with any name and passwords with any character are dumped and loaded again, and nothing shows the password [I1, I4]", async () => {
    const name = `a"b'c;d $x=y\\z`;
    const password = `$(id)\`\\p'a"s$s;%é :@/=`;
    await guest.must("runuser -u postgres -- psql -qX", {
      input: `SET log_statement = 'all';\nCREATE DATABASE "${name.replaceAll('"', '""')}";\nALTER SYSTEM SET log_statement = 'all';\nSELECT pg_reload_conf();\n`,
    });
    await guest.must("runuser -u postgres -- psql -qX", {
      input: `CREATE TABLE one (id int);\nINSERT INTO one VALUES (1), (2);\n`,
      environment: { PGDATABASE: name },
    });
    const odd = new InstalledSource(guest, postgresSource({ name: "odd", databases: [name] }), password);
    await odd.dump();
    const [manifest] = await odd.manifests();
    expect(manifest?.items[1]).toMatchObject({ name, counts: { tables: 1, rows: 2 } });
    const [, item] = manifest?.items ?? [];
    const { exitCode, stderr } = await guest.shell(
      `set -e; ${dataProgram} fetch odd "$DUMP" "$FILE" | zstd -dc | ${dataProgram} load odd database "$COPY"`,
      { environment: { DUMP: manifest?.name ?? "", FILE: item?.file ?? "", COPY: `${name} copy` } },
    );
    expect([exitCode, stderr]).toEqual([0, ""]);
    const rows = { environment: { PGDATABASE: `${name} copy` } };
    expect(await guest.must("runuser -u postgres -- psql -XAtc 'SELECT count(*) FROM one'", rows)).toBe("2");
    expect(await odd.program("drop-copy", [name])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("there is no database of that name that was made by load"),
    });
    expect((await odd.program("drop-copy", [`${name} copy`])).exitCode).toBe(0);
    const shown = await guest.must('grep -rlF -e "$SECRET" /var/log /var/lib/lifeboat /var/backups /run || true', {
      environment: { SECRET: password },
    });
    expect(shown).toBe("");
  });

  test("a name that is two lines is no name of two databases: an error, and nothing counts as dumped [I1, I4]", async () => {
    const names = ['"two\nlines"', '"a\ttab"'];
    await guest.must("runuser -u postgres -- psql -qX", { input: "CREATE DATABASE two;" });
    const all = new InstalledSource(guest, postgresSource({ name: "all" }));
    for (const name of names) {
      await guest.must("runuser -u postgres -- psql -qX", { input: `CREATE DATABASE ${name};` });
      expect(await all.failingRun()).toBe(
        "ERROR all: Unable to list what is to be dumped: a database has a name with a line break or another control character",
      );
      await guest.must("runuser -u postgres -- psql -qX", { input: `DROP DATABASE ${name};` });
    }
    expect(await all.manifests()).toEqual([]);
    await guest.must("runuser -u postgres -- psql -qX", { input: "DROP DATABASE two;" });
  });

  test("a database comes back in its own encoding and order, also where none of its name is there [I4, I6]", async () => {
    const sql = (input: string) => guest.must("runuser -u postgres -- psql -qXAt -v ON_ERROR_STOP=1", { input });
    await sql(`CREATE DATABASE "o'Größe" TEMPLATE template0 ENCODING UTF8 LOCALE_PROVIDER icu ICU_LOCALE 'de-u-co-phonebk' LOCALE 'C.UTF-8';
CREATE DATABASE latin TEMPLATE template0 ENCODING LATIN1 LOCALE 'C';
\\c latin
SET client_encoding = 'UTF8';
CREATE TABLE words AS SELECT 'é' word;`);
    const source = new InstalledSource(guest, postgresSource({ name: "orders", databases: ["o'Größe", "latin"] }));
    await source.dump();
    const [manifest] = await source.manifests();
    const load = `set -e; ${dataProgram} fetch orders "$DUMP" "$FILE" >/run/item; sum=$(zstd -dc /run/item | sha256sum | cut -d ' ' -f 1)
${dataProgram} receive orders database "$LIKE" "$COPY" "$sum" </run/item`;
    const facts = `SELECT concat_ws(' ', pg_encoding_to_char(encoding), datlocprovider, coalesce(daticulocale, '-'), datcollate, datctype) FROM pg_database WHERE datname = `;
    for (const [index, like, found] of [
      [1, "o'Größe", "UTF8 i de-u-co-phonebk C.UTF-8 C.UTF-8"],
      [1, "gone", "UTF8 i de-u-co-phonebk C.UTF-8 C.UTF-8"],
      [2, "latin", "LATIN1 c - C C"],
      [2, "gone", "LATIN1 c - C C"],
    ] as const) {
      const environment = { DUMP: manifest?.name ?? "", FILE: manifest?.items[index]?.file ?? "", LIKE: like };
      const loaded = await guest.shell(load, { environment: { ...environment, COPY: "copy" } });
      expect(loaded).toMatchObject({ exitCode: 0, stderr: "" });
      expect(await sql(`${facts}'copy'`)).toBe(found);
      await source.program("drop-copy", ["copy"]);
    }
    expect(await guest.must("ls -A /tmp")).toBe("");
  });

  test("why a dump does not restore is told in the server's words, and not the statement [I4]", async () => {
    const sql = (input: string, PGDATABASE: string) =>
      guest.must("runuser -u postgres -- psql -qX", { input, environment: { PGDATABASE } });
    await sql("CREATE DATABASE watched", "postgres");
    await sql("CREATE EXTENSION pg_stat_statements", "watched");
    const watched = new InstalledSource(guest, postgresSource({ name: "watched", databases: ["watched"] }));
    expect(await watched.failingRun()).toMatch(
      /^ERROR watched: Unable to prove the dump of database watched: pg_restore: error: could not execute query: ERROR: {2}permission denied to create extension/u,
    );
  });

  test("a dump for recipients is opened by the identity alone, which no guest has [I5]", async () => {
    const identity = await guest.must("age-keygen 2>/dev/null | grep AGE-SECRET-KEY");
    const recipient = await guest.must("age-keygen -y", { input: identity });
    const sealed = new InstalledSource(
      guest,
      postgresSource({ name: "sealed", databases: ["shop"], recipients: [recipient] }),
    );
    await sealed.dump();
    const [manifest] = await sealed.manifests();
    const [, item] = manifest?.items ?? [];
    expect(manifest?.recipients).toEqual([recipient]);
    expect(item?.file).toBe("item-2.dump.zst.age");
    const fetch = `${dataProgram} fetch sealed "$DUMP" "$FILE"`;
    const environment = { DUMP: manifest?.name ?? "", FILE: item?.file ?? "" };
    expect(await guest.must(`${fetch} | head -c 21`, { environment })).toBe("age-encryption.org/v1");
    const opened = `cat >/run/identity && ${fetch} | age -d -i /run/identity | zstd -dc | sha256sum; rm /run/identity`;
    expect(await guest.must(opened, { environment, input: identity })).toBe(`${item?.plainSha256 ?? ""}  -`);
  });
});
