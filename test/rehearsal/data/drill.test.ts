import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import * as z from "zod";
import { drillDataShape } from "../../../scripts/recovery/drill-data/shape";
import { dataProgram } from "../../../site/data/places";
import { DatabaseGuest } from "../../support/database-guest/database-guest";
import { filesSource, InstalledSource, mariaDbSource, postgresSource } from "./support/data-source";
import { DataSite } from "./support/data-site";
import { mariaDb } from "./support/mariadb-shop";

// `lifeboat drill data` of real databases: the newest dump comes back into a throw-away, is asked, and goes again.
const folder = "/var/backups/lifeboat";
const question = "SELECT count(*), max(n) FROM orders";

let guest: DatabaseGuest;
let site: DataSite;
let sources: Readonly<Record<"config" | "crm" | "sealed" | "shop", InstalledSource>>;
let foreign: string;
let own: string;

/** The settings of all sources, with these answers. */
function settings({ shop = "300|300", crm = "300|300", query = question } = {}): readonly string[] {
  const drill = (database: string, expect: string): string =>
    `drill: { database: ${database}, query: ${JSON.stringify(query)}, expect: ${JSON.stringify(expect)} }`;
  return [
    `shop: { kind: postgres, databases: [shop], ${drill("shop", shop)} }`,
    `sealed: { kind: postgres, databases: [shop], ${drill("shop", shop)} }`,
    `crm: { kind: mariadb, databases: [crm], ${drill("crm", crm)} }`,
    "config: { kind: files, paths: [/etc/app] }",
  ];
}

