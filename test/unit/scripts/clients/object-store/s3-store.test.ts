import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConditionFailed, NoSuchObject, StoreError } from "../../../../../scripts/clients/object-store/object-store";
import type { S3StoreOptions } from "../../../../../scripts/clients/object-store/s3-client";
import { S3Store } from "../../../../../scripts/clients/object-store/s3-store";
import { S3Server } from "../../../../support/s3-server";

let folder: string;
let server: S3Server;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-s3-"));
  server = await S3Server.start(folder, { writer: ["states"], stranger: ["others"] });
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  server.failWith = undefined;
  server.stopsIn = undefined;
  server.instead = undefined;
  server.dropBucket("states");
  server.makeBucket("states");
});

function storeOf(accessKey = "writer", rest: Partial<S3StoreOptions> = {}): S3Store {
  return new S3Store({
    bucket: "states",
    endpoint: server.endpoint,
    region: "us-east-1",
    ca: readFileSync(server.ca, "utf8"),
    credentials: { accessKey, secretKey: "not-a-real-key" },
    attempts: 1,
    ...rest,
  });
}

const impatient = (): S3Store => storeOf("writer", { requestTimeout: 200 });
const bytes = (text: string): Buffer => Buffer.from(text);

test("a new object does not take the place of one that is there [E3]", async () => {
  const store = storeOf();
  await store.write("a.json", bytes("1"), { ifNoneMatch: true });
  await expect(store.write("a.json", bytes("2"), { ifNoneMatch: true })).rejects.toThrow(ConditionFailed);
  expect(server.contents("states")).toEqual(new Map([["a.json", "1"]]));
});

test("an object that somebody else has changed, or removed, is not written over [E3]", async () => {
  const store = storeOf();
  await store.write("a.json", bytes("1"));
  const [seen] = await store.list("a.json");
  await store.write("a.json", bytes("2"), { ifMatch: seen?.etag ?? "" });
  await expect(store.write("a.json", bytes("3"), { ifMatch: seen?.etag ?? "" })).rejects.toThrow(ConditionFailed);
  expect(server.contents("states")).toEqual(new Map([["a.json", "2"]]));
  server.remove("states", "a.json");
  await expect(store.write("a.json", bytes("3"), { ifMatch: seen?.etag ?? "" })).rejects.toThrow(ConditionFailed);
  expect(server.contents("states")).toEqual(new Map());
});

test("a content that is put back is another write of it [E3, N2]", async () => {
  const store = storeOf();
  await store.write("a.json", bytes("1"));
  const first = await store.mark("a.json");
  expect(await store.mark("a.json")).toBe(first);
  await store.write("a.json", bytes("1"));
  expect(await store.mark("a.json")).not.toBe(first);
  await store.remove("a.json");
  await expect(store.mark("a.json")).rejects.toThrow(NoSuchObject);
  await expect(storeOf("stranger").mark("a.json")).rejects.toThrow(StoreError);
});

test("a large state is written to a store whose CA is the site's own [E3, N1]", async () => {
  const large = Buffer.alloc(3 * 2 ** 20, "state");
  await storeOf().write("large", large);
  expect((await storeOf().read("large")).equals(large)).toBe(true);
});

test("without a condition the newest write counts, and the versions before it can be read [E1]", async () => {
  const store = storeOf();
  await store.write("a.json", bytes("1"));
  await store.write("a.json", bytes("2"));
  await store.remove("a.json");
  const versions = await store.versions("a.json");
  expect(versions.map(({ latest, deleteMarker }) => [latest, deleteMarker])).toEqual([
    [true, true],
    [false, false],
    [false, false],
  ]);
  const contents = versions.slice(1).map(async ({ versionId }) => (await store.read("a.json", versionId)).toString());
  expect(await Promise.all(contents)).toEqual(["2", "1"]);
});

async function kindOf(read: Promise<unknown>): Promise<unknown> {
  const error: unknown = await read.catch((thrown: unknown) => thrown);
  return error instanceof StoreError ? error.kind : error;
}

