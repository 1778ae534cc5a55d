import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseMarker } from "../../../site/state-copies/copy-marker";
import { putUpdate } from "./states";
import { StateSite } from "./state-site";

/** `lifeboat backup state`, from one S3 service to a folder and to another S3 service. */

let site: StateSite;

beforeAll(async () => {
  site = await StateSite.start();
  for (const name of ["prod", "lab"] as const) putUpdate(site, name, 1);
});

afterAll(() => site.stop());

test("a dry run shows what would be copied and writes nothing [E6, K1]", async () => {
  const { code, stdout } = await site.lifeboat(["backup", "state", "--dry-run"]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/prod: the state, 2 new objects/u) });
  expect(await site.copies("prod").list("")).toEqual([]);
});

test("every environment is copied; one without a state is no error [E6]", async () => {
  const { code, stdout, stderr } = await site.lifeboat(["backup", "state"]);
  expect({ code, stderr: stderr.includes("✗") }).toEqual({ code: 0, stderr: false });
  expect(stdout).toMatch(/lab: .*after update \(succeeded\)/u);
  expect(stdout).toMatch(/monitoring: has no state yet/u);
  for (const name of ["prod", "lab"] as const) {
    const copied = new Map<string, string>();
    for (const { key } of await site.copies(name).list(".")) {
      copied.set(key, (await site.copies(name).read(key)).toString());
    }
    expect(copied).toEqual(site.bucket(name));
  }
  const folder = join(site.folder, "data", "lifeboat", "shop", "state-copies");
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.map(({ parentPath, name }) => statSync(join(parentPath, name)).mode & 0o077)).toEqual(
    files.map(() => 0),
  );
});

test("to the second S3 service of the settings, and as JSON [E6]", async () => {
  const { code, stdout } = await site.lifeboat(["backup", "state", "prod", "--to", "offsite", "--json"]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    message_type: "result",
    copies: [{ environment: "prod", outcome: "copied", objects: 2 }],
  });
  const copied = site.offsite.contents("copies");
  for (const [key, text] of site.bucket("prod")) expect(copied.get(`prod/${key}`)).toBe(text);
  expect(parseMarker(copied.get("prod/lifeboat-copy.json") ?? "")).toMatchObject({
    by: "command",
    environment: "prod",
  });
});

test("what is damaged in the store is told, and the others are copied [E6]", async () => {
  const before = await site.copies("prod").read(".pulumi/stacks/shop/prod.json");
  site.put("prod", ".pulumi/stacks/shop/prod.json", '{"version":3,');
  const { code, stdout } = await site.lifeboat(["backup", "state"]);
  expect({ code, stdout }).toEqual({ code: 3, stdout: expect.stringMatching(/prod: the state in .* cannot be read/u) });
  expect(stdout).toMatch(/✓ lab/u);
  expect(await site.copies("prod").read(".pulumi/stacks/shop/prod.json")).toEqual(before);
  putUpdate(site, "prod", 2);
});

test("history that was damaged in the store does not overwrite its copy: 3, named, and both are kept [E6]", async () => {
  await site.lifeboat(["backup", "state", "prod"]);
  const key = ".pulumi/history/shop/prod/prod-1.checkpoint.json";
  const good = site.bucket("prod").get(key) ?? "";
  site.put("prod", key, good.slice(0, -20));
  const { code, stdout } = await site.lifeboat(["backup", "state", "prod"]);
  expect([code, stdout.replaceAll(/\n {4,}/gu, " ")]).toEqual([
    3,
    expect.stringMatching(/1 object of its history differs .* both stay as they are: .*prod-1\.checkpoint\.json/u),
  ]);
  expect((await site.copies("prod").read(key)).toString()).toBe(good);
  expect(site.bucket("prod").get(key)).toBe(good.slice(0, -20));
  const json = JSON.parse((await site.lifeboat(["backup", "state", "prod", "--json"])).stdout);
  expect([json.exitCode, json.copies[0].differing]).toEqual([3, [key]]);
  site.put("prod", key, good);
  expect(await site.lifeboat(["backup", "state", "prod"])).toMatchObject({ code: 0 });
});

test("an environment that has no state: 10; one that is not there: 2 [E6]", async () => {
  expect(await site.lifeboat(["backup", "state", "monitoring"])).toMatchObject({
    code: 10,
    stderr: expect.stringMatching(/HINT: .*lifeboat up monitoring/u),
  });
  expect(await site.lifeboat(["backup", "state", "nowhere"])).toMatchObject({ code: 2 });
});

test("a store that does not answer: 14, and the copies stay [E6, K3]", async () => {
  await site.store.close();
  const { code, stdout } = await site.lifeboat(["backup", "state", "prod"]);
  expect({ code, stdout }).toEqual({ code: 14, stdout: expect.stringContaining(site.store.endpoint) });
  await site.store.open();
  expect((await site.copies("prod").list("")).length).toBeGreaterThan(3);
});

test("no key is in what is printed, nor in a copy [E6]", async () => {
  const { stdout, stderr } = await site.lifeboat(["backup", "state", "--to", "offsite"]);
  expect(stdout + stderr + [...site.offsite.contents("copies").values()].join("")).not.toMatch(/only-for-/u);
});
