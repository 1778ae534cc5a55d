import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { S3Server } from "../support/kit";
import { digestOf, type TestBackend, type Update } from "../support/site/backend";
import { HistorySite } from "./history-site";

/** Restoring a state from a bucket that keeps versions. */

const bucket = "states";
const presentKey = ".pulumi/stacks/shop/prod.json";
let server: S3Server;
let site: HistorySite;
let first: Update;
let second: Update;

/** A bucket of a server that a test decides over. */
class BucketBackend implements TestBackend {
  readonly url: string;
  readonly variables: Readonly<Record<string, string>>;

  constructor(private readonly s3: S3Server) {
    this.url = `s3://${bucket}?endpoint=${s3.endpoint}&use_path_style=true&region=us-east-1`;
    this.variables = { AWS_CA_BUNDLE: s3.ca, AWS_ACCESS_KEY_ID: "operator", AWS_SECRET_ACCESS_KEY: "operator-secret" };
  }

  put(key: string, body: string | Buffer): void {
    this.s3.put(bucket, key, body);
  }

  remove(key: string): void {
    this.s3.remove(bucket, key);
  }

  picture(): Map<string, string> {
    return new Map([...this.s3.contents(bucket)].map(([key, text]) => [key, digestOf(text)]));
  }
}

const web = { name: "web", id: "9101" };
const db = { name: "db", id: "9102" };

beforeEach(async () => {
  const folder = mkdtempSync(join(tmpdir(), "lifeboat-bucket-"));
  server = await S3Server.start(join(folder, "certificates"), { operator: [bucket], stranger: [] });
  server.makeBucket(bucket);
  site = new HistorySite(folder, new BucketBackend(server));
  first = site.update({ resources: [web] }, { message: "first" });
  // In the middle of the second update.
  site.backend.put(
    presentKey,
    site.builder.checkpoint({ resources: [web], pending: [{ name: "db", type: "creating" }] }),
  );
  second = site.update({ resources: [web, db] }, { message: "second" });
});

afterEach(async () => {
  await server.close();
  await site.stop();
});

const to = (point: string, ...flags: string[]) => site.lifeboat(["restore", "state", "prod", "--to", point, ...flags]);
const list = (env: Record<string, string> = {}) => site.lifeboat(["restore", "state", "prod", "--list"], { env });
const methods = (): string[] => [...new Set(server.requests.map(({ method }) => method))].sort();

test("a state comes back from a bucket over TLS; a dry run sends nothing but GET [E2, E3, K1]", async () => {
  const id = await site.idOf(first);
  server.requests.length = 0;
  expect((await to(id, "--dry-run")).code).toBe(0);
  expect(methods()).toEqual(["GET"]);
  const result = await to(id, "--force", "--json");
  expect(result.code).toBe(0);
  expect(site.backend.picture().get(presentKey)).toBe(digestOf(first.checkpoint));
  expect(site.backend.picture().get(JSON.parse(result.stdout).kept.key)).toBe(digestOf(second.checkpoint));
  expect([...site.backend.picture().keys()].filter((key) => key.includes("/locks/"))).toEqual([]);
});

test("versions are told when they are asked for, those in the middle of an update as half-written [E1]", async () => {
  expect((await site.points()).map(({ source }) => source)).toEqual(["history", "history"]);
  const points = await site.points("--versions");
  expect(points.map(({ source, status }) => [source, status])).toEqual([
    // What the middle was is the newest: the test's clock of updates is in the past.
    ["version", "half-written"],
    ["history", "complete"],
    ["history", "complete"],
  ]);
  const id = points[0]?.id ?? "";
  // Without --versions it is found too: nothing else has that name.
  expect((await to(id, "--force")).code).toBe(13);
  expect((await to(id, "--force", "--accept-pending")).code).toBe(0);
});

test("after pulumi stack rm they are told by themselves, under the ids that they had, and one comes back [E1]", async () => {
  const id = await site.idOf(second);
  for (const key of site.backend.picture().keys()) if (!key.includes("/backups/")) site.backend.remove(key);
  const listed = await list();
  expect([listed.code, listed.stderr]).toEqual([
    0,
    expect.stringContaining("the stack was removed, or its state is lost"),
  ]);
  const points = await site.points();
  expect(points.filter(({ update }) => update !== null).map(({ source, update }) => [source, update?.message])).toEqual(
    [
      ["version", "second"],
      ["version", "first"],
    ],
  );
  expect((await to(id, "--force")).code).toBe(0);
  expect(site.backend.picture().get(presentKey)).toBe(digestOf(second.checkpoint));
});

test("what was pruned can still be listed, since the bucket keeps versions [E1]", async () => {
  const pruned = await site.lifeboat(["state", "prune", "prod", "--keep", "1", "--force"]);
  expect([pruned.code, pruned.stdout]).toEqual([0, expect.stringContaining("The bucket keeps versions")]);
  expect(await site.points()).toHaveLength(1);
  const versions = await site.points("--versions");
  expect(versions.some(({ source, update }) => source === "version" && update?.message === "first")).toBe(true);
});

test("verify reads every version, and names the bad one with its version [G1]", async () => {
  expect((await site.lifeboat(["verify", "--state"])).code).toBe(0);
  site.backend.put(presentKey, "{");
  site.backend.put(presentKey, second.checkpoint);
  const result = await site.lifeboat(["verify", "--state"]);
  expect(result.code).toBe(3);
  expect(result.stdout).toMatch(/prod\.json version [0-9a-f-]{36} of/u);
});

describe("the store", () => {
  test("does not answer, or does not work: 14 [E3, K3]", async () => {
    server.failWith = 503;
    expect((await list()).code).toBe(14);
    await server.close();
    const result = await list();
    expect([result.code, result.stderr]).toEqual([14, expect.stringContaining(server.endpoint)]);
    expect(result.stderr).toContain("lifeboat state fallback");
  });

  test("is not trusted, refuses the key pair, or has no such bucket: 14 [K3]", async () => {
    const untrusted = await list({ AWS_CA_BUNDLE: "/etc/hostname" });
    expect([untrusted.code, untrusted.stderr]).toEqual([14, expect.stringContaining("is not trusted")]);
    const unknown = await list({ AWS_ACCESS_KEY_ID: "nobody" });
    expect([unknown.code, unknown.stderr]).toEqual([14, expect.stringContaining("InvalidAccessKeyId")]);
    const denied = await list({ AWS_ACCESS_KEY_ID: "stranger" });
    expect([denied.code, denied.stderr]).toEqual([14, expect.stringContaining("AccessDenied")]);
    expect(unknown.stderr + denied.stderr).not.toContain("operator-secret");
    const url = site.backend.url.replace(`s3://${bucket}`, "s3://other");
    expect((await list({ PULUMI_BACKEND_URL: url })).code).toBe(14);
  });

  test("says nothing of the SDK's own [K1]", async () => {
    expect((await list()).stderr).not.toMatch(/AWS|NodeVersionSupport|Warning/u);
  });
});
