import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import { clientOf } from "../../../scripts/clients/object-store/s3-client";
import { S3Contents } from "../../../scripts/clients/object-store/s3-contents";
import { S3Store } from "../../../scripts/clients/object-store/s3-store";
import { S3Versions } from "../../../scripts/clients/object-store/s3-versions";
import { OffsiteMirror } from "../../../scripts/clients/offsite-mirrors";
import type { OpenBucket, OpenMirror } from "../../../scripts/project/mirrored-buckets";
import { mirrorBucket } from "../../../scripts/recovery/mirror-bucket/mirror";
import { planBucket, restoreBucket } from "../../../scripts/recovery/restore-bucket/restore";
import { offsiteReaderPolicy, writerPolicy } from "../../../site/offsite/policies";
import type { KeyPair } from "../../../site/settings/environment";
import { createKeyPair } from "../../../site/state-store/keys";
import { PointInTimeGuest } from "../../support/database-guest/point-in-time-guest";
import { certificateFiles, ensureCertificates } from "../../sandbox/server/certificates";
import { makeIdentity } from "../support/minio-admin";
import { MinioServer } from "../support/minio-server";
import { type AnyRequest, send, type Sender, trustAuthority } from "../support/signed-requests";
import { firstUseLimit } from "../support/toolchain";

// A bucket of the site on a real MinIO, mirrored to a locked bucket by the key that can remove nothing, and brought back from there.
const folder = mkdtempSync(join(tmpdir(), "lifeboat-mirrored-"));
const [uploads, far] = ["shop-uploads", "far-away"];
const root = { accessKey: MinioServer.accessKey, secretKey: MinioServer.secretKey };
const [writer, reader, owner] = [createKeyPair("writer"), createKeyPair("reader"), createKeyPair("uploads")];
let minio: MinioServer;
let authority: string;
let tls: { readonly folder: string; readonly ca: string };

jest.setTimeout(5 * 60_000);

beforeAll(async () => {
  const ca = await ensureCertificates(join(folder, "ca"), [{ node: "s3", names: ["127.0.0.1"] }]);
  const { certificate, key } = certificateFiles(join(folder, "ca"), "s3");
  mkdirSync(join(folder, "certificates"));
  copyFileSync(certificate, join(folder, "certificates", "public.crt"));
  copyFileSync(key, join(folder, "certificates", "private.key"));
  authority = readFileSync(ca, "utf8");
  tls = { folder: join(folder, "certificates"), ca: authority };
  minio = await MinioServer.start(join(folder, "data"), { tls });
  trustAuthority(authority);
  await makeBucket(uploads);
  await makeBucket(far, { "x-amz-bucket-object-lock-enabled": "true" });
  const lock =
    "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>30</Days></DefaultRetention></Rule></ObjectLockConfiguration>";
  await asRoot({ method: "PUT", path: `/${far}`, query: { "object-lock": "" }, body: lock, headers: md5(lock) });
  await makeIdentity(minio.endpoint, root, writer, writerPolicy(far, "minio"));
  await makeIdentity(minio.endpoint, root, reader, offsiteReaderPolicy(far, "minio"));
  const secret = `arn:aws:s3:::${uploads}/secret/*`;
  const policy = offsiteReaderPolicy(uploads, "minio");
  const deny = { Effect: "Deny" as const, Action: ["s3:GetObject", "s3:GetObjectVersion"], Resource: [secret] };
  await makeIdentity(minio.endpoint, root, owner, { ...policy, Statement: [...policy.Statement, deny] });
}, firstUseLimit);

afterAll(async () => {
  await minio.stop();
  rmSync(folder, { recursive: true, force: true });
});

const md5 = (body: string) => ({ "content-md5": createHash("md5").update(body).digest("base64") });

/** @throws Error for anything but success */
async function as(who: Sender, request: AnyRequest, { endpoint } = minio): Promise<string> {
  const { status, text } = await send(endpoint, who, request);
  if (status >= 300) throw new Error(`${request.method} ${request.path}: ${String(status)} ${text}`);
  return text;
}

