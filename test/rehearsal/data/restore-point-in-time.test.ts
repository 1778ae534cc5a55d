import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import { pointInTimeShapes, undoPointInTimeShapes } from "../../../scripts/recovery/point-in-time/plan";
import { notShown } from "../../commands/support/kit/check-shapes";
import type { PointInTimeGuest } from "../../support/database-guest/point-in-time-guest";
import { timed } from "../../support/timed";
import { firstUseLimit } from "../support/toolchain";
import type { DataSite, Ended } from "./support/data-site";
import { SiteInTime } from "./support/site-in-time";

// `lifeboat restore point-in-time` as users have it, over a real SSH server, on a real PostgreSQL, pgBackRest and S3 server. What the
// program in the guest does by itself is shown by point-in-time.test.ts.
const isRoot = process.getuid?.() === 0;
const source = "shop";
const recover = ["restore", "point-in-time", "web", source];
const consent = ["--force", "--whole-cluster"];

jest.setTimeout(10 * 60_000);

(isRoot ? describe : describe.skip)("lifeboat restore point-in-time", () => {
  let web: PointInTimeGuest;
  let site: DataSite;

  beforeAll(async () => {
    ({ web, site } = await SiteInTime.start());
    await web.sql("create table marks (number int)");
    await web.mustVerb("backup", source, "full");
    // The backup's end and a time are compared in whole seconds.
    await sleep(1_100);
  }, firstUseLimit);

  afterAll(() => site?.stop());

  const rows = () => web.sql("select string_agg(number::text, ',' order by number) from marks");
  const folders = () => web.guest.must("ls /var/lib/postgresql/15");
  /** Rows, start of the server, folders beside its data directory. */
  const seen = async (): Promise<string> =>
    [await rows(), await web.sql("select pg_postmaster_start_time()"), await folders()].join(" ");
  const mark = async (number: number): Promise<void> => {
    await web.sql(`insert into marks values (${String(number)})`);
  };

  /** A point between two markers, by all three names that it has. */
  const point = async (before: number, after: number) => {
    const xid = (
      await web.sql(`begin; insert into marks values (${String(before)}); select txid_current(); commit`)
    ).trim();
    points += 1;
    const name = `point ${String(points)}`;
    await web.sql(`select pg_create_restore_point('${name}')`);
    await sleep(20);
    const at = await web.sql("select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS')");
    await sleep(20);
    await mark(after);
    return { at, xid, name };
  };
  let points = 0;

  /** What a command prints with `--json`, as it declares it. */
  const result = async (...argv: string[]): Promise<Record<string, unknown>> =>
    printed(argv, await site.lifeboat([...argv, "--json"]));

  const state = () => site.journals()[0]?.state;

  beforeEach(() => web.sql("delete from marks"));

  test("a dry run tells the backup and the point, and changes nothing [I7, K1]", async () => {
    const { at, xid } = await point(1, 2);
    const before = await seen();
    for (const words of [
      ["--at", at],
      ["--xid", xid],
    ]) {
      const { plan } = await result(...recover, ...words, "--dry-run");
      expect(plan).toMatchObject({
        guest: "prod/web",
        source,
        cluster: "15/main",
        timeline: 1,
        running: true,
        reached: false,
        flags: ["--whole-cluster", "--force"],
      });
    }
    expect([await seen(), site.journals()]).toEqual([before, []]);
  });

  test("by name, by transaction and by time, each after the one before: what was before is there, what came after is not [I7, 003 AC4, 003 DOD3]", async () => {
    const [first, second, third] = [await point(3, 4), await point(5, 6), await point(7, 8)];
    const recovered = await timed("L8", "the databases of a guest at a point in time", () =>
      result(...recover, "--point", third.name, ...consent),
    );
    expect(recovered).toMatchObject({
      guest: "prod/web",
      target: `the point '${third.name}'`,
      timeline: 1,
      newTimeline: 2,
      findings: [],
      undo: "lifeboat restore point-in-time prod/web shop --undo",
    });
    expect(await rows()).toBe("3,4,5,6,7");
    const query = ["--query", "select max(number) from marks", "--database", "postgres"];
    expect(await result(...recover, "--xid", second.xid, ...query, ...consent)).toMatchObject({
      answer: "5",
      newTimeline: 3,
    });
    expect(await rows()).toBe("3,4,5");
    // The backups that were made meanwhile have not pushed out the one that leads there.
    expect(await result(...recover, "--at", first.at, ...consent)).toMatchObject({ timeline: 1, newTimeline: 4 });
    expect(await rows()).toBe("3");
    // What was there on a timeline that was left.
    expect(await result(...recover, "--point", third.name, "--timeline", "1", ...consent)).toMatchObject({
      timeline: 1,
      newTimeline: 5,
    });
    expect(await rows()).toBe("3,4,5,6,7");
  });

  test("--undo brings back what was there before, and keeps what was recovered; a dry run of it changes nothing [I7, K1]", async () => {
    const { name } = await point(1, 2);
    const { kept } = await result(...recover, "--point", name, ...consent);
    expect(await rows()).toBe("1");
    const before = await seen();
    expect(await result(...recover, "--undo", "--dry-run")).toMatchObject({ plan: { guest: "prod/web", source } });
    expect(await seen()).toBe(before);
    expect(await result(...recover, "--undo", ...consent)).toMatchObject({ guest: "prod/web", source });
    expect(await rows()).toBe("1,2");
    const there = await folders();
    expect(there).not.toContain(String(kept).split("/").at(-1));
    expect(there).toContain(String(kept).split("/").at(-1)?.replace("-old-", "-undone-"));
  });

  test("every form of its result was printed by now, those that no test of commands prints as well [K2]", () => {
    expect([...shown].sort()).toEqual(notShown.filter((name) => name.startsWith("restore point-in-time: ")).toSorted());
  });

  test("killed after every third write of its journal, the same command ends it, and PostgreSQL is whole at any time [I7, K4]", async () => {
    const { name } = await point(1, 2);
    const argv = [...recover, "--point", name, ...consent];
    let kills = 0;
    for (; kills < 20; kills += 1) {
      const { code, stderr } = await site.lifeboat(argv, {}, "after 3");
      // Also where the last write was the end.
      if (code === 0 || state() === "done") break;
      if (code !== null) throw new Error(`after ${String(kills)} kills: ${stderr}`);
      expect(["1", "1,2"]).toContain(await rows());
    }
    expect([kills > 3, await rows(), state()]).toEqual([true, "1", "done"]);
  });

  /** Runs a command and ends it with SIGKILL when a program is called in the guest for the first time, which goes on a while. */
  const killedDuring = async (argv: readonly string[], program: string, words: string): Promise<Ended> => {
    const real = await web.guest.must(`command -v ${program}`);
    const script = `#!/bin/sh
      case "$*" in *'${words}'*) if mkdir /tmp/reached 2>/dev/null; then until [ -e /tmp/go-on ]; do sleep 0.1; done; fi ;; esac
      exec ${real}.real "$@"`;
    await web.guest.must(`mv ${real} ${real}.real && cat >${real} && chmod 755 ${real}`, { input: script });
    try {
      const running = site.begin(argv);
      while (running.child.exitCode === null && (await web.guest.shell("[ -d /tmp/reached ]")).exitCode !== 0)
        await sleep(100);
      running.child.kill("SIGKILL");
      return await running.ended;
    } finally {
      await web.guest.must(`mv ${real}.real ${real}`);
    }
  };

  test.each([
    ["while the backup is fetched", "pgbackrest", " restore"],
    ["while PostgreSQL is stopped for the exchange", "pg_ctlcluster", " stop"],
  ])("killed %s: who comes meanwhile is told so, and then it is ended [I7, K4]", async (_, program, words) => {
    const { name } = await point(1, 2);
    const argv = [...recover, "--point", name, ...consent];
    const killed = await killedDuring(argv, program, words);
    expect(killed).toMatchObject({ code: null });
    // The guest is still at it.
    const meanwhile = await site.lifeboat(argv);
    expect({ code: meanwhile.code, stderr: meanwhile.stderr }).toMatchObject({
      code: 11,
      stderr: expect.stringMatching(/at work[^]*HINT: /u),
    });
    await web.guest.must("touch /tmp/go-on");
    await web.guest.must("flock /var/lib/pgbackrest/lifeboat-shop/verb.lock rm -r /tmp/reached /tmp/go-on");
    const { code, stderr } = await site.lifeboat(argv);
    if (code !== 0) throw new Error(`after ${String(meanwhile.stderr)}: ${stderr}`);
    expect([await rows(), state()]).toEqual(["1", "done"]);
  });

  test.each(["fetch", "swap"])(
    "half done, with %s as its last step, it is taken back by --undo [I7, K4]",
    async (path) => {
      const { name } = await point(1, 2);
      const argv = [...recover, "--point", name, ...consent];
      do expect(await site.lifeboat(argv, {}, "after 3")).toMatchObject({ code: null });
      while (site.journals()[0]?.steps[path]?.state !== "done");
      const { code, stderr } = await site.lifeboat([...recover, "--undo", ...consent]);
      if (code !== 0) throw new Error(stderr);
      expect([await rows(), (await folders()).includes("lifeboat-new")]).toEqual(["1,2", false]);
    },
  );

  const refused = async (argv: readonly string[], code: number, message: RegExp): Promise<void> => {
    const before = await seen();
    const ended = await site.lifeboat(argv);
    expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({
      code,
      stderr: expect.stringMatching(message),
    });
    expect(ended.stderr).toMatch(/HINT: /u);
    expect(await seen()).toBe(before);
  };

  describe("is refused before anything is touched:", () => {
    test("without consent to all databases of the cluster [K1]", async () => {
      const { name } = await point(1, 2);
      await refused([...recover, "--point", name, "--force"], 13, /every database of PostgreSQL 15\/main goes back/u);
    });

    test("a time before the first backup, one that has not come, a transaction and a name that are nowhere [I7, K3]", async () => {
      await refused([...recover, "--at", "2020-01-01 00:00:00", ...consent], 10, /no backup of timeline \d+ is older/u);
      await refused([...recover, "--at", "2999-01-01 00:00:00", ...consent], 13, /not come yet/u);
      await refused([...recover, "--xid", "4000000", ...consent], 10, /is not in the archive/u);
      await refused([...recover, "--point", "nowhere", ...consent], 10, /is not in the archive/u);
    });

    test("a WAL segment that is missing [I7]", async () => {
      const { name } = await point(1, 2);
      await web.program(source).flush(new AbortController().signal);
      const segment = await web.sql("select last_archived_wal from pg_stat_archiver");
      const folder = `${web.walFolder(source)}/${segment.slice(0, 16)}`;
      await web.guest.must(`mkdir /srv/away && mv ${folder}/${segment}-* /srv/away/`);
      try {
        await mark(3);
        await web.program(source).flush(new AbortController().signal);
        await refused(
          [...recover, "--point", name, ...consent],
          10,
          new RegExp(`WAL segment ${segment} is missing in the archive`, "u"),
        );
      } finally {
        await web.guest.must(`mv /srv/away/* ${folder}/ && rmdir /srv/away`);
      }
    });

    test("the wrong passphrase, which is called so [I7]", async () => {
      const file = "/etc/pgbackrest/lifeboat-shop/pgbackrest.conf";
      await web.guest.must(`sed -i.right 's/^repo1-cipher-pass=.*/repo1-cipher-pass=another/' ${file}`);
      try {
        await refused([...recover, "--point", "point 1", ...consent], 12, /wrong passphrase/u);
      } finally {
        await web.guest.must(`mv ${file}.right ${file}`);
      }
    });

    test("an S3 service that is down, and a guest that gives no answer [I7, K3]", async () => {
      await web.stopStore();
      try {
        await refused([...recover, "--point", "point 1", ...consent], 14, /cannot be reached/u);
      } finally {
        await web.startStore();
      }
      const away = await site.cutOff(() => site.lifeboat([...recover, "--point", "point 1", ...consent]));
      expect(away).toMatchObject({ code: 14, stderr: expect.stringContaining("No route to host") });
    });
  });
});

const looseResult = z.looseObject({ message_type: z.literal("result") });
/** By the names that `notShown` has for them. */
const shapes = new Map<string, z.ZodType | undefined>([
  ...Object.entries(pointInTimeShapes),
  ["plan, of --undo", undoPointInTimeShapes["plan"]],
  ["report, of --undo", undoPointInTimeShapes["report"]],
]);
const shown = new Set<string>();

function printed(argv: readonly string[], { code, stdout, stderr }: Ended): Record<string, unknown> {
  if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${String(code)}: ${stdout}${stderr}`);
  const { message_type: _, ...value } = looseResult.parse(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));
  const fitting = [...shapes].filter(([, shape]) => isDeepStrictEqual(shape?.safeParse(value).data, value));
  expect({ argv, fitting: fitting.length }).toEqual({ argv, fitting: 1 });
  for (const [name] of fitting) shown.add(`restore point-in-time: ${name}`);
  return value;
}
