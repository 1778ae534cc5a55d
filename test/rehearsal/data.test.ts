import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseManifests } from "../../site/data/manifest";
import { dataProgram } from "../../site/data/places";
import { sealSettings } from "../support/sealed-settings";
import { timed } from "../support/timed";
import { databaseImage, databaseServers } from "./data/support/docker-databases";
import { DemoSite, expectExit } from "./support/demo-site";
import { ArgumentWatch } from "./support/process-arguments";
import { changeSettings } from "./support/store-settings";
import { firstUseLimit, obtainToolchain } from "./support/toolchain";

// Data inside a guest from its declaration to its restore: real `pulumi`, a real container with real databases, in it and in Docker
// in it, and systemd's timers. Each test stands on the one before.
const isRoot = process.getuid?.() === 0;
const parent = mkdtempSync(join(tmpdir(), "lifeboat-data-"));
const site = new DemoSite(join(parent, "site"), "real", () => undefined);
const project = join(site.folder, "project");
const settings = join(project, "Pulumi.prod.yaml");
const address = "192.0.2.102";
const strange = `a"b'c;d $x`;
const passwords = {
  shop: `$(id)\`\\p'a"s$s;%é :@/=#`,
  crm: `it's "quoted" \\ & $HOME #`,
  boxed: `'; DROP TABLE orders; --`,
  boxedcrm: "%s\\n${IFS}",
};
let processes: ArgumentWatch;
let commandLines: readonly string[] = [];

jest.setTimeout(20 * 60_000);

beforeAll(async () => {
  if (!isRoot) return;
  processes = new ArgumentWatch();
  await obtainToolchain(site);
  expectExit(await site.sandbox("up", "--driver", "real", "--databases"), [0], "the sandbox");
  await declareData();
}, firstUseLimit);

afterAll(async () => {
  processes?.stop();
  if (isRoot) await site.sandbox("down");
  rmSync(parent, { recursive: true, force: true });
});

const sources = {
  shop: { kind: "postgres" },
  crm: { kind: "mariadb" },
  config: { kind: "files", paths: ["/etc/app"], volumes: ["uploads"] },
  sealed: { kind: "command", command: "cat /root/sealed", check: "grep -q sealed", restore: "cat > /root/unsealed" },
  boxed: { kind: "postgres", container: "shop-db" },
  boxedcrm: { kind: "mariadb", container: "crm-db" },
} as const;

/** One guest with all kinds of sources, and no store: this environment alone. */
async function declareData(): Promise<void> {
  changeSettings(join(project, "Pulumi.monitoring.yaml"), [
    [["config", "lifeboat:stateStore"], undefined],
    [["config", "lifeboat:guests", "store"], undefined],
  ]);
  const guest = ["config", "lifeboat:guests", "db"];
  changeSettings(settings, [
    [["config", "lifeboat:guests", "web"], undefined],
    [[...guest, "template"], "local:vztmpl/debian-12-databases_amd64.tar.zst"],
    [[...guest, "disks"], undefined],
    [[...guest, "nesting"], true],
    [[...guest, "root"], { storage: "local", size: "16GiB" }],
    [[...guest, "data"], sources],
  ]);
  const dataSecrets = Object.fromEntries(Object.entries(passwords).map(([name, password]) => [name, { password }]));
  await sealSettings(settings, join(site.folder, "keys", "passphrase"), {
    "lifeboat:dataSecrets": JSON.stringify({ db: dataSecrets }),
  });
}

async function inGuest(command: string): Promise<string> {
  return expectExit(await site.ssh(address, command), [0], command).stdout.trim();
}