const asRoot = (request: AnyRequest): Promise<string> => as(root, request);

async function makeBucket(name: string, headers: Readonly<Record<string, string>> = {}, server = minio): Promise<void> {
  await as(root, { method: "PUT", path: `/${name}`, headers }, server);
  await keepVersions(name, server);
}

async function keepVersions(name: string, server: MinioServer): Promise<void> {
  const body = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
  await as(root, { method: "PUT", path: `/${name}`, query: { versioning: "" }, body }, server);
}

async function write(name: string, key: string, body: string, headers: Readonly<Record<string, string>> = {}) {
  await asRoot({ method: "PUT", path: `/${name}/${key}`, body, headers: { ...md5(body), ...headers } });
}

/** A server over data that lie somewhere, for as long as something is done with it. */
async function servedFrom<T>(data: string, work: (server: MinioServer) => Promise<T>): Promise<T> {
  const server = await MinioServer.start(data, { tls });
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}

const remove = (name: string, key: string) => asRoot({ method: "DELETE", path: `/${name}/${key}` });

const optionsOf = (bucket: string, credentials: KeyPair, { endpoint } = minio) => ({
  bucket,
  credentials,
  endpoint,
  region: "us-east-1",
  ca: authority,
});

function bucketOf(name: string, key: KeyPair, server = minio): OpenBucket {
  const place = `s3://${name} at ${server.endpoint}`;
  const options = optionsOf(name, key, server);
  return { place, listing: new S3Store(options), contents: new S3Contents(options, place) };
}

function mirrorOf(source: OpenBucket, name = "buckets/prod/uploads"): OpenMirror {
  const store = new S3Versions(optionsOf(far, reader));
  const place = `s3://${far} at ${minio.endpoint}`;
  return {
    source,
    far: new OffsiteMirror(store, name),
    writer: new S3Contents(optionsOf(far, writer), place),
    folder: name,
  };
}

const { signal } = new AbortController();
let clock = Date.now() - 20 * 86_400_000;

/** A run of the next day. */
function mirror(source = bucketOf(uploads, owner), stop: AbortSignal = signal) {
  clock += 86_400_000;
  return mirrorBucket(mirrorOf(source), { now: clock, signal: stop, progress: () => undefined });
}

async function restore(name: string, at?: string) {
  const [from, into] = [mirrorOf(bucketOf(uploads, owner)).far, bucketOf(name, root)];
  const planned = await planBucket(from, into, at);
  return { plan: planned.plan, ...(await restoreBucket(planned, from, into, { signal, onBytes: () => undefined })) };
}

/** Every version, by key and newest first, with its content; `-` for the mark of a deletion. */
async function historyOf(name: string): Promise<string[]> {
  const store = new S3Versions(optionsOf(name, root));
  const versions = await store.versions("");
  return Promise.all(
    versions.map(async ({ key, versionId, deleteMarker }) =>
      deleteMarker ? `${key} -` : `${key} ${(await store.read(key, versionId)).toString("utf8")}`,
    ),
  );
}

async function emptied(name: string): Promise<void> {
  const client = clientOf(optionsOf(name, root));
  for (const { key, versionId } of await new S3Versions(optionsOf(name, root)).versions("")) {
    await client.send(new DeleteObjectCommand({ Bucket: name, Key: key, VersionId: versionId }));
  }
  client.destroy();
}

const odd = "a \"b'c;d$x/ü.txt";
const large = "0123456789abcdef".repeat(400_000);

