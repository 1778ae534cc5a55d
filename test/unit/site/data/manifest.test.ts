import { parseDumpName } from "../../../../site/data/dump-name";
import { parseManifest, parseManifests } from "../../../../site/data/manifest";
import { dataProgram, placesOf } from "../../../../site/data/places";
import { parseStatus } from "../../../../site/data/status";

const sum = "0123456789abcdef".repeat(4);

const item = {
  file: "item-1.dump.zst.age",
  type: "database",
  name: `a"b'c;d $x`,
  bytes: 120,
  sha256: sum,
  plainBytes: 400,
  plainSha256: sum,
  counts: { tables: 1, rows: 3 },
};

function manifest(other: Readonly<Record<string, unknown>> = {}): string {
  const dump = "2026-11-22/postgres/shop-030000Z";
  return JSON.stringify({ version: 1, dump, server: "PostgreSQL 15.20", recipients: [], items: [item], ...other });
}

test("a dump's name is a day, a kind, a source and a time in UTC [I2]", () => {
  expect(parseDumpName("2026-11-22/postgres/shop-db-030015Z")).toEqual({
    name: "2026-11-22/postgres/shop-db-030015Z",
    kind: "postgres",
    source: "shop-db",
    time: Date.UTC(2026, 10, 22, 3, 0, 15) / 1000,
  });
});

test.each([
  "2026-02-30/postgres/shop-030000Z",
  "2026-11-22/postgres/shop-240000Z",
  "2026-11-22/oracle/shop-030000Z",
  "2026-11-22/postgres/../shop-030000Z",
  "2026-11-22/postgres/shop-030000",
  "/2026-11-22/postgres/shop-030000Z",
  "2026-11-22/postgres/shop-030000Z\n",
])("%j is no dump's name", (name) => {
  expect(parseDumpName(name)).toBeUndefined();
});

test("a manifest tells what is in a dump, by names that hold any character [I4]", () => {
  const parsed = parseManifest(manifest());
  expect(parsed).toMatchObject({ source: "shop", server: "PostgreSQL 15.20", items: [item] });
});

test.each([
  ["another version", { version: 2 }],
  ["no items", { items: [] }],
  ["a file elsewhere", { items: [{ ...item, file: "../../etc/passwd" }] }],
  ["a size below nothing", { items: [{ ...item, bytes: -1 }] }],
  ["no checksum", { items: [{ ...item, sha256: "0" }] }],
  ["counts that are none", { items: [{ ...item, counts: { rows: "3" } }] }],
  ["a name that is none", { dump: "shop" }],
  ["recipients that are none", { recipients: [1] }],
])("a manifest with %s is none", (_what, other) => {
  expect(parseManifest(manifest(other))).toBeUndefined();
});

test("a list with a line that is no manifest is no list: fewer dumps are not what is there", () => {
  expect(parseManifests(`${manifest()}\n${manifest()}\n`)).toHaveLength(2);
  expect(() => parseManifests(`${manifest()}\nsh: lifeboat-data: not found\n`)).toThrow("sh: lifeboat-data: not found");
});

test("a status tells the last run apart from what lies there now [C1]", () => {
  const status = { version: 1, source: "shop", result: "error", started: 5, ended: 6, message: "ERROR: full" };
  const newest = { dump: "2026-11-22/postgres/shop-030000Z", time: 4, bytes: 7 };
  expect(parseStatus(JSON.stringify({ ...status, running: false, dumps: 3, newest }))).toEqual({
    source: "shop",
    result: "error",
    started: 5,
    ended: 6,
    message: "ERROR: full",
    isRunning: false,
    dumps: 3,
    newest,
    held: undefined,
  });
  expect(parseStatus(JSON.stringify({ ...status, running: false, dumps: 3, newest: {} }))).toBeUndefined();
  expect(parseStatus(JSON.stringify({ ...status, running: false }))).toBeUndefined();
  expect(parseStatus("")).toBeUndefined();
});

test("everything of a source lies where its name says, and secrets apart from what others may read [I1]", () => {
  expect(dataProgram).toBe("/usr/local/lib/lifeboat/data/lifeboat-data");
  expect(placesOf("shop")).toEqual({
    settings: "/etc/lifeboat/data/shop",
    state: "/var/lib/lifeboat/data/shop",
    log: "/var/log/lifeboat/data-shop.log",
    unit: "lifeboat-data-shop",
  });
});
