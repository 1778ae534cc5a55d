import { randomInt } from "node:crypto";
import { writeFileSync } from "node:fs";
import { placesOf } from "../../../site/data/places";
import { DatabaseGuest } from "../../support/database-guest/database-guest";
import { InstalledSource, mariaDbSource, postgresSource } from "./support/data-source";

/** What shells, URLs, SQL, option files, programs' formats and JSON read otherwise than it stands there. */
const strange = [
  ...` "'\`$\\;&|<>(){}[]*?!#~%@:/=+,.^-_`,
  "$(id)",
  "${IFS}",
  "%s",
  "\\n",
  "--",
  "''",
  '""',
  "é",
  "ß",
  "日",
  "😀",
];

/** What every list should have, whatever chance gives. */
const always = [
  " ",
  "'",
  '"',
  "\\",
  "$",
  "`",
  "#",
  "-x",
  " a ",
  "a#b",
  "a;b",
  "$(reboot)",
  "%00",
  "''",
  "\\'",
  "x".repeat(200),
];

function anyPassword(): string {
  return Array.from({ length: randomInt(1, 40) }, () => strange[randomInt(strange.length)] ?? "").join("");
}

/** The first thing of each run, which makes the user with the password and logs in with it. */
const ready = `
set -eu
source=$1 settings=/etc/lifeboat/data/$1 small=/run/lifeboat/try state=/run/lifeboat/try/state program=/usr/local/lib/lifeboat/data running=
mkdir -p "$small"
: >"$small/messages"
fail() { printf '%s\\n' "$1" >&2; exit 1; }
. "$settings/settings"
. "$program/$kind"
"\${kind}_ready"`;

const isRoot = process.getuid?.() === 0;

(isRoot ? describe : describe.skip)("a password with any character", () => {
  let guest: DatabaseGuest;

  beforeAll(async () => {
    guest = await DatabaseGuest.start();
    await Promise.all([guest.startPostgres(), guest.startMariaDb("--general-log=1", "--log-bin=written")]);
    await guest.must("runuser -u postgres -- psql -qX", {
      input: "ALTER SYSTEM SET log_statement = 'all';\nSELECT pg_reload_conf();\n",
    });
  }, 300_000);

  afterAll(() => guest?.stop());

  test.each([
    [
      "PostgreSQL",
      postgresSource({ name: "post" }),
      ["psql", "-XAtc", "SELECT 1", "-h", "127.0.0.1", "-U", "lifeboat-post", "postgres"],
      "PGPASSWORD",
    ],
    [
      "MariaDB",
      mariaDbSource({ name: "maria" }),
      ["mariadb", "--no-defaults", "-NBe", "SELECT 1", "--user=lifeboat-maria"],
      "MYSQL_PWD",
    ],
  ] as const)(
    "a hundred of them let the user for backups into %s, and nothing shows them [I1]",
    async (_, source, client, variable) => {
      const installed = new InstalledSource(guest, source, "first");
      const { settings } = placesOf(source.name);
      const passwords = [...always, ...Array.from({ length: 100 - always.length }, anyPassword)];
      for (const password of passwords) {
        // As the settings' own secrets are written: without a line's end.
        writeFileSync(guest.path(`${settings}/password`), password);
        const { exitCode, stderr } = await guest.run(["sh", "-c", ready, "sh", source.name]);
        expect([password, exitCode === 0 ? "" : stderr]).toEqual([password, ""]);
        const entered = await guest.run(client, { environment: { [variable]: password } });
        expect([password, entered.stdout]).toEqual([password, "1\n"]);
        const refused = await guest.run(client, { environment: { [variable]: `${password}x` } });
        expect([password, refused.exitCode]).not.toEqual([password, 0]);
      }
      // Short ones would be found in anything.
      const long = passwords.filter((password) => [...password].length > 12);
      await guest.must("cat > /root/passwords", { input: long.join("\n") });
      const places = "/var/log /var/lib/mysql /var/lib/postgresql /var/lib/lifeboat /run/lifeboat";
      expect(await guest.must(`grep -rlaF -f /root/passwords ${places} || true`)).toBe("");
      writeFileSync(guest.path(`${settings}/password`), passwords.at(-1) ?? "");
      expect(await installed.dump()).toMatch(/^SUCCESS /u);
    },
  );
});
