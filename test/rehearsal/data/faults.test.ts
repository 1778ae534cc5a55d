import { placesOf } from "../../../site/data/places";
import { DatabaseGuest } from "../../support/database-guest/database-guest";
import { filesSource, InstalledSource, postgresSource } from "./support/data-source";

/** What goes wrong when a dump is made: each has its own message, and the last good dump stays as it was. */

const isRoot = process.getuid?.() === 0;
const folder = "/var/backups/lifeboat";

(isRoot ? describe : describe.skip)("a run that cannot make a good dump", () => {
  let guest: DatabaseGuest;
  let shop: InstalledSource;
  let last: string;

  const psql = (sql: string, database = "postgres") =>
    guest.must("runuser -u postgres -- psql -qXAt -v ON_ERROR_STOP=1", {
      input: sql,
      environment: { PGDATABASE: database },
    });

  /** In place of a program of the guest, which it may call by its full path. */
  const instead = (program: string, script: string) =>
    guest.must(`cat >/usr/local/bin/${program} && chmod 0755 /usr/local/bin/${program}`, {
      input: `#!/bin/sh\n${script}\n`,
    });

  const names = async (): Promise<string[]> => (await shop.manifests()).map(({ name }) => name);

  /** Everything that lies there, with checksums. */
  const lying = () => guest.must(`find ${folder} -type f -exec sha256sum {} + | sort`);

  /** The message of a run that fails, after which all that was there is there, and nothing else. */
  async function failure(): Promise<string> {
    const before = await lying();
    const line = await shop.failingRun();
    expect(await lying()).toBe(before);
    expect(await shop.status()).toMatchObject({ result: "error", isRunning: false, newest: { dump: last } });
    expect(
      await psql("SELECT datname FROM pg_database WHERE datname LIKE 'lifeboat%' AND datname <> 'lifeboat-other'"),
    ).toBe("");
    return line;
  }

  beforeAll(async () => {
    guest = await DatabaseGuest.start();
    await guest.startPostgres();
    await psql("CREATE DATABASE shop");
    await psql("CREATE TABLE orders AS SELECT n, 'note ' || n note FROM generate_series(1, 3000) n", "shop");
    shop = new InstalledSource(guest, postgresSource({ databases: ["shop"] }));
    await shop.dump();
    [last = ""] = await names();
  }, 300_000);

  afterEach(() => guest.must("rm -f /usr/local/bin/pg_dump /usr/local/bin/zstd /usr/local/bin/date"));

  afterAll(() => guest?.stop());

  test("the database is down [I2]", async () => {
    await guest.stopPostgres();
    const before = await lying();
    const line = await shop.failingRun();
    expect(line).toMatch(
      /^ERROR shop: Unable to reach the source: .*(?:Connection refused|No such file|server running)/u,
    );
    expect(await lying()).toBe(before);
    await guest.startPostgres();
  });

  test("a database that is not there [I4]", async () => {
    const wrong = new InstalledSource(guest, postgresSource({ databases: ["shop", "shpo"] }));
    expect(await wrong.failingRun()).toMatch(
      /^ERROR shop: Unable to dump database shpo: .*database "shpo" does not exist/u,
    );
    shop = new InstalledSource(guest, postgresSource({ databases: ["shop"] }));
    expect(await names()).toEqual([last]);
  });

  test("a dump that ends early, although its program says that all is well [I4]", async () => {
    await instead("pg_dump", '/usr/bin/pg_dump "$@" | head -c 20000');
    expect(await failure()).toMatch(
      /^ERROR shop: Unable to prove the dump of database shop: pg_restore: error: .*end of file/u,
    );
  });

  test("a dump that restores into an empty database [I4]", async () => {
    await instead("pg_dump", '/usr/bin/pg_dump --schema-only "$@"');
    expect(await failure()).toBe(
      `ERROR shop: Unable to compare database shop with the last dump: it restores with no rows, and ${last} had 3000; ` +
        "with --accept it is made all the same",
    );
  });

  test("a dump that is not what was written when it is read again [I4]", async () => {
    await instead("zstd", 'case $1 in -dcq) /usr/bin/zstd "$@" | tr n N ;; *) exec /usr/bin/zstd "$@" ;; esac');
    expect(await failure()).toBe("ERROR shop: Unable to read the dump of roles all again: it is not what was written");
  });

  test("a dump that is unexpectedly small is an error until somebody accepts it [I4]", async () => {
    await psql("DELETE FROM orders WHERE n > 30", "shop");
    const line = await failure();
    expect(line).toMatch(
      /^ERROR shop: Unable to compare database shop with the last dump: it has \d+ bytes and \S+ had \d+: more than 50 percent smaller; with --accept/u,
    );
    expect(await shop.dump("--accept")).toContain("rows 30,");
    [, last = ""] = await names();
    await psql("INSERT INTO orders SELECT n, 'note ' || n FROM generate_series(31, 3000) n", "shop");
    expect(await shop.dump()).toContain("rows 3000,");
    last = (await names()).at(-1) ?? "";
  });

  test("a disk that is not mounted is no first time [I4]", async () => {
    await guest.must(`mount -t tmpfs empty ${folder}`);
    expect(await shop.failingRun()).toBe(
      `ERROR shop: Unable to look for the last dump in ${folder}: none lies there, although ${last} was made: ` +
        "is the disk mounted? With --accept it begins anew",
    );
    await guest.must(`umount ${folder}`);
    expect(await names()).toContain(last);
  });

  test("a database of somebody else with the name of ours is in the way, and stays [I9]", async () => {
    await psql('CREATE DATABASE "lifeboat-throwaway-shop"');
    expect(await shop.failingRun()).toMatch(
      /^ERROR shop: Unable to prove the dump of database shop: .*already exists/u,
    );
    expect(await psql("SELECT datname FROM pg_database WHERE datname LIKE 'lifeboat-%'")).toBe(
      "lifeboat-throwaway-shop",
    );
    await psql('DROP DATABASE "lifeboat-throwaway-shop"');
  });

  test("a second run at the same time says so, and does nothing to the first [I2]", async () => {
    await instead(
      "pg_dump",
      'touch /run/waits; while [ -e /run/waits ]; do sleep 0.1; done; exec /usr/bin/pg_dump "$@"',
    );
    const first = shop.program("run");
    await guest.must("while [ ! -e /run/waits ]; do sleep 0.1; done");
    expect(await shop.status()).toMatchObject({ result: "running", isRunning: true });
    expect(await shop.failingRun()).toBe("ERROR shop: Unable to run: another run of it is at work");
    expect(await shop.status()).toMatchObject({ result: "running", isRunning: true });
    await guest.must("rm /run/waits");
    expect((await first).exitCode).toBe(0);
    last = (await names()).at(-1) ?? "";
    expect(await shop.status()).toMatchObject({ result: "success", newest: { dump: last } });
  });

  test.each([
    ["set back", -400 * 86_400, "the clock is before the dump"],
    ["set ahead", 400 * 86_400, "the clock is far after the last dump"],
  ])("a clock that was %s removes nothing, and says so [I3]", async (_how, offset, message) => {
    const daily = new InstalledSource(
      guest,
      postgresSource({ databases: ["shop"], keep: { daily: 1, weekly: 0, monthly: 0 } }),
    );
    const before = await names();
    await instead(
      "date",
      `case "$*" in *-d*) exec /usr/bin/date "$@" ;; esac\nexec /usr/bin/date -d "@$(($(/usr/bin/date +%s) + ${String(offset)}))" "$@"`,
    );
    expect(await daily.dump()).toContain(`; nothing was removed: ${message}`);
    expect((await names()).length).toBe(before.length + 1);
    expect(await names()).toEqual(expect.arrayContaining(before));
    expect((await daily.status()).held).toMatch(/^clock-/u);
    await guest.must("rm /usr/local/bin/date");
    // Of another year: the test's own.
    const strange = (await names()).filter((name) => !before.includes(name));
    await guest.must(strange.map((name) => `rm -r ${folder}/${name}`).join("; "));
    shop = new InstalledSource(guest, postgresSource({ databases: ["shop"] }));
  });

  /** Fills a file system of memory, but for so many KiB. */
  const leaveRoom = (place: string, room: number) =>
    guest.must(
      `rm -f ${place}/filler; free=$(df -k --output=avail ${place} | tail -n 1); ` +
        `[ "$free" -le ${String(room)} ] || head -c $((free - ${String(room)}))k /dev/zero >${place}/filler`,
    );

  test("a disk that is full at whatever moment has its message, and no dump is lost [I2, I4]", async () => {
    await psql("INSERT INTO orders SELECT n, md5(n::text) FROM generate_series(3001, 9000) n", "shop");
    const recipient = await guest.must("age-keygen 2>/dev/null | sed -n 's/^# public key: //p'");
    const sealed = new InstalledSource(
      guest,
      postgresSource({ name: "sealed", databases: ["shop"], recipients: [recipient] }),
    );
    const small = "/var/backups/small";
    // From no room at all to enough, by the size of a page.
    await guest.must(`mkdir ${small} && mount -t tmpfs -o size=2m small ${small}`);
    const onSmall = new InstalledSource(guest, { ...sealed.source, folder: small });
    await onSmall.dump();
    const [first] = await onSmall.manifests();
    const stages = new Set<string>();
    const needed = Number(await guest.must(`du -sk ${small} | cut -f 1`));
    for (let room = 0; room <= 4 * needed + 400; room += room < 20 ? 4 : 80) {
      await leaveRoom(small, room);
      const { exitCode } = await onSmall.program("run");
      const line = await onSmall.lastLine();
      if (exitCode === 0) expect(line).toMatch(/^SUCCESS /u);
      else expect(line).toMatch(/^ERROR sealed: Unable to [^:]*: .*no space left on device/iu);
      stages.add(/^ERROR sealed: Unable to (\w+ ?\w*)/u.exec(line)?.[1] ?? "nothing");
      for (const { name } of await onSmall.manifests())
        expect((await onSmall.program("check", [name])).exitCode).toBe(0);
      if (exitCode === 0) break;
      expect((await onSmall.manifests()).map(({ name }) => name)).toEqual([first?.name]);
    }
    expect([...stages]).toEqual(expect.arrayContaining(["dump roles", "dump database", "store the", "nothing"]));
    await guest.must(`umount ${small}`);
  }, 300_000);

  test("a disk that is full when only the manifest or its sums are left to write has its message, and the last dump stays [I2, I4]", async () => {
    const place = "/var/backups/tiny";
    await guest.must(`mkdir ${place} && mount -t tmpfs -o size=1m tiny ${place}`);
    const tiny = new InstalledSource(guest, filesSource({ name: "tiny", paths: ["/etc/hostname"], folder: place }));
    await tiny.dump();
    const [first] = await tiny.manifests();
    const failed: string[] = [];
    // A page more each time: each file of this dump has one.
    for (let room = 0; ; room += 4) {
      await leaveRoom(place, room);
      const { exitCode } = await tiny.program("run");
      const line = await tiny.lastLine();
      if (exitCode === 0) break;
      expect(line).toMatch(/^ERROR tiny: Unable to [^:]*: .*no space left on device/iu);
      expect((await tiny.manifests()).map(({ name }) => name)).toEqual([first?.name]);
      expect((await tiny.program("check", [first?.name ?? ""])).exitCode).toBe(0);
      failed.push(/^ERROR tiny: Unable to (\w+)/u.exec(line)?.[1] ?? line);
    }
    expect([...new Set(failed)]).toEqual(["dump", "prove", "finish"]);
    expect(failed.filter((stage) => stage === "finish")).toHaveLength(2);
    const made = (await tiny.manifests()).map(({ name }) => name);
    for (const name of made) expect((await tiny.program("check", [name])).exitCode).toBe(0);
    await guest.must(`umount ${place}`);
  });

  test("a disk for status and log that is full makes no dump look better than it is [I2]", async () => {
    const { result, message } = await shop.status();
    const [state, kept] = ["/var/lib/lifeboat", "/run/lifeboat-state"];
    await guest.must(`cp -a ${state} ${kept} && mount -t tmpfs -o size=1m full ${state} && cp -a ${kept}/. ${state}`);
    await guest.must(`rm -r ${kept}; dd if=/dev/zero of=${state}/filler bs=4k 2>/dev/null || :`);
    const { exitCode, stderr } = await shop.program("run");
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain("No space left on device");
    expect(await shop.status()).toMatchObject({ result, message, newest: { dump: last } });
    await guest.must("umount /var/lib/lifeboat");
    expect(await names()).toContain(last);
    expect(await guest.must(`tail -n 1 ${placesOf("shop").log}`)).not.toContain("SUCCESS");
  });
});
