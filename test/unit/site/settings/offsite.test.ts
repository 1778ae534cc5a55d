import { parseSettings } from "../../../../site/settings/parse-settings";
import { formatPath } from "../../../../site/settings/problem";
import { environmentOf } from "../../../support/example-environment";
import { offsiteOf, offsiteSettings } from "../../../support/example-offsite";

const day = 86_400;

function pathsOf(raw: unknown): string[] {
  const parsed = parseSettings(raw, { environment: "prod" });
  return parsed.ok ? [] : parsed.problems.map(({ path }) => formatPath(path));
}

test("a bucket elsewhere gets every default: versions and a lock of 30 days [J1]", () => {
  expect(offsiteOf()).toEqual({
    kind: "minio",
    endpoint: "https://s3.example.com:9000",
    region: "us-east-1",
    bucket: "far-away",
    adopt: false,
    ca: undefined,
    retention: 30 * day,
    lock: "compliance",
    encrypt: false,
    expire: 90 * day,
    bandwidth: undefined,
    copies: { dumps: true },
  });
});

test("everything can be said otherwise [J1, J2]", () => {
  const copies = { dumps: false };
  const found = offsiteOf({
    kind: "ovh",
    endpoint: "https://s3.gra.io.cloud.ovh.net/",
    region: "gra",
    ca: "ca.pem",
    retention: "2w",
    lock: "governance",
    encrypt: false,
    expire: "14d",
    bandwidth: "4MiB",
    adopt: true,
    copies,
  });
  expect(found).toMatchObject({
    endpoint: "https://s3.gra.io.cloud.ovh.net",
    region: "gra",
    ca: "ca.pem",
    retention: 14 * day,
    lock: "governance",
    encrypt: false,
    expire: 14 * day,
    bandwidth: 4 * 2 ** 20,
    adopt: true,
    copies,
  });
});

test("AWS is found by its region, and encrypts [J1]", () => {
  const found = offsiteOf({ kind: "aws", endpoint: undefined, region: "eu-west-3" });
  expect(found).toMatchObject({ endpoint: "https://s3.eu-west-3.amazonaws.com", encrypt: true });
});

test.each([
  ["a service without an address", { endpoint: undefined }, ["endpoint"]],
  ["one of OVH without a region", { kind: "ovh" }, ["region"]],
  ["AWS without a region", { kind: "aws", endpoint: undefined }, ["region"]],
  ["a copy that goes while it is locked", { expire: "29d" }, ["expire"]],
  ["a copy that goes while it is locked for longer", { retention: "100d" }, ["expire"]],
  ["a lock of an hour", { retention: "1h" }, ["retention"]],
  ["no bandwidth at all", { bandwidth: "0KiB" }, ["bandwidth"]],
  ["an unknown service", { kind: "tape" }, ["kind"]],
])("%s is refused with its path [A6, J1]", (_, other, keys) => {
  expect(pathsOf(offsiteSettings(other))).toEqual(keys.map((key) => `lifeboat:offsite.${key}`));
});

test("settings without it have no copies elsewhere: not declared is off [J2]", () => {
  expect(environmentOf(offsiteSettings({}, { offsite: undefined }), "prod").offsite).toBeUndefined();
});

test("its keys are shown in no message [N6]", () => {
  const parsed = parseSettings(offsiteSettings({}, { offsiteKeys: { writer: "hunter2" } }), { environment: "prod" });
  expect(JSON.stringify(parsed)).not.toContain("hunter2");
  expect(parsed.ok).toBe(false);
});

describe("archives of a guest", () => {
  const web = { adopt: 101, offsite: "weekly" };
  const { proxmox, backup } = offsiteSettings();
  const ssh = { proxmox: { ...proxmox, ssh: { user: "root" } } };
  const server = {
    id: "far",
    type: "pbs",
    server: "pbs.example.com",
    datastore: "one",
    username: "a@pbs",
    password: "b",
  };

  test("are chosen for each: the newest, one a week, or none [J2]", () => {
    const guests = { web, db: { adopt: 102, offsite: "newest" }, old: { adopt: 103 } };
    const found = environmentOf(offsiteSettings({}, { ...ssh, guests }), "prod").guests;
    expect(found.map(({ name, offsite }) => [name, offsite])).toEqual([
      ["web", "weekly"],
      ["db", "newest"],
      ["old", undefined],
    ]);
  });

  test.each([
    ["another word", { ...ssh, guests: { web: { adopt: 101, offsite: "daily" } } }],
    ["no bucket elsewhere", { ...ssh, offsite: undefined, guests: { web } }],
    ["no way to its node", { guests: { web } }],
    ["a backup server, which keeps no files", { ...ssh, backup: { ...backup, storage: server }, guests: { web } }],
    [
      "a guest that is not backed up",
      { ...ssh, guests: { web: { ...web, backup: { exclude: "old", owner: "ops", until: "2035-12-31" } } } },
    ],
  ])("with %s are refused [J2]", (_, top) => {
    expect(pathsOf(offsiteSettings({}, top))).toEqual(["lifeboat:guests.web.offsite"]);
  });
});