const postgres = (database: string, sql: string): Promise<string> =>
  inGuest(`runuser -u postgres -- psql -XqAt -d '${database.replaceAll("'", `'\\''`)}' <<'end'\n${sql}\nend`);
const mariadb = (sql: string): Promise<string> => inGuest(`mariadb -N --batch <<'end'\n${sql}\nend`);

/** Writes what is to be dumped, and starts two more servers in Docker. */
async function fill(): Promise<void> {
  const quoted = strange.replaceAll('"', '""');
  await postgres("postgres", `CREATE DATABASE shop; CREATE DATABASE "${quoted}";`);
  for (const name of ["shop", strange]) {
    await postgres(name, "CREATE TABLE orders (id int); INSERT INTO orders SELECT generate_series(1, 100000);");
  }
  await mariadb(
    `CREATE DATABASE crm; CREATE DATABASE \`${strange}\`; USE crm; CREATE TABLE people (id int);` +
      `INSERT INTO people SELECT seq FROM seq_1_to_100000; CREATE TABLE \`${strange}\`.one (id int);`,
  );
  await inGuest("mkdir -p /etc/app && echo port=8080 > /etc/app/app.conf && echo sealed > /root/sealed");
  await inGuest(
    "docker volume create uploads && echo uploaded > $(docker volume inspect -f '{{.Mountpoint}}' uploads)/file",
  );
  await inGuest(databaseImage);
  await inGuest(databaseServers);
}

/** All that is in Docker, the guest's databases, and nothing that comes and goes by itself. */
const everythingThere = (): Promise<string> =>
  inGuest(
    "docker ps -a --format '{{.ID}} {{.Names}}' && docker volume ls -q && docker images -q && " +
      "runuser -u postgres -- psql -XAtc 'SELECT oid, datname FROM pg_database ORDER BY 1' && mariadb -N -e 'SHOW DATABASES' && " +
      "docker exec shop-db psql -U postgres -XAtc 'SELECT oid, datname FROM pg_database ORDER BY 1'",
  );

const dumpsOf = async (source: string) => parseManifests(await inGuest(`${dataProgram} list ${source}`));