test("a bucket is mirrored with its versions, and every one comes back in its order into an empty one [J4]", async () => {
  await write(uploads, "logo.svg", "first", { "content-type": "image/svg+xml", "x-amz-meta-owner": "anna" });
  await write(uploads, "logo.svg", "second", { "content-type": "image/svg+xml", "x-amz-meta-owner": "anna" });
  await write(uploads, "gone.txt", "was here");
  await remove(uploads, "gone.txt");
  const sum = md5("odd")["content-md5"];
  await bucketOf(uploads, root).contents.put(odd, { body: Readable.from([Buffer.from("odd")]), bytes: 3, md5: sum });
  await write(uploads, "large.bin", large);
  await write(uploads, "empty", "");
  expect(await mirror()).toMatchObject({ versioned: true, objects: 4, versions: 7, unread: [], sent: { versions: 6 } });
  const before = await historyOf(uploads);
  await makeBucket("other");
  const { plan, failed } = await restore("other");
  expect([plan.whole, plan.versions.length, failed]).toEqual([true, 7, []]);
  expect(await historyOf("other")).toEqual(before);
  const { headers } = await bucketOf("other", root)
    .contents.open("logo.svg", "null")
    .catch(() => ({ headers: {} }));
  expect(headers).toMatchObject({ "content-type": "image/svg+xml", "x-amz-meta-owner": "anna" });
});

test("the next day only what is new is sent, and each day comes back as it was [J4, 003 DOD2]", async () => {
  const [first] = await mirrorOf(bucketOf(uploads, owner)).far.lists();
  await write(uploads, "logo.svg", "third");
  await write(uploads, "new.txt", "new");
  await remove(uploads, "large.bin");
  expect(await mirror()).toMatchObject({ objects: 4, versions: 10, sent: { versions: 2, bytes: 8 } });
  // Somebody encrypts everything, with a right that hides what was there.
  for (const key of ["logo.svg", "new.txt", "empty", "large.bin"]) await write(uploads, key, "ENCRYPTED");
  await write(uploads, "READ-ME", "pay");
  expect(await restore(uploads)).toMatchObject({
    plan: { whole: false, same: 1, others: 1, versions: [{ over: "other" }, { over: "other" }, { over: "other" }] },
    failed: [],
  });
  const read = async (key: string) => (await new S3Store(optionsOf(uploads, root)).read(key)).toString("utf8");
  expect([await read("logo.svg"), await read("new.txt"), await read("empty"), await read("READ-ME")]).toEqual([
    "third",
    "new",
    "",
    "pay",
  ]);
  const at = new Date(first?.time ?? 0).toISOString().slice(0, 19);
  expect(await restore(uploads, `${at}Z`)).toMatchObject({ failed: [] });
  expect([await read("logo.svg"), (await read("large.bin")).length]).toEqual(["second", large.length]);
});

test("what the key may not read is named, and the rest is mirrored; the bucket's loss is known by its name [J4]", async () => {
  await write(uploads, "secret/plans", "nobody reads it");
  const { unread } = await mirror();
  expect(unread).toEqual([
    expect.objectContaining({ key: "secret/plans", why: expect.stringContaining("Access Denied") }),
  ]);
  await emptied(uploads);
  const { plan, failed } = await restore(uploads);
  expect([plan.whole, plan.unread.map(({ key }) => key), failed]).toEqual([true, ["secret/plans"], []]);
});

test("a run that is cut off leaves the lists as they are, and the next one takes what it has sent [J4, K4]", async () => {
  for (let index = 0; index < 40; index += 1) await write(uploads, `many/${String(index)}`, `content ${String(index)}`);
  const lists = async () => (await mirrorOf(bucketOf(uploads, owner)).far.lists()).map(({ name }) => name);
  const before = await lists();
  const cut = new AbortController();
  const source = bucketOf(uploads, owner);
  const { contents } = source;
  const open = contents.open.bind(contents);
  let count = 0;
  jest.spyOn(contents, "open").mockImplementation((key, versionId) => {
    count += 1;
    if (count === 30) cut.abort();
    return open(key, versionId);
  });
  await expect(mirror(source, cut.signal)).rejects.toThrow("aborted");
  expect(await lists()).toEqual(before);
  const again = await mirror();
  expect(again.unread).toEqual([]);
  expect((await lists()).length).toBe(before.length + 1);
});