test("'there is none' is told from 'not allowed', from 'no bucket' and from 'no answer' [K3]", async () => {
  expect(await kindOf(storeOf().read("a.json"))).toBeInstanceOf(NoSuchObject);
  expect(await kindOf(storeOf("stranger").read("a.json"))).toBe("denied");
  expect(await kindOf(storeOf("nobody").read("a.json"))).toBe("denied");
  server.failWith = 503;
  expect(await kindOf(storeOf().read("a.json"))).toBe("unreachable");
  server.failWith = undefined;
  server.stopsIn = undefined;
  server.dropBucket("states");
  expect(await kindOf(storeOf().read("a.json"))).toBe("no-bucket");
  expect(await kindOf(storeOf().list(""))).toBe("no-bucket");
});

test("an object that may not be read is not a damaged one, though others can be read [E6, K3]", async () => {
  for (const key of ["a.json", "b.json"]) server.put("states", key, "1");
  server.damage("states", "a.json", "refused");
  expect(await kindOf(storeOf().read("a.json"))).toBe("denied");
  expect((await storeOf().read("b.json")).toString()).toBe("1");
});

test("below a prefix an environment sees, writes and removes its own objects only [B2]", async () => {
  server.put("states", "other.json", "other");
  const store = storeOf("writer", { prefix: "prod" });
  await store.write("a.json", bytes("1"));
  expect((await store.list("")).map(({ key }) => key)).toEqual(["a.json"]);
  await store.remove("other.json");
  expect(server.contents("states")).toEqual(
    new Map([
      ["other.json", "other"],
      ["prod/a.json", "1"],
    ]),
  );
});

describe.each(["silent", "cut"] as const)("an answer that stops in the middle (%s)", (how) => {
  beforeEach(() => {
    server.put("states", "a.json", "1".repeat(100_000));
    server.put("states", "b.json", "2");
  });

  test("is no list of what there is: the store does not answer [E6, K2]", async () => {
    server.stopsIn = { of: (path) => path === "/states/", how };
    await expect(impatient().list("")).rejects.toMatchObject({ kind: "unreachable" });
    await expect(impatient().versions("")).rejects.toMatchObject({ kind: "unreachable" });
  });

  test("is no content: that object cannot be read, and others can [E6, K2]", async () => {
    server.stopsIn = { of: (path) => path === "/states/a.json", how };
    await expect(impatient().read("a.json")).rejects.toMatchObject({ kind: "unreadable", key: "a.json" });
    expect((await impatient().read("b.json")).toString()).toBe("2");
  });

  test("of all objects and lists is a store that does not answer [E6, K2]", async () => {
    server.stopsIn = { of: () => true, how };
    await expect(impatient().read("a.json")).rejects.toMatchObject({ kind: "unreachable" });
  });
});

const entry = (tag: string) => `<${tag}><Key>a.json</Key><VersionId>1</VersionId><Size>1</Size></${tag}>`;
const listing = (rest: string) => `<List><Name>states</Name>${entry("Contents")}${entry("Version")}${rest}</List>`;

describe("an answer that is no list of all that is there is told as that, and nothing is called missing [E6, K3]", () => {
  const next = {
    list: "<NextContinuationToken>on</NextContinuationToken>",
    versions: "<NextKeyMarker>on</NextKeyMarker>",
  };

  test.each([
    ["more follows, and nobody says where", listing("<IsTruncated>true</IsTruncated>")],
    ["it leads to itself again", listing(`<IsTruncated>true</IsTruncated>${next.list}${next.versions}`)],
    ["it does not say whether more follows", listing("")],
    ["an object has no name", "<List><IsTruncated>false</IsTruncated><Contents/><Version/></List>"],
    ["nothing", ""],
    ["a page for people", "<html><body>We are back soon.</body></html>"],
    ["half a list", "<List><IsTruncated>false</IsTruncated><Contents><Key>a.js"],
  ])("%s", async (_, text) => {
    server.instead = (path) => (path === "/states/" ? text : undefined);
    expect([await kindOf(storeOf().list("")), await kindOf(storeOf().versions(""))]).toEqual([
      "unreachable",
      "unreachable",
    ]);
  });

  test("a page for people is no object either", async () => {
    server.put("states", "a.json", "1");
    server.instead = () => "<html><body>We are back soon.</body></html>";
    expect([await kindOf(storeOf().read("a.json")), await kindOf(storeOf().mark("a.json"))]).toEqual([
      "unreachable",
      "unreachable",
    ]);
  });
});
