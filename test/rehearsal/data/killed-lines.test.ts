import type { DataSource } from "../../../site/settings/data";
import { dataProgram, placesOf } from "../../../site/data/places";
import { DatabaseGuest } from "../../support/database-guest/database-guest";
import { commandSource, filesSource, InstalledSource, mariaDbSource, postgresSource } from "./support/data-source";
import { mariaDb } from "./support/mariadb-shop";

/**
 * `kill -9` at each line of a run: what lies there is whole at any moment, and the next run is, too. Of the parts of databases, whose
 * lines take seconds each, a sample is killed, and the lines that all kinds share once: `LIFEBOAT_EVERY_LINE=yes` in the environment
 * kills each kind at every line that it comes to.
 */

const isEveryLine = process.env["LIFEBOAT_EVERY_LINE"] === "yes";

const isRoot = process.getuid?.() === 0;
const folder = "/var/backups/lifeboat";

/**
 * Bash runs the installed files line by line and stops before each command: it writes down where it is, or kills the run there,
 * with or without everything that the run has started.
 */
const stepping = `set -T
at_line() {
	if [ -n "\${STEP_TRACE:-}" ]; then echo "$1" >>"$STEP_TRACE"; fi
	[ "$1" != "\${STEP_KILL:-}" ] || kill -KILL \${STEP_ALL:+-}$$ $BASHPID
}
trap 'at_line "\${BASH_SOURCE[0]##*/}:$LINENO"' DEBUG
. "$0"`;

interface Kind {
  readonly kind: string;
  readonly source: DataSource;
  readonly prepare: (guest: DatabaseGuest) => Promise<unknown>;
  /** Lines of these files are killed: those that all kinds share are where a run takes no time. */
  readonly files: RegExp;
  /** Of these lines one in so many, where not every line is killed. */
  readonly oneIn: number;
  /** After every so many of them the next run has to end well, and after the last. */
  readonly every: number;
}

const shared = /^(?:run|dumps|retention|lifeboat-data):/u;

const kinds: readonly Kind[] = [
  {
    kind: "files",
    source: filesSource({ name: "config", paths: ["/etc/app"] }),
    prepare: (guest) => guest.must("mkdir -p /etc/app && echo one >/etc/app/one"),
    files: /./u,
    oneIn: 1,
    every: 4,
  },
  {
    kind: "command",
    source: commandSource({ name: "sealed", command: "cat /etc/hostname", check: "grep -q ." }),
    prepare: () => Promise.resolve(),
    files: /^command:/u,
    oneIn: 1,
    every: 2,
  },
  {
    kind: "postgres",
    source: postgresSource({ databases: ["shop"] }),
    prepare: async (guest) => {
      await guest.startPostgres();
      await guest.must("runuser -u postgres -- createdb shop");
      await guest.must(
        "runuser -u postgres -- psql -qX -d shop -c 'CREATE TABLE orders AS SELECT generate_series(1, 300) n'",
      );
    },
    files: /^postgres:/u,
    oneIn: 4,
    every: 2,
  },
  {
    kind: "mariadb",
    source: mariaDbSource({ name: "crm", databases: ["crm"] }),
    prepare: async (guest) => {
      await guest.startMariaDb();
      await mariaDb(guest, "CREATE DATABASE crm; USE crm; CREATE TABLE people AS SELECT seq FROM seq_1_to_300");
    },
    files: /^mariadb:/u,
    oneIn: 9,
    every: 2,
  },
];