(process.getuid?.() === 0 ? describe : describe.skip)("a drill of dumps", () => {
  beforeAll(async () => {
    guest = await DatabaseGuest.start({ room: 2048 });
    await Promise.all([guest.startPostgres(), guest.startMariaDb()]);
    const identity = await generateX25519Identity();
    const recipients = [await identityToRecipient(identity)];
    sources = {
      shop: new InstalledSource(guest, postgresSource({ databases: ["shop"] })),
      sealed: new InstalledSource(guest, postgresSource({ name: "sealed", databases: ["shop"], recipients })),
      crm: new InstalledSource(guest, mariaDbSource({ name: "crm", databases: ["crm"] })),
      config: new InstalledSource(guest, filesSource({ name: "config", paths: ["/etc/app"] })),
    };
    site = new DataSite([{ name: "db", id: 101, guest, data: settings() }]);
    own = join(site.folder, "own");
    foreign = join(site.folder, "foreign");
    writeFileSync(own, identity, { mode: 0o600 });
    writeFileSync(foreign, await generateX25519Identity(), { mode: 0o600 });
    await postgres("CREATE DATABASE shop");
    await postgres("CREATE TABLE orders AS SELECT generate_series(1, 300) n", "shop");
    await mariaDb(
      guest,
      "CREATE DATABASE crm; USE crm; CREATE TABLE orders AS SELECT seq AS n FROM seq_1_to_300; " +
        "CREATE TABLE ran (at int); CREATE EVENT nightly ON SCHEDULE EVERY 1 SECOND DO INSERT INTO ran VALUES (1)",
    );
    await guest.must(
      "mkdir -p /etc/app/sub && echo 1 >/etc/app/one && echo 2 >/etc/app/sub/two && ln /etc/app/one /etc/app/same",
    );
    for (const source of Object.values(sources)) await source.dump();
  }, 300_000);

  afterAll(() => site?.stop());

  test("proves what comes back as it was dumped and answers as the settings say, and leaves nothing [G2, I4]", async () => {
    const before = await everything();
    const { code, found } = await drill();
    expect(found).toEqual(
      ["shop", "sealed", "crm", "config"].toSorted().map((source) =>
        expect.objectContaining({
          source,
          result: "proven",
          reasons: [],
          asked: source === "config" ? null : source === "crm" ? "crm" : "shop",
        }),
      ),
    );
    expect(code).toBe(0);
    expect(await everything()).toEqual(before);
    expect((await sources.shop.status()).drill).toMatchObject({ isProven: true, why: "" });
  });

  test("another answer is not proven, and status says so until the next drill [G2]", async () => {
    site.declare({ db: settings({ shop: "301|301", crm: "7|7" }) });
    const { code, found } = await drill("shop");
    expect([code, found[0]?.reasons]).toEqual([3, ["shop answers '300|300' to its query, and not '301|301'"]]);
    expect((await drill("crm")).found[0]?.reasons).toEqual(["crm answers '300|300' to its query, and not '7|7'"]);
    const { stdout, code: looked } = await site.lifeboat(["data", "db"]);
    expect(looked).toBe(3);
    expect(stdout).toContain("the last drill has not proven");
    site.declare();
    expect((await drill("shop")).code).toBe(0);
    expect((await drill("crm")).code).toBe(0);
    expect((await site.lifeboat(["data", "db"])).code).toBe(0);
  });

  test("a query that the database does not take is told in the server's words, and one that writes is refused [G2]", async () => {
    site.declare({ db: settings({ query: "SELECT nothing FROM orders" }) });
    expect((await drill("shop")).found[0]?.reasons[0]).toContain('column "nothing" does not exist');
    expect((await drill("crm")).found[0]?.reasons[0]).toContain("Unknown column 'nothing'");
    site.declare({ db: settings({ query: "DELETE FROM orders" }) });
    expect((await drill("shop")).found[0]?.reasons[0]).toContain("read-only transaction");
    expect((await drill("crm")).found[0]?.reasons[0]).toContain("DELETE command denied to user 'asker'");
    // What lies on the guest's disk is not the database's.
    site.declare({
      db: settings({ query: "SELECT LOAD_FILE('/etc/hostname') IS NULL, max(n) FROM orders", crm: "1|300" }),
    });
    expect((await drill("crm")).found[0]).toMatchObject({ result: "proven", reasons: [] });
    site.declare();
  });

  test("a database that is gone is drilled from its dump all the same; what a killed drill has left goes [G2, K4]", async () => {
    await postgres(`ALTER DATABASE shop RENAME TO elsewhere`);
    await postgres(`CREATE DATABASE "lifeboat-drill-shop" OWNER "lifeboat-shop"`);
    await guest.must(
      "mkdir -p /var/lib/lifeboat-throwaway/crm.drill/data && mkdir -p /var/backups/lifeboat/.unfinished/config.drill/tree",
    );
    expect(await drill("shop")).toMatchObject({ code: 0 });
    await postgres(`ALTER DATABASE elsewhere RENAME TO shop`);
    expect(await drill("crm")).toMatchObject({ code: 0 });
    expect(await drill("config")).toMatchObject({ code: 0 });
    expect(await guest.must("ls -A /var/lib/lifeboat-throwaway /var/backups/lifeboat/.unfinished")).not.toContain(
      "drill",
    );
  });

  test("a run and a drill of the same source do not wait for each other, and none removes what the other reads [G2, I2, I4]", async () => {
    site.declare({ db: settings({ query: "SELECT count(*) FROM orders, (SELECT pg_sleep(4)) waited", shop: "300" }) });
    const [drilledOne] = (await sources.shop.manifests()).slice(-1);
    const drilled = drill("shop");
    // Somebody reads a dump: as in a drill that lasts longer than the run.
    const reads = "exec 7</etc/lifeboat/data/shop && flock -s 7 && ";
    await guest.must(
      `${reads}for i in $(seq 600); do [ -d /run/lifeboat/data/shop.drill ] && exit; sleep 0.1; done; exit 1`,
    );
    await guest.must(`${reads}${dataProgram} run shop`);
    expect(await sources.shop.manifests()).toContainEqual(drilledOne);
    expect(await drilled).toMatchObject({ code: 0, found: [{ dump: drilledOne?.name, reasons: [] }] });
    await sources.shop.dump();
    expect(await sources.shop.manifests()).not.toContainEqual(drilledOne);
    site.declare();
  });

  test("whoever reads a dump waits for a run that removes one, and looks again [I4]", async () => {
    const name = (await sources.shop.manifests()).at(-1)?.name;
    const answers = `for verb in fetch check verify; do timeout 2 ${dataProgram} $verb shop ${name} item-1.dump.zst >/dev/null; echo $?; done`;
    expect(await guest.must(answers)).toBe("0\n0\n0");
    expect(await guest.must(`flock -x /etc/lifeboat/data/shop sh -c '${answers}'`)).toBe("124\n124\n124");
  });

  test.each([
    ["shop", 2],
    ["crm", 2],
    ["config", 1],
  ] as const)("a dump of %s in which a byte has turned over is not proven [G2]", async (name, number) => {
    await spoilt(
      name,
      `printf x | dd of=item-${String(number)}.dump.zst bs=1 seek=40 conv=notrunc status=none`,
      async () => {
        const { code, found } = await drill(name);
        expect([code, found[0]?.result, found[0]?.reasons[0]]).toEqual([
          3,
          "failed",
          expect.stringMatching(/not hold|Data corruption|decompress|error/iu),
        ]);
      },
    );
    expect((await drill(name)).code).toBe(0);
  });

  test("an encrypted one that is damaged is not proven; without its identity it was not tried [G2, I5]", async () => {
    expect((await drill("sealed", {})).found).toMatchObject([
      { result: "not tried", reasons: [expect.stringContaining("no identity is named")] },
    ]);
    expect((await drill("sealed", { LIFEBOAT_AGE_IDENTITY_FILE: foreign })).found).toMatchObject([
      { result: "not tried", reasons: [expect.stringContaining("another identity")] },
    ]);
    expect((await sources.sealed.status()).drill).toMatchObject({ isProven: true });
    await spoilt("sealed", "printf x | dd of=item-2.dump.zst.age bs=1 seek=400 conv=notrunc status=none", async () => {
      expect((await drill("sealed")).found).toMatchObject([{ result: "failed" }]);
    });
  });

  test("a dump that says more than it holds, with sums of its own, is not proven [G2, I4]", async () => {
    const empty = `cd / && runuser -u postgres -- createdb hollow && runuser -u postgres -- pg_dump -Fc -Z0 hollow >/srv/hollow && runuser -u postgres -- dropdb hollow`;
    await guest.must(empty);
    const replaced =
      "zstd -qf /srv/hollow -o item-2.dump.zst; size=$(stat -c %s item-2.dump.zst); sum=$(sha256sum </srv/hollow | cut -d ' ' -f 1); " +
      `sed -i -E "s/(item-2.*\\"bytes\\":)[0-9]+/\\1$size/; s/(item-2.*\\"plainSha256\\":\\")[0-9a-f]+/\\1$sum/" manifest.json; ` +
      "sha256sum item-* manifest.json > SHA256SUMS";
    site.declare({ db: ["shop: { kind: postgres, databases: [shop] }"] });
    await spoilt("shop", replaced, async () => {
      expect((await site.lifeboat(["verify", "prod", "--dumps", "--guest", "db"])).stdout).toContain("shop: 1 of 1");
      expect((await drill("shop")).found[0]?.reasons).toEqual([
        "shop restores with 0 of 1 tables",
        "shop restores with 0 of 300 rows",
      ]);
    });
    site.declare();
  });

  test("a whole dump of a database that somebody has emptied is not proven [G2, I4]", async () => {
    await postgres("DELETE FROM orders", "shop");
    await mariaDb(guest, "DROP EVENT crm.nightly; DELETE FROM crm.ran; DELETE FROM crm.orders");
    for (const name of ["shop", "crm"] as const) {
      await sources[name].dump("--accept");
      expect((await drill(name)).found).toMatchObject([{ result: "failed", reasons: ["it restores empty"] }]);
    }
  });
});

