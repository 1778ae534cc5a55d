import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import { dataShape } from "../../../scripts/inspect/data/shape";
import { restoreDataShapes } from "../../../scripts/recovery/restore-data/plan";
import { undoShapes } from "../../../scripts/recovery/undo/shape";
import type { PointInTimeGuest } from "../../support/database-guest/point-in-time-guest";
import { firstUseLimit } from "../support/toolchain";
import type { DataSite, Ended } from "./support/data-site";
import { SiteInTime } from "./support/site-in-time";

// `lifeboat restore database` from the archive of its cluster: real PostgreSQL, pgBackRest and S3 server, over a real SSH server.
const isRoot = process.getuid?.() === 0;
/** A database whose name no shell and no SQL may read. */
const shop = `a"b'c;d $x`;

jest.setTimeout(10 * 60_000);

(isRoot ? describe : describe.skip)("a database from the archive of its cluster", () => {
  let started: SiteInTime;
  let web: PointInTimeGuest;
  let site: DataSite;

  beforeAll(async () => {
    started = await SiteInTime.start(["plain: { kind: postgres, port: 5433 }"]);
    ({ web, site } = started);
    await web.sql("CREATE ROLE app LOGIN");
    await web.sql(`CREATE DATABASE ${quoted(shop)} OWNER app`);
    await web.sql("CREATE DATABASE crm");
    for (const name of [shop, "crm"]) await sql("CREATE TABLE marks (number int)", name);
    await sql("CREATE UNLOGGED TABLE cache (number int); SET ROLE app; CREATE SCHEMA app", shop);
    await web.mustVerb("backup", "shop", "full");
    await sleep(1_100);
  }, firstUseLimit);

  afterAll(() => site?.stop());

  const sql = (text: string, database: string): Promise<string> => started.sql(text, database);
  const rows = (database: string) =>
    sql("SELECT coalesce(string_agg(number::text, ',' ORDER BY number), '') FROM marks", database);
  const mark = (number: number, database = shop) => sql(`INSERT INTO marks VALUES (${String(number)})`, database);
  /** Start of the server, its databases and folders, and what a recovery keeps. */
  const server = () =>
    Promise.all([
      web.sql("SELECT pg_postmaster_start_time()"),
      web.sql("SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database"),
      web.guest.must(
        "ls /var/lib/postgresql/15; cd /var/lib/pgbackrest/lifeboat-shop && ls -d recovery extracted* replay 2>/dev/null || :",
      ),
    ]);
  const result = async (...argv: string[]): Promise<Record<string, unknown>> =>
    printed(argv, await site.lifeboat([...argv, "--json"]));

  /** A transaction, a time and a name between two marks. */
  const point = async (before: number, after: number) => {
    const xid = (
      await sql(`BEGIN; INSERT INTO marks VALUES (${String(before)}); SELECT txid_current(); COMMIT`, shop)
    ).trim();
    await web.sql(`SELECT pg_create_restore_point('after ${String(before)}')`);
    await sleep(20);
    const at = await web.sql("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS')");
    await sleep(20);
    await mark(after);
    await mark(after, "crm");
    return { xid, at, name: `after ${String(before)}` };
  };

  test("goes back to a transaction while every other database stays, and undo brings back what was there [I6, I7]", async () => {
    const { xid } = await point(1, 2);
    const before = await server();
    const argv = ["restore", "database", "web", shop, "--source", "shop", "--xid", xid];
    const { plan } = await result(...argv, "--dry-run");
    expect(plan).toMatchObject({ point: `transaction ${xid}`, savePoint: true, flags: ["--force"] });
    expect([await rows(shop), await server()]).toEqual(["1,2", before]);
    expect(await result(...argv, "--force")).toMatchObject({
      guest: "prod/web",
      point: `transaction ${xid}`,
      items: [{ name: shop, into: shop, counts: { tables: 2, rows: 1 }, replaced: true }],
      undo: "lifeboat undo prod/web",
    });
    expect([await rows(shop), await rows("crm"), await server()]).toEqual(["1", "2", before]);
    expect(await sql("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()", shop)).toBe(
      "app",
    );
    await result("undo", "web", "--force");
    expect([await rows(shop), await rows("crm"), await server()]).toEqual(["1,2", "2", before]);
  });

  test("goes back to a time, and comes beside the present one as it was at a name [I6, I7]", async () => {
    const { at, name } = await point(3, 4);
    const base = ["restore", "database", "web", shop, "--source", "shop"];
    expect(await result(...base, "--point", name, "--into", "beside", "--force")).toMatchObject({ undo: null });
    expect([await rows("beside"), await rows(shop)]).toEqual(["1,2,3", "1,2,3,4"]);
    await web.sql("DROP DATABASE beside");
    await result(...base, "--at", at, "--force");
    expect([await rows(shop), await rows("crm")]).toEqual(["1,2,3", "2,4"]);
  });

  test("that was dropped comes back; one that was not there yet is told, and nothing is left of the search [I7, K3]", async () => {
    const { xid } = await point(5, 6);
    await web.sql(`DROP DATABASE ${quoted(shop)}`);
    await web.sql("CREATE DATABASE later");
    const before = await server();
    const argv = ["restore", "database", "web", "later", "--source", "shop", "--xid", xid, "--force"];
    expect(await site.lifeboat(argv)).toMatchObject({
      code: 10,
      stderr: expect.stringMatching(/later is not in what was recovered[^]*Nothing is changed/u),
    });
    expect(await server()).toEqual(before);
    await result("restore", "database", "web", shop, "--source", "shop", "--xid", xid, "--force");
    expect(await rows(shop)).toBe("1,2,3,5");
    await web.sql("DROP DATABASE later");
  });

  test("a day means a dump, and what an archive cannot do is refused with the way to it [I6, K3]", async () => {
    const base = ["restore", "database", "web", shop, "--source", "shop"];
    const today = (await web.sql("SELECT to_char(now(), 'YYYY-MM-DD')")).trim();
    expect(await site.lifeboat([...base, "--at", today])).toMatchObject({
      code: 10,
      stderr: expect.stringContaining("there is no whole dump of prod/web/shop"),
    });
    expect(await site.lifeboat([...base, "--xid", "733", "--to-guest", "web"])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/loaded in the guest of its cluster[^]*--into/u),
    });
    expect(
      await site.lifeboat(["restore", "database", "web", shop, "--source", "plain", "--xid", "733"]),
    ).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("has no point-in-time recovery"),
    });
    expect(await site.lifeboat([...base, "--xid", "733", "--point", "x"])).toMatchObject({ code: 2 });
  });

  test("lifeboat data tells how far back it goes; with its store down that is unknown, and the dumps are not [I7, D1, K6]", async () => {
    const told = async () => {
      const { stdout } = await site.lifeboat(["data", "web", "--json"]);
      const { message_type: _, ...value } = looseResult.parse(JSON.parse(stdout));
      return dataShape.parse(value).sources.find(({ source }) => source === "shop");
    };
    expect(await told()).toMatchObject({
      unseen: null,
      pointInTime: {
        unseen: null,
        backups: 1,
        earliest: expect.any(Number),
        latest: expect.any(Number),
        problem: null,
      },
    });
    await web.stopStore();
    try {
      expect(await told()).toMatchObject({
        unseen: null,
        problem: "there is no dump",
        pointInTime: { unseen: expect.stringContaining("cannot be reached"), earliest: null, fullBackup: null },
      });
    } finally {
      await web.startStore();
    }
    const away = await site.cutOff(told);
    expect(away).toMatchObject({ pointInTime: { unseen: expect.stringContaining("No route to host") } });
  });

  test("killed after every third write of its journal, the same command ends it, and something whole is there at any time [I6, K4]", async () => {
    await sql("DELETE FROM marks", shop);
    const { xid } = await point(7, 8);
    const argv = ["restore", "database", "web", shop, "--source", "shop", "--xid", xid, "--force"];
    const there = await server();
    let kills = 0;
    for (; kills < 30; kills += 1) {
      const { code, stderr } = await site.lifeboat(argv, {}, "after 3");
      // Also where the last write was the end.
      if (code === 0 || site.journals()[0]?.state === "done") break;
      if (code !== null) throw new Error(`after ${String(kills)} kills: ${stderr}`);
      expect(["7", "7,8"]).toContain(await rows(shop));
    }
    expect([kills > 4, await rows(shop), await server()]).toEqual([true, "7", there]);
  });

  test("half done, undo takes it back, and nothing of it is left [I6, K4]", async () => {
    await sql("DELETE FROM marks", shop);
    const { xid } = await point(9, 10);
    const there = await server();
    const argv = ["restore", "database", "web", shop, "--source", "shop", "--xid", xid, "--force"];
    const fetched = () => site.journals()[0]?.steps["load/1"]?.state === "done";
    do expect(await site.lifeboat(argv, {}, "after 3")).toMatchObject({ code: null });
    while (!fetched());
    expect(await site.lifeboat(["undo", "web", "--force"])).toMatchObject({ code: 0 });
    expect([await rows(shop), await server()]).toEqual(["9,10", there]);
  });
});

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

const looseResult = z.looseObject({ message_type: z.literal("result") });
const shapes = Object.values<z.ZodType | undefined>({ ...restoreDataShapes, ...undoShapes });

function printed(argv: readonly string[], { code, stdout, stderr }: Ended): Record<string, unknown> {
  if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${String(code)}: ${stdout}${stderr}`);
  const { message_type: _, ...value } = looseResult.parse(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));
  const fitting = shapes.filter((shape) => isDeepStrictEqual(shape?.safeParse(value).data, value));
  expect({ argv, fitting: fitting.length }).toEqual({ argv, fitting: 1 });
  return value;
}
