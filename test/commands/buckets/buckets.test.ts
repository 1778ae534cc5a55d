import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { createKeyPair } from "../../../site/state-store/keys";
import { PulumiEncrypter } from "../../support/encrypt";
import { RestoreSite } from "../restore/restore-site";
import { S3Server } from "../support/kit";

/** A bucket and the one elsewhere on a server whose answers a test decides. A real one is in the rehearsal. */

const [admin, writer, reader, owner] = ["admin", "writer", "reader", "uploads"].map((name) => createKeyPair(name));
const passphrase = "correct horse";
let site: RestoreSite;
let s3: S3Server;

beforeAll(async () => {
  site = await RestoreSite.start([{ id: 101, name: "web" }]);
  const keys = { [writer?.accessKey ?? ""]: ["far"], [reader?.accessKey ?? ""]: ["far"] };
  s3 = await S3Server.start(join(site.folder, "s3"), { ...keys, [owner?.accessKey ?? ""]: ["uploads", "other"] });
  s3.lockFor = 30 * 86_400_000;
  site.write("ca.pem", readFileSync(s3.ca, "utf8"));
  const place = { endpoint: s3.endpoint, ca: "ca.pem" };
  const encrypter = new PulumiEncrypter(passphrase);
  const secret = (value: unknown) => ({ secure: encrypter.encrypt(JSON.stringify(value)) });
  const settings = {
    offsite: { kind: "minio", bucket: "far", ...place },
    offsiteKeys: secret({ admin, writer, reader }),
    buckets: { uploads: { bucket: "uploads", ...place } },
    bucketKeys: secret({ uploads: owner }),
  };
  const lines = Object.entries(settings).map(([key, value]) => `  lifeboat:${key}: ${JSON.stringify(value)}\n`);
  const salt = `encryptionsalt: ${encrypter.salt}\n`;
  site.write("Pulumi.prod.yaml", `${salt}${site.read("Pulumi.prod.yaml")}${lines.join("")}`);
});

afterAll(async () => {
  await s3.close();
  await site.stop();
});

beforeEach(() => {
  s3.failWith = undefined;
  s3.stopsIn = undefined;
  s3.unversioned.clear();
  for (const bucket of ["far", "uploads", "other"]) {
    s3.dropBucket(bucket);
    s3.makeBucket(bucket);
  }
  s3.put("uploads", "a", "first");
  s3.put("uploads", "a", "second");
  s3.put("uploads", "b", "gone");
  s3.remove("uploads", "b");
});

const env = { PULUMI_CONFIG_PASSPHRASE: passphrase };
const lifeboat = (...argv: readonly string[]) => site.lifeboat(argv, { env });
const backUp = () => lifeboat("backup", "bucket", "uploads", "--json");
const restore = (...more: readonly string[]) => lifeboat("restore", "bucket", "uploads", ...more);
const lists = () => [...s3.contents("far").keys()].filter((key) => key.endsWith("/SHA256SUMS"));

const shown = z.looseObject({
  environments: z.array(
    z.looseObject({ problems: z.array(z.string()), offsite: z.looseObject({ mirrors: z.array(z.unknown()) }) }),
  ),
});

/** What status says of buckets. */
const status = async () => {
  const parsed = shown.parse(JSON.parse((await lifeboat("status", "prod", "--json")).stdout)).environments[0];
  return { problems: parsed?.problems.filter((text) => text.includes("bucket")), mirrors: parsed?.offsite.mirrors };
};

/** A list has the second of its run in its name. */
async function nextSecond(): Promise<void> {
  const second = Math.floor(Date.now() / 1_000);
  while (Math.floor(Date.now() / 1_000) === second) await new Promise((next) => setTimeout(next, 20));
}

test("a bucket is mirrored with its versions, and comes back when it is lost [J4, K1]", async () => {
  const { code, stdout } = await backUp();
  expect([code, JSON.parse(stdout)]).toMatchObject([
    0,
    { buckets: [{ bucket: "prod/uploads", outcome: "mirrored", objects: 1, versions: 4, sent: { versions: 3 } }] },
  ]);
  s3.dropBucket("uploads");
  expect(await restore("--force")).toMatchObject({
    code: 14,
    stderr: expect.stringContaining("make it, with versions"),
  });
  s3.makeBucket("uploads");
  const shown = await restore("--dry-run");
  expect(shown).toMatchObject({ code: 0, stdout: expect.stringMatching(/put: 4 .*every version[^]*--force/u) });
  expect(s3.contents("uploads").size).toBe(0);
  expect(await restore()).toMatchObject({ code: 2, stderr: expect.stringContaining("--force") });
  expect(await restore("--force")).toMatchObject({ code: 0, stdout: expect.stringContaining("4 versions") });
  expect(s3.contents("uploads")).toEqual(new Map([["a", "second"]]));
  expect(await restore("--force", "--json")).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('"versions":0'),
  });
});

test("a bucket without versions is mirrored as it is, which is said, and a restore over it is a loss [J4, K1]", async () => {
  s3.unversioned.add("uploads");
  expect(await lifeboat("backup", "bucket")).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("keeps no versions"),
  });
  s3.put("uploads", "a", "spoilt");
  s3.put("uploads", "own", "stays");
  const refused = await restore("--force");
  expect(refused).toMatchObject({ code: 13, stderr: expect.stringContaining("--accept-loss") });
  expect(s3.contents("uploads").get("a")).toBe("spoilt");
  expect(await restore("--force", "--accept-loss")).toMatchObject({ code: 0 });
  expect(s3.contents("uploads")).toEqual(
    new Map([
      ["a", "second"],
      ["own", "stays"],
    ]),
  );
});

