import { setTimeout as sleep } from "node:timers/promises";
import type { PointWish } from "../../../site/data/point-in-time/choose";
import { type LocatedPoint, locatePoint, scanBy } from "../../../scripts/recovery/point-in-time/locate";
import { PointInTimeGuest } from "../../support/database-guest/point-in-time-guest";
import { firstUseLimit } from "../support/toolchain";

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const signal = new AbortController().signal;
const source = "shop";

(process.getuid?.() === 0 ? describe : describe.skip)("recovery of PostgreSQL to a point in time", () => {
  let web: PointInTimeGuest;

  beforeAll(async () => {
    web = await PointInTimeGuest.start(say);
  }, firstUseLimit);

  afterAll(() => web?.stop());

  const settings = () =>
    web.sql("select string_agg(name || '=' || setting, ' ' order by name) from pg_settings where name like 'archive%'");
  const rows = () => web.sql("select string_agg(number::text, ',' order by number) from marks");
  /** Rows, start of the server, folders. */
  const seen = async (): Promise<string> =>
    [
      await rows(),
      await web.sql("select pg_postmaster_start_time()"),
      await web.guest.must("ls /var/lib/postgresql/15"),
    ].join(" ");

  const untouched = async (work: () => Promise<void>): Promise<void> => {
    const before = await seen();
    await work();
    expect(await seen()).toBe(before);
  };

  const mark = async (number: number): Promise<void> => {
    await web.sql(`insert into marks values (${String(number)})`);
  };
  const now = async (): Promise<number> => {
    await sleep(20);
    const milliseconds = Number(await web.sql("select floor(extract(epoch from clock_timestamp()) * 1000)"));
    await sleep(20);
    return milliseconds;
  };

  const recover = async (id: string, wish: PointWish, timeline?: number): Promise<string | undefined> => {
    await web.program(source).flush(signal);
    const sql = "select string_agg(number::text, ',' order by number) from marks";
    return web.recover(source, id, wish, { timeline, sql });
  };

  const locate = async (wish: PointWish, timeline?: number): Promise<LocatedPoint | undefined> => {
    const program = web.program(source);
    const facts = await program.facts(signal);
    const point = await locatePoint(facts, wish, timeline, scanBy(program, facts, wish, signal));
    return "kind" in point ? undefined : point;
  };

  test("an archive of somebody else's is named by file and line, and stays as it is", async () => {
    await web.write(source);
    await web.sql("alter system set archive_command = 'cp %p /mnt/%f'");
    await web.sql("select pg_reload_conf()");
    const before = await settings();
    const { exitCode, stderr } = await web.verb("install", source);
    expect(exitCode).toBe(13);
    expect(stderr).toMatch(
      /archives its WAL already: archive_command = 'cp %p \/mnt\/%f' \(.*postgresql\.auto\.conf, line \d+\)/u,
    );
    expect(await settings()).toBe(before);
    expect(await web.guest.must("ls /etc/postgresql/15/main/conf.d")).toBe("");
    await web.sql("alter system reset archive_command");
    await web.sql("select pg_reload_conf()");
  });

  test.each([
    ["a key that is not accepted", { secretKey: "another-secret-key" }, {}, /the key of this source is not accepted/u],
    ["another authority", { authority: undefined }, {}, /not vouched for by the authority/u],
    [
      "a name that the certificate has not",
      {},
      { store: { name: "other.site.test", port: 9000 } },
      /does not name other\.site\.test/u,
    ],
    ["a bucket that is not there", {}, { bucket: "nowhere" }, /there is no bucket nowhere/u],
    ["a port at which nobody listens", {}, { store: { name: "store.site.test", port: 9 } }, /cannot be reached/u],
  ])("%s is called so, in bounded time, and PostgreSQL stays as it is", async (_, keys, files, message) => {
    await web.write(source, files, keys);
    const before = await settings();
    const { exitCode, stderr } = await web.verb("install", source);
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(14);
    expect(await settings()).toBe(before);
  });

  test("a restart that it needs is told, and done only where it is allowed", async () => {
    const started = await web.sql("select pg_postmaster_start_time()");
    await web.write(source, { restart: false });
    const { exitCode, stderr } = await web.verb("install", source);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 0,
      stderr: expect.stringMatching(/nothing is archived until PostgreSQL 15\/main has been restarted once/u),
    });
    expect(await web.sql("select pg_postmaster_start_time()")).toBe(started);
    expect(JSON.parse(await web.mustVerb("status", source))).toMatchObject({ state: "restart-needed" });
    const backup = await web.verb("backup", source, "full");
    expect(backup.stderr).toMatch(/has to be restarted once, for archive_mode/u);
    await web.write(source, { restart: true });
    await web.mustVerb("install", source);
    expect(await settings()).toContain("archive_mode=on");
    // Again, without another restart.
    const running = await web.sql("select pg_postmaster_start_time()");
    await web.mustVerb("install", source);
    expect(await web.sql("select pg_postmaster_start_time()")).toBe(running);
  });

  test("keys and passphrase are the owner's alone, and in no argument of a process", async () => {
    const files = await web.guest.must(
      "stat -c '%a %U %n' /etc/pgbackrest/lifeboat-shop/pgbackrest.conf /etc/lifeboat/data/shop/pitr/*",
    );
    for (const line of files.split("\n").filter((one) => !one.includes("ca.pem")))
      expect(line).toMatch(/^600 (?:postgres|root) /u);
    expect(await settings()).not.toContain(web.keys.secretKey);
    const logs = await web.guest.must("cat /var/lib/pgbackrest/lifeboat-shop/log/* /var/log/postgresql/*");
    for (const secret of [web.keys.secretKey, web.keys.passphrase]) expect(logs).not.toContain(secret);
  });

  let times: { readonly before: number; readonly between: number };
  let transaction: string;

  test("backups are made, full and differential", async () => {
    await web.sql("create table marks (number int)");
    await web.mustVerb("backup", source, "full");
    await mark(1);
    await web.mustVerb("backup", source, "diff");
    const { backups } = await web.program(source).facts(signal);
    expect(backups).toHaveLength(2);
    expect(JSON.parse(await web.mustVerb("status", source))).toMatchObject({
      state: "backup diff",
      failures: 0,
      waitingSeconds: 0,
    });
  });

  test("a backup without room for its notes has its message, and the status keeps what it said [I4, I7]", async () => {
    const kept = `/var/lib/pgbackrest/lifeboat-${source}`;
    const before = JSON.parse(await web.mustVerb("status", source));
    await web.guest.must(
      `cp -a ${kept} /run/kept && mount -t tmpfs -o size=4m,mode=700 full ${kept} && cp -a /run/kept/. ${kept} && chown postgres: ${kept} && rm -r /run/kept; dd if=/dev/zero of=${kept}/filler bs=4k 2>/dev/null || :`,
    );
    const { exitCode, stderr } = await web.verb("backup", source, "diff");
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^ERROR: no diff backup of shop: .*[Nn]o space left on device/mu),
    });
    expect(stderr).toContain(`CARE: what status tells is older than this: ${kept}/state cannot be written`);
    const { state, stateAt } = JSON.parse(await web.mustVerb("status", source));
    expect({ state, stateAt }).toEqual({ state: before.state, stateAt: before.stateAt });
    await web.guest.must(`umount ${kept}`);
    await web.mustVerb("backup", source, "diff");
  });

  /** When a WAL segment was written to the server's disk. undefined: it does not lie there. */
  const storedAt = async (segment: string): Promise<number | undefined> => {
    const { stdout } = await web.guest.shell(
      `stat -c %.3Y ${web.walFolder(source)}/${segment.slice(0, 16)}/${segment}-*/xl.meta`,
    );
    return stdout === "" ? undefined : Number(stdout) * 1000;
  };

  /**
   * Writes a marker in the middle of an archive timeout.
   * @returns milliseconds from it, by PostgreSQL's clock, until its segment lay in the store; Infinity when the timeout has gone by
   */
  const lossOf = async (timeout: number): Promise<number> => {
    // A segment with nothing in it is not switched, and PostgreSQL counts from its last switch.
    await mark(2);
    await web.sql("select pg_switch_wal()");
    await web.sql(`select pg_sleep(${String(timeout / 2)})`);
    const row = "insert into marks values (2) returning floor(extract(epoch from clock_timestamp()) * 1000)";
    const written = Number(await web.sql(row));
    const segment = await web.sql("select pg_walfile_name(pg_current_wal_lsn())");
    const clock = "select floor(extract(epoch from clock_timestamp()) * 1000)";
    for (;;) {
      const late = Number(await web.sql(clock)) - written > timeout * 1000;
      const stored = await storedAt(segment);
      if (stored !== undefined) return stored - written;
      if (late) return Infinity;
      await sleep(200);
    }
  };

  test("what was written lies in the store before the archive timeout has gone by, though its segment is not full [I7]", async () => {
    const timeout = 10;
    await web.write(source, { archiveTimeout: timeout });
    await web.mustVerb("install", source);
    const losses: number[] = [];
    // A machine that is busy elsewhere is late once; an archive that is late always is late by its settings.
    while (losses.length < 5 && !losses.some((loss) => loss < timeout * 1000)) losses.push(await lossOf(timeout));
    say(`with an archive timeout of ${String(timeout)} s, a marker lay in the store after ${losses.join(", ")} ms`);
    expect(Math.min(...losses)).toBeLessThan(timeout * 1000);
    await web.sql("delete from marks where number = 2 and ctid <> (select min(ctid) from marks where number = 2)");
    await web.write(source, { archiveTimeout: 60 });
    await web.mustVerb("install", source);
  });

  test("by time, by transaction and by name, one after the other: what was before is there, what came after is not [I7, 003 AC4, 003 DOD3]", async () => {
    // The backup's end and a time are compared in whole seconds.
    await sleep(1100);
    const before = await now();
    await mark(3);
    transaction = (await web.sql("begin; insert into marks values (4); select txid_current(); commit")).trim();
    await web.sql("select pg_create_restore_point('before the change')");
    await mark(5);
    const between = await now();
    await mark(6);
    times = { before, between };
    expect(await rows()).toBe("1,2,3,4,5,6");

    expect(await recover("by-time", { kind: "time", milliseconds: between })).toBe("1,2,3,4,5");
    expect(await rows()).toBe("1,2,3,4,5");
    expect(await recover("by-xid", { kind: "xid", xid: transaction })).toBe("1,2,3,4");
    expect(await rows()).toBe("1,2,3,4");
    await mark(40);
    await web.sql("select pg_create_restore_point('on the third timeline')");
    await mark(41);
    expect(await recover("by-name", { kind: "name", name: "on the third timeline" })).toBe("1,2,3,4,40");
    expect(await rows()).toBe("1,2,3,4,40");
    expect((await web.program(source).facts(signal)).timeline).toBe(4);
  });

  test("further back, and then to what the first recovery has left [I7]", async () => {
    expect(await recover("back", { kind: "time", milliseconds: times.before })).toBe("1,2");
    expect(await recover("left", { kind: "name", name: "before the change" }, 1)).toBe("1,2,3,4");
    expect(await recover("forth", { kind: "time", milliseconds: times.between + 20 })).toMatch(/^1,2,3,4,5/u);
  });

  test("what was recovered is taken back, and what was there before is there again", async () => {
    const there = await rows();
    await mark(7);
    await recover("mistaken", { kind: "time", milliseconds: times.before });
    expect(await rows()).toBe("1,2");
    await web.program(source).undo("mistaken", signal);
    expect(await rows()).toBe(`${there},7`);
    // Another one from there on finds its way.
    const point = await now();
    await mark(8);
    await recover("again", { kind: "time", milliseconds: point });
    expect(await rows()).toBe(`${there},7`);
  });

  /** Runs a verb that is killed with SIGKILL as soon as it calls a program for the so many-th time. */
  const killedAt = async (program: string, call: number, ...words: readonly string[]): Promise<void> => {
    const script = `#!/bin/sh
      n=$(($(cat /root/kill/calls) + 1)); echo $n >/root/kill/calls
      [ $n -ne ${String(call)} ] || { kill -9 $PPID; exit 1; }
      PATH=\${PATH#/root/kill:} exec ${program} "$@"`;
    await web.guest.must(
      `rm -rf /root/kill; mkdir -m 755 /root/kill; echo 0 >/root/kill/calls; cat >/root/kill/${program}; chmod 755 /root/kill/${program}`,
      {
        input: script,
      },
    );
    const { exitCode } = await web.guest.shell(`PATH=/root/kill:$PATH ${words.join(" ")}`);
    expect(exitCode).not.toBe(0);
    expect(Number(await web.guest.must("cat /root/kill/calls"))).toBe(call);
  };

  test.each([
    ["mv", 1, "before anything was moved"],
    ["sync", 1, "when there is no data directory in its place"],
    ["sync", 2, "when the new one is in its place"],
    ["pg_ctlcluster", 2, "before it is started"],
  ] as const)(
    "killed at %s %i, %s: the same verb goes on, and so does its undoing [K4]",
    async (program, call, state) => {
      say(`killed ${state}`);
      const id = `killed-${program.slice(0, 2)}-${String(call)}`;
      const verb = "/usr/local/lib/lifeboat/data/lifeboat-data-pitr";
      const there = await rows();
      const guest = web.program(source);
      await guest.flush(signal);
      const facts = await guest.facts(signal);
      const wish = { kind: "name", name: "before the change" } as const;
      const point = await locatePoint(facts, wish, 1, scanBy(guest, facts, wish, signal));
      if ("kind" in point) throw new Error("it is in the archive");
      const { backup, timeline, ranges } = point.choice;
      const words = { id, backup: backup.label, wish, timeline, bytes: 1000, archive: facts.archive, ranges };
      await guest.fetch(words, signal);
      await guest.replay(id, undefined, signal);
      await killedAt(program, call, verb, "swap", source, id);
      await guest.swap(id, signal);
      expect(await rows()).toBe("1,2,3,4");
      await killedAt(program, call, verb, "undo", source, id);
      await guest.undo(id, signal);
      expect(await rows()).toBe(there);
    },
  );

  test("what was kept is removed only when somebody says so, and only what Lifeboat has kept [I9]", async () => {
    const folders = () => web.guest.must("ls /var/lib/postgresql/15");
    await web.guest.must("cp -a /etc/postgresql /var/lib/postgresql/15/main.lifeboat-old-mine");
    expect((await web.verb("forget", source, "mine")).exitCode).toBe(10);
    expect(await folders()).toContain("main.lifeboat-old-again");
    await web.mustVerb("forget", source, "again");
    expect(await folders()).not.toContain("main.lifeboat-old-again");
    expect(await folders()).toContain("main.lifeboat-old-mine");
    expect(await folders()).toContain("main.lifeboat-undone-mistaken");
  });

  describe("nothing is touched by", () => {
    test("a time before the first backup", () =>
      untouched(async () => {
        const wish = { kind: "time", milliseconds: times.before - 86_400_000 } as const;
        await expect(locate(wish)).rejects.toMatchObject({
          exitCode: 10,
          message: expect.stringMatching(/no backup of timeline \d+ is older/u),
        });
      }));

    test("a time that has not come", () =>
      untouched(async () => {
        const wish = { kind: "time", milliseconds: Date.now() + 86_400_000 } as const;
        await expect(locate(wish)).rejects.toMatchObject({
          exitCode: 13,
          message: expect.stringMatching(/not come yet/u),
        });
      }));

    test("a time that the archive does not reach", () =>
      untouched(async () => {
        await mark(9);
        await web.sql("delete from marks where number = 9");
        expect(await locate({ kind: "time", milliseconds: await now() })).toBeUndefined();
      }));

    test("a transaction and a point that are not there", () =>
      untouched(async () => {
        for (const wish of [
          { kind: "xid", xid: "4000000" },
          { kind: "name", name: "never made" },
        ] as const) {
          await expect(locate(wish)).rejects.toMatchObject({
            exitCode: 10,
            message: expect.stringMatching(/is not in the archive/u),
          });
        }
      }));

    test("a segment that the archive has with other content, as of a guest that came back, is told and not waited for [I7]", () =>
      untouched(async () => {
        await web.program(source).flush(signal);
        await mark(10);
        await web.sql("delete from marks where number = 10");
        const segment = await web.sql("select pg_walfile_name(pg_current_wal_lsn())");
        const push = `pgbackrest --config=/etc/pgbackrest/lifeboat-${source}/pgbackrest.conf --stanza=${source} --no-archive-async archive-push`;
        await web.guest.must(`mkdir /srv/other && cp /var/lib/postgresql/15/main/pg_wal/${segment} /srv/other/
          printf x | dd of=/srv/other/${segment} bs=1 seek=1000000 conv=notrunc 2>/dev/null
          chown -R postgres /srv/other && runuser -u postgres -- ${push} /srv/other/${segment}`);
        try {
          await expect(web.program(source).flush(signal)).rejects.toMatchObject({
            message: expect.stringContaining(
              `goes on to the WAL segment ${segment}, and the cluster writes ${segment}`,
            ),
          });
        } finally {
          await web.guest.must(`rm -r /srv/other ${web.walFolder(source)}/${segment.slice(0, 16)}/${segment}-*`);
        }
        await web.program(source).flush(signal);
      }));

    test("a WAL segment that is missing between the backup and the target [I7]", () =>
      untouched(async () => {
        await web.program(source).flush(signal);
        const wish = { kind: "name", name: "before the change" } as const;
        const point = await locate(wish, 1);
        const [first = ""] = point?.choice.ranges ?? [];
        const folder = `${web.walFolder(source)}/0000000100000000`;
        const segment = first.slice(0, 24);
        await web.guest.must(`mkdir /srv/away && mv ${folder}/${segment}-* /srv/away/`);
        try {
          await expect(locate(wish, 1)).rejects.toMatchObject({
            exitCode: 10,
            message: expect.stringContaining(`WAL segment ${segment} is missing in the archive`),
          });
          // Gone after the plan was made.
          const fetched = await web.verb(
            "fetch",
            source,
            "late",
            point?.choice.backup.label ?? "",
            "name",
            wish.name,
            "1",
            "1000",
            "15-1",
            ...(point?.choice.ranges ?? []),
          );
          expect({ code: fetched.exitCode, said: fetched.stderr }).toMatchObject({
            code: 10,
            said: expect.stringContaining("nothing was touched"),
          });
        } finally {
          await web.guest.must(`mv /srv/away/* ${folder}/ && rmdir /srv/away`);
        }
      }));

    test("the wrong passphrase, which is called so [I7]", () =>
      untouched(async () => {
        await web.guest.must(
          "sed -i.right 's/^repo1-cipher-pass=.*/repo1-cipher-pass=another/' /etc/pgbackrest/lifeboat-shop/pgbackrest.conf",
        );
        try {
          await expect(web.program(source).facts(signal)).rejects.toMatchObject({
            exitCode: 12,
            message: expect.stringMatching(/wrong passphrase/u),
          });
        } finally {
          await web.guest.must(
            "mv /etc/pgbackrest/lifeboat-shop/pgbackrest.conf.right /etc/pgbackrest/lifeboat-shop/pgbackrest.conf",
          );
        }
      }));

    test("a disk without room for both [I7]", () =>
      untouched(async () => {
        const point = await locate({ kind: "name", name: "before the change" }, 1);
        const { label } = point?.choice.backup ?? { label: "" };
        const { exitCode, stderr } = await web.verb(
          "fetch",
          source,
          "large",
          label,
          "name",
          "before the change",
          "1",
          "900000000000",
          "15-1",
          ...(point?.choice.ranges ?? []),
        );
        expect({ exitCode, stderr }).toMatchObject({
          exitCode: 1,
          stderr: expect.stringMatching(/there is no room beside/u),
        });
      }));

    test("an S3 service that is down, and it goes on when that is back [I7]", () =>
      untouched(async () => {
        await web.stopStore();
        await expect(web.program(source).facts(signal)).rejects.toMatchObject({
          exitCode: 14,
          message: expect.stringMatching(/cannot be reached/u),
        });
        await web.startStore();
        expect((await web.program(source).facts(signal)).running).toBe(true);
      }));
  });

  test("another folder and passphrase: the former archive gets first what it waits for, and is recovered from where it is named again [I7, N6]", async () => {
    const xid = (await web.sql("begin; insert into marks values (50); select txid_current(); commit")).trim();
    const there = await rows();
    await mark(51);
    await web.write(source, { path: "/second" }, { passphrase: "another passphrase" });
    await web.mustVerb("install", source);
    await web.mustVerb("backup", source, "full");
    expect((await web.program(source).facts(signal)).backups).toHaveLength(1);
    const former = "sed -n s/^repo1-cipher-pass=//p /etc/pgbackrest/lifeboat-shop/pgbackrest.conf";
    expect(await web.guest.must(former)).toBe("another passphrase");

    await web.write(source);
    await web.mustVerb("install", source);
    expect(await recover("former", { kind: "xid", xid })).toBe(there);
    expect(await rows()).toBe(there);
  });
});