function postgres(sql: string, database = "postgres"): Promise<string> {
  return guest.must(`runuser -u postgres -- psql -qXAt -v ON_ERROR_STOP=1 -d ${database}`, { input: sql });
}

/** Databases, and what lies where throw-aways are. */
async function everything(): Promise<readonly string[]> {
  return [
    await postgres("SELECT oid, datname FROM pg_database ORDER BY 1"),
    await mariaDb(guest, "SHOW DATABASES"),
    await guest.must(
      "ls -AR /var/lib/lifeboat-throwaway /var/backups/lifeboat/.unfinished /run/lifeboat/data; find /etc/app",
    ),
  ];
}

async function drill(
  source?: keyof typeof sources,
  env: Readonly<Record<string, string>> = { LIFEBOAT_AGE_IDENTITY_FILE: own },
) {
  const { code, stdout } = await site.lifeboat(
    ["drill", "data", "db", ...(source === undefined ? [] : [source]), "--json"],
    env,
  );
  const { message_type: _type, ...value } = z.looseObject({}).parse(JSON.parse(stdout));
  return { code, found: drillDataShape.parse(value).sources };
}

/** What somebody does to a file of the newest dump of a source, for as long as something is tried. */
async function spoilt(name: keyof typeof sources, script: string, work: () => Promise<void>): Promise<void> {
  const dumps = await sources[name].manifests();
  const place = `${folder}/${dumps.at(-1)?.name ?? ""}`;
  await guest.must(`cp -a ${place} /srv/kept && cd ${place} && ${script}`);
  try {
    await work();
  } finally {
    await guest.must(`rm -rf ${place} && mv /srv/kept ${place}`);
  }
}