(isRoot ? describe : describe.skip)("a run that is killed", () => {
  let guest: DatabaseGuest;
  let seconds = 0;

  beforeAll(async () => {
    guest = await DatabaseGuest.start({ room: 2048 });
    // Dumps are named by seconds, and no run is to wait for the next one.
    await guest.must(
      `cat >/usr/local/bin/date <<'end' && chmod 0755 /usr/local/bin/date
#!/bin/sh
case "$*" in *-d*) exec /usr/bin/date "$@" ;; esac
exec /usr/bin/date -d "@$(($(/usr/bin/date +%s) + $(cat /run/ahead)))" "$@"
end`,
    );
  }, 300_000);

  afterAll(() => guest?.stop());

  /** The next run is in another second than all before it. */
  const later = (): Promise<string> => guest.must(`echo ${String((seconds += 3))} >/run/ahead`);

  const steps = (source: DataSource, environment: Readonly<Record<string, string>>) =>
    guest.run(["setsid", "-w", "bash", "--posix", "-c", stepping, dataProgram, "run", source.name], { environment });

  /** Each line of the program's files that a run comes to, in their order. */
  async function linesOf({ source, files, oneIn }: Kind, installed: InstalledSource): Promise<string[]> {
    await later();
    await steps(source, { STEP_TRACE: "/run/trace" });
    expect(await installed.lastLine()).toMatch(/^SUCCESS /u);
    const trace = await guest.must("cat /run/trace && rm /run/trace");
    const lines = [...new Set(trace.split("\n"))].filter(
      (line) => (isEveryLine || files.test(line)) && !line.startsWith("settings:"),
    );
    return lines.filter((_, index) => isEveryLine || index % oneIn === 0 || index === lines.length - 1);
  }

  /** The sums of all that lies in a dump. */
  const sums = (dump: string): Promise<string> => guest.must(`cd ${folder}/${dump} && sha256sum *`);

  test.each(kinds)(
    "at each line of a run for $kind: the last good dump stays, and the next run is whole and tells of it [I2, I4]",
    async (one) => {
      await one.prepare(guest);
      await later();
      const installed = new InstalledSource(guest, one.source);
      await installed.dump();
      const lines = await linesOf(one, installed);
      const told = new Set<string>();
      for (const [index, line] of lines.entries()) {
        const last = (await installed.manifests()).at(-1)?.name ?? "";
        const before = await sums(last);
        await later();
        const killed = await steps(one.source, { STEP_KILL: line, ...(index % 2 === 0 ? {} : { STEP_ALL: "yes" }) });
        expect({ line, exitCode: killed.exitCode }).toEqual({ line, exitCode: 137 });
        const whole = (await installed.manifests()).map(({ name }) => name);
        const newest = whole.at(-1) ?? "";
        const isWhole = (await installed.program("check", [newest])).exitCode === 0;
        expect({ line, isWhole, same: newest > last || (await sums(last)) === before }).toEqual({
          line,
          isWhole: true,
          same: true,
        });
        // Neither half a dump nor half of one that goes has the name of a dump: a person would take it for one.
        expect({ line, named: await named(one.source) }).toEqual({ line, named: whole });
        const status = await installed.status();
        // One that was cut off half-written would be taken for that of a source that has never run.
        const { isRunning, result } = status;
        expect({ line, isRunning, result }).toEqual({
          line,
          isRunning: false,
          result: expect.stringMatching(/^(?:running|success)$/u),
        });
        if (index % one.every !== 0 && index < lines.length - 1) continue;
        await later();
        const log = await installed.dump();
        expect({ line, log }).toEqual({ line, log: expect.stringMatching(/^SUCCESS /u) });
        if (status.result === "running")
          expect({ line, log }).toEqual({ line, log: expect.stringContaining("was killed") });
        told.add(/was killed.*?(?=;|$)/u.exec(log)?.[0] ?? "nothing");
        expect({ line, left: await left(one.source.name) }).toEqual({ line, left: "" });
      }
      if (isEveryLine) process.stderr.write(`${one.kind}: killed at ${String(lines.length)} lines\n`);
      expect([...told]).toEqual(expect.arrayContaining(["was killed, and what it left is removed"]));
      if (one.kind === "files") {
        // Those that all kinds share, so that the others need not.
        for (const file of ["run", "dumps", "retention", "lifeboat-data", "files"])
          expect(lines.filter((line) => line.startsWith(`${file}:`)).length).toBeGreaterThan(5);
        expect(lines.filter((line) => shared.test(line)).length).toBeGreaterThan(100);
      }
    },
    isEveryLine ? 10_800_000 : 1_200_000,
  );

  /** Whatever has the name of a dump of a source, from the oldest. */
  const named = async ({ kind, name }: DataSource): Promise<string[]> =>
    (await guest.must(`cd ${folder} && ls -d */${kind}/${name}-*`)).split("\n");

  /** What a run has made besides its dump. */
  const left = (name: string): Promise<string> =>
    guest.must(
      `ls -d ${folder}/.unfinished/${name} /run/lifeboat/data/${name} /var/lib/lifeboat-throwaway/${name} 2>/dev/null || true; ` +
        `ls ${placesOf(name).state} | grep new || true; ps ax | grep '[l]ifeboat-throwaway-\\|[l]ifeboat-data run' || true`,
    );
});
