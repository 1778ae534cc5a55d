import { setTimeout as sleep } from "node:timers/promises";
import type { GuestAnswer } from "../../support/database-guest/database-guest";
import { PointInTimeGuest } from "../../support/database-guest/point-in-time-guest";
import { firstUseLimit } from "../support/toolchain";

// A cluster that is there again as it was before, beside an archive that has what came after: pgBackRest takes both for one.
const source = "shop";
const [data, kept] = ["/var/lib/postgresql/15/main", "/var/lib/pgbackrest/lifeboat-shop"];
const signal = new AbortController().signal;

jest.setTimeout(5 * 60_000);

(process.getuid?.() === 0 ? describe : describe.skip)("a cluster as it was before its archive's newest WAL", () => {
  let web: PointInTimeGuest;
  let backups: string;

  beforeAll(async () => {
    web = await PointInTimeGuest.start((line) => void process.stderr.write(`${line}\n`));
    await web.write(source);
    await web.mustVerb("install", source);
    await web.sql("create table marks (number int)");
    await web.mustVerb("backup", source, "full");
    await mark(1);
    // As a backup of the whole guest has it: at one moment, while it runs.
    await web.guest.stopPostgres("immediate");
    await web.guest.must(`cp -a ${data} /srv/image && cp -a ${kept} /srv/image-kept`);
    await web.guest.startPostgres();
    for (const number of [2, 3, 4]) {
      await mark(number);
      await web.sql("select pg_switch_wal()");
    }
    await web.sql("select pg_create_restore_point('the newest')");
    await mark(5);
    await web.program(source).flush(signal);
    backups = await labels();
  }, firstUseLimit);

  afterAll(() => web?.stop());

  const mark = (number: number) => web.sql(`insert into marks values (${String(number)})`);
  const rows = () => web.sql("select string_agg(number::text, ',' order by number) from marks");
  const segments = () => web.guest.must(`cd ${web.walFolder(source)} && find . -name '0*-*' | sort`);
  const ready = () => web.guest.must(`cd ${data}/pg_wal/archive_status && ls | grep -c ready || :`);
  const labels = async () => (await web.program(source).facts(signal)).backups.map(({ label }) => label).join(" ");

  const away = async (): Promise<void> => {
    await web.guest.stopPostgres();
    await web.guest.must(`rm -rf ${data} && cp -a /srv/image ${data}`);
  };

  /** In a guest that was made again, or of an image or a clone: nothing there knows of an archive. */
  const madeAnew = async (): Promise<void> => {
    await away();
    await web.guest.must(`rm -rf ${kept} /etc/pgbackrest/lifeboat-shop /etc/postgresql/15/main/conf.d/*`);
    await web.guest.startPostgres();
    await web.write(source);
  };

  /** Restored over itself from a backup of the guest: it archives from its start on. */
  const broughtBack = async (): Promise<void> => {
    await away();
    await web.guest.must(`rm -rf ${kept} && cp -a /srv/image-kept ${kept}`);
    await web.guest.startPostgres();
  };

  test("brought back over itself it writes beside that archive, makes no backup expire, and says the way out [I7, I9]", async () => {
    await broughtBack();
    const before = await segments();
    const archiver = "select coalesce(failed_count, 0) from pg_stat_archiver";
    // As many again as were written before, and more.
    for (const number of [12, 13, 14, 15, 16, 17]) {
      await mark(number);
      await web.sql("select pg_switch_wal()");
    }
    while (Number(await web.sql(archiver)) < 3) await sleep(500);
    const said =
      /the archive of shop goes on to the WAL segment \w{24}, and the cluster writes|has the WAL segment \w{24} with other content/u;
    for (const words of [
      ["backup", source, "full"],
      ["backup", source, "diff"],
      ["flush", source],
      ["install", source],
    ])
      refused(await web.verb(...words), said);
    expect([await segments(), await labels(), Number(await ready()) > 5]).toEqual([before, backups, true]);
    expect(JSON.parse(await web.mustVerb("status", source))).toMatchObject({ state: expect.stringMatching(said) });
    expect((await web.program(source).facts(signal)).stray).toMatch(said);
    // What came after is all there.
    expect(await web.recover(source, "forth", { kind: "name", name: "the newest" })).toBe(undefined);
    expect(await rows()).toBe("1,2,3,4");
    await web.mustVerb("undo", source, "forth");
  });

  test("in a guest that was made anew it is not let into that archive, and nothing is archived [I7, I9]", async () => {
    await madeAnew();
    const before = await segments();
    refused(
      await web.verb("install", source),
      /^ERROR: the archive of shop goes on to the WAL segment 0000000100000000000000\w\w, and the cluster writes 0000000100000000000000\w\w: /mu,
    );
    expect(await web.sql("show archive_mode")).toBe("off");
    await mark(100);
    await web.sql("select pg_switch_wal()");
    refused(await web.verb("install", source), /goes on to the WAL segment/u);
    expect([await segments(), await labels()]).toEqual([before, backups]);
    expect((await web.program(source).facts(signal)).stray).toMatch(/is as it was before/u);
  });

  test("another folder takes it, and the same one what was recovered first; taken back, it archives nothing again [I7]", async () => {
    await web.write(source, { path: "/other" });
    await web.mustVerb("install", source);
    await madeAnew();
    refused(await web.verb("install", source), /goes on to the WAL segment/u);
    await web.recover(source, "taken-back", { kind: "name", name: "the newest" });
    await web.mustVerb("undo", source, "taken-back");
    expect([await rows(), await web.sql("show archive_mode")]).toEqual(["1", "off"]);
    refused(await web.verb("install", source), /goes on to/u);
    await web.recover(source, "recovered", { kind: "name", name: "the newest" });
    expect(await rows()).toBe("1,2,3,4");
    await web.mustVerb("install", source);
    await web.mustVerb("backup", source, "full");
    expect((await web.program(source).facts(signal)).stray).toBeUndefined();
  });
});

function refused({ exitCode, stderr }: GuestAnswer, message: RegExp): void {
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 13, stderr: expect.stringMatching(message) });
  expect(stderr).toMatch(/^HINT: .*restore point-in-time.*another folder/mu);
}