test("nothing there is told from what cannot be asked, and neither leaves a list [J4, K3]", async () => {
  expect(await restore("--force")).toMatchObject({ code: 10, stderr: expect.stringContaining("backup bucket") });
  s3.failWith = 503;
  expect(await restore("--force")).toMatchObject({ code: 14 });
  expect(await backUp()).toMatchObject({ code: 14 });
  s3.failWith = 403;
  expect(await backUp()).toMatchObject({ code: 14 });
  s3.failWith = undefined;
  s3.dropBucket("uploads");
  expect((await backUp()).code).not.toBe(0);
  expect(lists()).toEqual([]);
});

test("an answer that is cut off is no content, and one object that is damaged keeps no other from it [J4, K3]", async () => {
  s3.put("uploads", "c", "whole");
  s3.damage("uploads", "c", "content");
  const { code, stdout } = await backUp();
  expect([code, JSON.parse(stdout)]).toMatchObject([3, { buckets: [{ unread: [{ key: "c" }], objects: 1 }] }]);
  await nextSecond();
  s3.put("uploads", "c", "whole again");
  s3.stopsIn = { of: (path) => path === "/uploads/c", how: "cut" };
  expect(JSON.parse((await backUp()).stdout)).toMatchObject({ buckets: [{ unread: [{ key: "c" }, { key: "c" }] }] });
  s3.stopsIn = { of: (path) => path.includes("/objects/"), how: "cut" };
  s3.put("other", "x", "stays");
  expect((await restore("--into", "other", "--force")).code).not.toBe(0);
  s3.stopsIn = undefined;
  expect(await restore("--into", "other", "--force")).toMatchObject({ code: 3 });
  expect(s3.contents("other")).toEqual(
    new Map([
      ["a", "second"],
      ["x", "stays"],
    ]),
  );
});

test("a content with another byte than was written is told, and is not sent; whole again it is [J4]", async () => {
  s3.put("uploads", "c", "as it was written");
  s3.damage("uploads", "c", "flipped");
  const { code, stdout } = await backUp();
  const why = expect.stringContaining("not those that were written");
  expect([code, JSON.parse(stdout)]).toMatchObject([3, { buckets: [{ unread: [{ key: "c", why }], objects: 1 }] }]);
  await nextSecond();
  s3.put("uploads", "c", "as it was written");
  expect([...s3.contents("far").values()]).not.toContain("`s it was written");
});

test("a bucket that shows nothing any more leaves the list by which it comes back: 13 [J4, K6]", async () => {
  expect((await backUp()).code).toBe(0);
  const before = lists();
  await nextSecond();
  s3.dropBucket("uploads");
  s3.makeBucket("uploads");
  const { code, stdout } = await backUp();
  const message = expect.stringContaining("had 3 versions in its last list");
  expect([code, JSON.parse(stdout)]).toMatchObject([13, { buckets: [{ outcome: "failed", message }] }]);
  expect(lists()).toEqual(before);
  expect(await restore("--force")).toMatchObject({ code: 0 });
  expect(s3.contents("uploads").get("a")).toBe("second");
});

test("a content that is gone, and is listed for all that, is told, and its list does not leave it out [J4, K3]", async () => {
  s3.put("uploads", "c", "whole");
  s3.damage("uploads", "c", "missing");
  const { code, stdout } = await backUp();
  const why = expect.stringContaining("lists it, and has no content");
  expect([code, JSON.parse(stdout)]).toMatchObject([3, { buckets: [{ unread: [{ key: "c", why }], versions: 5 }] }]);
});

test("contents elsewhere that somebody has changed are refused, by name [J4, N1]", async () => {
  expect((await backUp()).code).toBe(0);
  const [object = ""] = [...s3.contents("far")].find(([, content]) => content === "second") ?? [];
  s3.damage("far", object, "lost");
  s3.put("far", object, "forged");
  const { code, stdout } = await restore("--into", "other", "--force", "--json");
  expect([code, JSON.parse(stdout)]).toMatchObject([3, { failed: [{ key: "a" }] }]);
  expect(s3.contents("other").get("a")).not.toBe("forged");
});

test("what the settings lack is said before anything is asked [K3]", async () => {
  expect(await lifeboat("backup", "bucket", "nope")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("prod/uploads"),
  });
  const other = { ...env, LIFEBOAT_BUCKET_KEY: JSON.stringify(writer) };
  expect(await site.lifeboat(["backup", "bucket"], { env: other })).toMatchObject({ code: 14 });
  expect(await restore("--at", "yesterday", "--force")).toMatchObject({ code: 2 });
});

test("status tells a bucket that is not mirrored, or no more, and whose lists somebody has changed [J4, C1]", async () => {
  const next = "lifeboat backup bucket prod/uploads, which a timer is to run once a day";
  expect((await status()).problems).toEqual([`the bucket uploads is mirrored nowhere: ${next}`]);
  await backUp();
  expect(await status()).toMatchObject({ problems: [], mirrors: [{ bucket: "uploads", count: 1, doubts: [] }] });
  const old = [...s3.contents("far")].filter(([key]) => key.includes("/lists/"));
  for (const [key, content] of old) {
    s3.damage("far", key, "lost");
    s3.put("far", key.replace(/lists\/[^/]+\//u, "lists/2026-01-01-000000Z/"), Buffer.from(content));
  }
  expect((await status()).problems).toEqual([`the bucket uploads was last mirrored at 2026-01-01-000000Z: ${next}`]);
  const [sums = ""] = [...s3.contents("far").keys()].filter((key) => key.endsWith("SHA256SUMS"));
  s3.put("far", sums, "another");
  expect((await status()).problems?.at(-1)).toMatch(/somebody has changed .* bucket uploads: .* written 2 times/u);
});
