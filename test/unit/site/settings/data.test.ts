import { parseSettings } from "../../../../site/settings/parse-settings";
import { formatPath, formatProblems } from "../../../../site/settings/problem";
import type { Environment } from "../../../../site/settings/environment";
import { environmentOf, exampleContainer, exampleSettings } from "../../../support/example-environment";

const recipient = `age1${"q".repeat(58)}`;

const nodes = { ...exampleSettings().proxmox, ssh: { user: "root" } };

/** Settings whose container `web` has these sources. */
function withData(data: unknown, other: Readonly<Record<string, unknown>> = {}) {
  return { ...exampleSettings(), guests: { web: { ...exampleContainer(), data } }, ...other };
}

function sourcesOf({ guests }: Environment) {
  return guests.flatMap(({ data }) => data);
}

function wrong(settings: unknown): string[] {
  const parsed = parseSettings(settings, { environment: "prod" });
  return parsed.ok ? [] : parsed.problems.map(({ path }) => formatPath(path).replace("lifeboat:guests.", ""));
}

test("a source of data gets every default [I1, I2, I3]", () => {
  const data = { shop: { kind: "postgres" } };
  expect(sourcesOf(environmentOf(withData(data)))).toEqual([
    {
      name: "shop",
      kind: "postgres",
      at: "03:00",
      keep: { daily: 7, weekly: 4, monthly: 12 },
      recipients: [],
      shrink: 50,
      minimum: 1,
      folder: "/var/backups/lifeboat",
      by: "ssh",
      enabled: true,
      port: 5432,
      proof: "user",
    },
  ]);
});

test("the environment's own defaults come before, and those of the source before them [I3, I5]", () => {
  const data = {
    config: { kind: "files", paths: ["/etc/app/", "/srv/my files"], keep: { daily: 1 }, recipients: [] },
    crm: { kind: "mariadb", databases: [`a"b'c;d $x`], container: "crm-db-1", at: "sun 05:00" },
    vault: { kind: "command", command: "vault operator raft snapshot save /dev/stdout", minimum: "1KiB", shrink: 100 },
  };
  const defaults = { at: "02:30", keep: { daily: 3, monthly: 2 }, recipients: [recipient] };
  const found = sourcesOf(environmentOf(withData(data, { data: defaults })));
  const shared = { at: "02:30", keep: { daily: 3, weekly: 0, monthly: 2 }, recipients: [recipient] };
  expect(found).toEqual([
    expect.objectContaining({
      ...shared,
      name: "config",
      paths: ["/etc/app", "/srv/my files"],
      volumes: [],
      keep: { daily: 1, weekly: 0, monthly: 0 },
      recipients: [],
    }),
    expect.objectContaining({ ...shared, databases: [`a"b'c;d $x`], container: "crm-db-1", at: "sun 05:00" }),
    expect.objectContaining({ ...shared, name: "vault", minimum: 1024, shrink: 100 }),
  ]);
});

test("guests that are adopted, and machines, have sources too; without an address through their node [I1]", () => {
  const data = { shop: { kind: "postgres" } };
  const machine = {
    kind: "virtual-machine",
    id: 102,
    disks: { scsi0: { storage: "local", size: "8GiB" } },
    network: { bridge: "vmbr0", address: "dhcp" },
    agent: true,
    data,
  };
  const settings = { ...exampleSettings(), proxmox: nodes, guests: { old: { adopt: 140, data }, vm: machine } };
  expect(sourcesOf(environmentOf(settings)).map(({ by }) => by)).toEqual(["node", "node"]);
  expect(wrong({ ...settings, proxmox: exampleSettings().proxmox })).toEqual(["old.data.shop.by", "vm.data.shop.by"]);
  expect(
    wrong({
      ...settings,
      guests: { old: { adopt: 140, data: { shop: { kind: "files", paths: ["/etc"], by: "ssh" } } } },
    }),
  ).toEqual(["old.data.shop.by"]);
});

test.each([
  ["a kind that there is none of", { shop: { kind: "oracle" } }, ["web.data.shop.kind"]],
  ["a name that a unit could not have", { "Shop 1": { kind: "postgres" } }, ['web.data["Shop 1"]']],
  ["no files at all", { conf: { kind: "files" } }, ["web.data.conf"]],
  ["a path that climbs", { conf: { kind: "files", paths: ["/etc/../root"] } }, ["web.data.conf.paths[0]"]],
  ["a retention of nothing", { shop: { kind: "postgres", keep: { daily: 0 } } }, ["web.data.shop.keep"]],
  [
    "an identity for a recipient",
    { shop: { kind: "postgres", recipients: ["AGE-SECRET-KEY-1"] } },
    ["web.data.shop.recipients[0]"],
  ],
  ["a command on two lines", { v: { kind: "command", command: "a\nb" } }, ["web.data.v.command"]],
  ["files in a container", { conf: { kind: "files", paths: ["/etc"], container: "a1" } }, ["web.data.conf.container"]],
])("%s is refused", (_what, data, paths) => {
  expect(wrong(withData(data))).toEqual(paths);
});

test("passwords hold any character, and no message shows them [I1]", () => {
  const password = `p'a"s$s\\w;o r:d%é@/`;
  const secrets = { web: { shop: { password } } };
  expect(environmentOf(withData({ shop: { kind: "postgres" } }, { dataSecrets: secrets })).dataSecrets).toEqual(
    secrets,
  );
  expect(environmentOf(exampleSettings()).dataSecrets).toEqual({});
  const broken = { web: { shop: { password: "line\nbreak" } } };
  const parsed = parseSettings(withData({}, { dataSecrets: broken }), { environment: "prod" });
  const told = parsed.ok ? "" : formatProblems(parsed.problems, "prod");
  expect(told).toContain("dataSecrets.web.shop.password");
  expect(told).not.toContain("break");
});

test("a drill's query gets an age; a number is an answer as it is written [G2]", () => {
  const drill = { database: "shop", query: "SELECT count(*) FROM orders", expect: 42 };
  const [crm, shop] = sourcesOf(
    environmentOf(
      withData({ shop: { kind: "postgres", drill }, crm: { kind: "mariadb", drill: { ...drill, maxAge: "7d" } } }),
    ),
  );
  expect(shop).toMatchObject({ drill: { ...drill, expect: "42", maxAge: 35 * 86_400 } });
  expect(crm).toMatchObject({ drill: { maxAge: 7 * 86_400 } });
});

test.each<[string, unknown, string]>([
  ["without an answer", { database: "shop", query: "SELECT 1" }, "web.data.shop.drill.expect"],
  ["of more than a line", { database: "shop", query: "SELECT 1\n;", expect: "1" }, "web.data.shop.drill.query"],
  [
    "of a database that is not dumped",
    { database: "crm", query: "SELECT 1", expect: "1" },
    "web.data.shop.drill.database",
  ],
  ["too often", { database: "shop", query: "SELECT 1", expect: "1", maxAge: "5m" }, "web.data.shop.drill.maxAge"],
])("a drill's query %s is refused [A6]", (_, drill, path) => {
  expect(wrong(withData({ shop: { kind: "postgres", databases: ["shop"], drill } }))).toEqual([path]);
});
