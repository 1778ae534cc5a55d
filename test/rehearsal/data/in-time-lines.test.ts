import { setTimeout as sleep } from "node:timers/promises";
import type { PointInTimeGuest } from "../../support/database-guest/point-in-time-guest";
import { linesRun } from "../../support/docs/lines-run";
import { firstUseLimit } from "../support/toolchain";
import type { DataSite } from "./support/data-site";
import { SiteInTime } from "./support/site-in-time";

// The lines of the page about points in time, as they stand there but for the reader's own time and transaction: typed at a terminal,
// where a person says yes to what is asked. Real PostgreSQL, pgBackRest and S3 server, over a real SSH server.
const isRoot = process.getuid?.() === 0;
const lines = Object.entries(linesRun["rehearsal/data/in-time-lines"] ?? {});

jest.setTimeout(10 * 60_000);

(isRoot ? describe : describe.skip)("lines about points in time", () => {
  let started: SiteInTime;
  let web: PointInTimeGuest;
  let site: DataSite;
  /** What a reader writes in place of the page's. */
  const own = { at: "", xid: "" };

  beforeAll(async () => {
    started = await SiteInTime.start();
    ({ web, site } = started);
    await web.sql("CREATE DATABASE shop");
    await sql("CREATE TABLE orders AS SELECT generate_series(1, 300) n");
    await web.mustVerb("backup", "shop", "full");
    // The backup's end and a time are compared in whole seconds.
    await sleep(1_100);
    own.xid = (await sql("BEGIN; INSERT INTO orders VALUES (301); SELECT txid_current(); COMMIT")).trim();
    await web.sql("SELECT pg_create_restore_point('before-upgrade')");
    await sleep(20);
    own.at = (await web.sql("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS')")).trim();
    await sleep(20);
    await sql("INSERT INTO orders VALUES (302)");
  }, firstUseLimit);

  afterAll(() => site?.stop());

  /** Of the shop. */
  const sql = (text: string): Promise<string> => started.sql(text, "shop");

  const orders = (database = "shop") => sql(`\\c ${database}\nSELECT count(*) FROM orders`);

  /** Lines that leave the orders as they are. */
  const leaves = /--dry-run|--into/u;

  test.each(lines)("%s [K1, I7]", async (line, codes) => {
    // What the line before has brought back goes on: the next one has something to go back from.
    if (line.includes(" --undo")) expect(await orders()).toBe("301");
    else if ((await orders()) === "301") await sql("INSERT INTO orders VALUES (302)");
    const written = line.replace("2026-11-22 13:29:15", own.at).replace("--xid 73812", `--xid ${own.xid}`);
    const { code, shown } = await site.type(written);
    expect({ code, shown: codes.includes(code ?? -1) ? "" : shown }).toEqual({ code: expect.any(Number), shown: "" });
    expect(await orders()).toBe(leaves.test(line) || line.includes(" --undo") ? "302" : "301");
    if (line.includes("--query")) expect(shown).toMatch(/\b301\b/u);
    const [, into] = /--into (\w+)/u.exec(line) ?? [];
    if (into !== undefined) expect(await orders(into)).toBe("301");
  });
});