(isRoot ? describe : describe.skip)("data inside a guest", () => {
  test("is declared in the settings, and one update installs programs and timers; the next preview is clean [I1, I2]", async () => {
    const init = 'exports=$(lifeboat env prod) && eval "$exports" && pulumi stack init prod';
    expectExit(await site.inside("sh", "-c", init), [0], "pulumi stack init");
    const { stdout } = expectExit(await site.pulumi("prod", "up", "--yes", "--skip-preview"), [0], "pulumi up");
    commandLines = processes.stop();
    expectExit(await site.pulumi("prod", "preview", "--expect-no-changes"), [0], "the second preview");
    const timers = await inGuest(
      "systemctl list-timers --all --no-legend 'lifeboat-data-*' | awk '{ print $(NF-1) }' | sort",
    );
    expect(timers.split("\n")).toEqual(
      Object.keys(sources)
        .sort()
        .map((name) => `lifeboat-data-${name}.timer`),
    );
    for (const password of Object.values(passwords)) {
      expect(stdout).not.toContain(password);
      expect(commandLines.filter((line) => line.includes(password))).toEqual([]);
    }
  });

  test("timers make the dumps, each proven, in less than ten minutes [I1, I2, I4, 000 CA11.2, 001 AC1, 003 AC1, 003 DOD1]", async () => {
    await fill();
    const before = await everythingThere();
    await timed("L7", "dumping and proving all six sources of a guest", async () => {
      // A timer that has missed its time while the guest was off makes up for it when it starts.
      await inGuest(
        "for unit in $(systemctl list-timers --all --no-legend 'lifeboat-data-*' | awk '{ print $(NF-1) }'); do " +
          "systemctl stop $unit; touch -d '2 days ago' /var/lib/systemd/timers/stamp-$unit; systemctl start $unit; done; " +
          "until [ $(grep -lE ' (SUCCESS|ERROR) ' /var/log/lifeboat/data-*.log 2>/dev/null | wc -l) = 6 ]; do sleep 0.5; done",
      );
    });
    expect(await inGuest("cat /var/log/lifeboat/data-*.log")).not.toContain("ERROR");
    for (const [name, { kind }] of Object.entries(sources)) {
      const [dump] = await dumpsOf(name);
      expect([name, dump?.kind]).toEqual([name, kind]);
    }
    const named = (await dumpsOf("shop"))[0]?.items.map((item) => [item.name, item.counts["rows"]]);
    expect(named).toEqual(
      expect.arrayContaining([
        ["shop", 100_000],
        [strange, 100_000],
      ]),
    );
    expect((await dumpsOf("crm"))[0]?.items.map((item) => item.name)).toEqual(expect.arrayContaining(["crm", strange]));
    expect((await dumpsOf("boxed"))[0]?.items).toContainEqual(
      expect.objectContaining({ name: "boxed", counts: { tables: 1, rows: 50 } }),
    );
    expect((await dumpsOf("boxedcrm"))[0]?.items.at(-1)).toMatchObject({
      name: "boxed",
      counts: { tables: 1, rows: 50 },
    });
    // Proofs came and went, and with them nothing of anybody else's.
    expect(await everythingThere()).toBe(before);
  });

  test("what was dumped comes back under another name, in the guest and in Docker [I1, I6, 003 AC2]", async () => {
    const load = async (source: string, type: string, name: string, into: string): Promise<void> => {
      const [dump] = await dumpsOf(source);
      const item = dump?.items.find((one) => one.type === type && one.name === name);
      const file = `/var/backups/lifeboat/${dump?.name ?? ""}/${item?.file ?? ""}`;
      await inGuest(`zstd -dcq ${file} | ${dataProgram} load ${source} ${type} ${into}`);
    };
    await load("shop", "database", strange, "copy_one");
    expect(await postgres("copy_one", "SELECT count(*) FROM orders")).toBe("100000");
    await load("crm", "database", "crm", "copy_one");
    expect(await mariadb("SELECT COUNT(*) FROM copy_one.people")).toBe("100000");
    await load("boxed", "database", "boxed", "copy_one");
    expect(await inGuest("docker exec shop-db psql -U postgres -XAtc 'SELECT count(*) FROM orders' copy_one")).toBe(
      "50",
    );
    await load("boxedcrm", "database", "boxed", "copy_one");
    expect(
      await inGuest(
        "docker exec crm-db sh -c 'MYSQL_PWD=$MARIADB_ROOT_PASSWORD mariadb -N -e \"SELECT COUNT(*) FROM copy_one.people\"'",
      ),
    ).toBe("50");
    await load("config", "path", "/etc/app", "/root/app");
    await load("config", "volume", "uploads", "/root/uploads");
    expect(await inGuest("cat /root/app/app.conf /root/uploads/file")).toBe("port=8080\nuploaded");
    await load("sealed", "output", "command", "command");
    expect(await inGuest("cat /root/unsealed")).toBe("sealed");
  });

  test("nothing shows a password, and copies go again without anything else going [I1, I9, 001 AC3]", async () => {
    const before = await everythingThere();
    for (const [source, name] of [
      ["shop", "copy_one"],
      ["crm", "copy_one"],
      ["boxed", "copy_one"],
      ["boxedcrm", "copy_one"],
      ["config", "/root/app"],
    ] as const) {
      await inGuest(`${dataProgram} drop-copy ${source} ${name}`);
      expect(
        (await site.ssh(address, `${dataProgram} drop-copy ${source} ${source === "config" ? "/etc/app" : "postgres"}`))
          .exitCode,
      ).toBe(source.endsWith("crm") ? 0 : 1);
    }
    const gone = before.split("\n").filter((line) => !line.endsWith("copy_one"));
    expect((await everythingThere()).split("\n")).toEqual(gone);
    const state = readFileSync(
      join(site.folder, "data-home/lifeboat/lifeboat/pulumi/.pulumi/stacks/lifeboat/prod.json"),
      "utf8",
    );
    for (const password of Object.values(passwords)) expect(state).not.toContain(password);
  });
});