test("what was put under a name beforehand, or changed there since, never comes back as something else [J4, N1]", async () => {
  await write(uploads, "honest", "mine");
  await mirror();
  const { far: lying } = mirrorOf(bucketOf(uploads, owner));
  const [list] = await lying.lists();
  const content = list && (await lying.read(list)).versions.find(({ key }) => key === "honest")?.content;
  const key = `/${far}/buckets/prod/uploads/${content?.object ?? ""}`;
  const forged = { method: "PUT" as const, path: key, body: "forged", headers: md5("forged") };
  expect((await send(minio.endpoint, writer, forged)).status).toBe(200);
  await remove(uploads, "honest");
  expect(await restore(uploads)).toMatchObject({ failed: [] });
  expect((await new S3Store(optionsOf(uploads, root)).read("honest")).toString("utf8")).toBe("mine");
});

test("a bucket that is not there, or a key that is refused, is no empty bucket [J4]", async () => {
  const count = async () => (await mirrorOf(bucketOf(uploads, owner)).far.lists()).length;
  const before = await count();
  await expect(mirror(bucketOf("no-such-bucket", root))).rejects.toMatchObject({ exitCode: 14 });
  await expect(mirror(bucketOf(uploads, writer))).rejects.toMatchObject({ kind: "denied" });
  expect(await count()).toBe(before);
});

(process.getuid?.() === 0 ? describe : describe.skip)("a bucket with the WAL of a cluster", () => {
  const [source, wal] = ["shop", "recovery"];
  let web: PointInTimeGuest;

  beforeAll(async () => {
    web = await PointInTimeGuest.start((line) => void process.stderr.write(`${line}\n`));
  }, firstUseLimit);

  afterAll(() => web?.stop());

  /** What the site's own server in the guest has, looked at while that stands still. */
  async function inStore<T>(work: (server: MinioServer) => Promise<T>): Promise<T> {
    await web.stopStore();
    try {
      return await servedFrom(web.guest.path("/srv/store/data"), work);
    } finally {
      await web.startStore();
    }
  }

  const mark = (number: number) => web.sql(`insert into marks values (${String(number)})`);
  const sql = "select string_agg(number::text, ',' order by number) from marks";

  test("its mirror elsewhere is enough: restored into an empty bucket of a new store, the cluster goes back to a point, and on from there [J3, J4, I7]", async () => {
    await inStore((server) => keepVersions(wal, server));
    await web.write(source, { keep: 1 });
    await web.mustVerb("install", source);
    await web.sql("create table marks (number int)");
    await mark(1);
    // Of the first nothing stays but versions.
    await web.mustVerb("backup", source, "full");
    await web.mustVerb("backup", source, "full");
    await mark(2);
    await web.sql("select pg_create_restore_point('before the loss')");
    await mark(3);
    await web.program(source).flush(signal);
    const mirrored = await inStore((server) => {
      const bucket = mirrorOf(bucketOf(wal, root, server), "buckets/prod/wal");
      return mirrorBucket(bucket, { now: Date.now(), signal, progress: () => undefined });
    });
    expect(mirrored).toMatchObject({ versioned: true, unread: [] });
    expect(mirrored.versions).toBeGreaterThan(mirrored.objects);

    await web.stopStore();
    await web.guest.must("rm -rf /srv/store/data && mkdir /srv/store/data");
    await web.startStore();
    const lost = await web.verb("check", source);
    expect([lost.exitCode, lost.stderr]).toEqual([1, expect.stringContaining("WAL does not arrive in the archive")]);
    await inStore(async (server) => {
      await makeBucket(wal, {}, server);
      const [from, into] = [mirrorOf(bucketOf(uploads, owner), "buckets/prod/wal").far, bucketOf(wal, root, server)];
      const planned = await planBucket(from, into, undefined);
      expect(planned.plan).toMatchObject({ whole: true, unread: [] });
      expect(await restoreBucket(planned, from, into, { signal, onBytes: () => undefined })).toMatchObject({
        failed: [],
      });
    });
    expect(await web.recover(source, "mirrored", { kind: "name", name: "before the loss" }, { sql })).toBe("1,2");
    await mark(4);
    await web.mustVerb("backup", source, "full");
    await mark(5);
    await web.sql("select pg_create_restore_point('afterwards')");
    await mark(6);
    await web.program(source).flush(signal);
    expect(await web.recover(source, "on", { kind: "name", name: "afterwards" }, { sql })).toBe("1,2,4,5");
  });
});
