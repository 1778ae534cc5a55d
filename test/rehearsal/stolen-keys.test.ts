import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MinioAdmin } from "../../scripts/clients/minio/minio-admin";
import { S3Store } from "../../scripts/clients/object-store/s3-store";
import type { KeyPair } from "../../site/settings/environment";
import { bucketInputs, recoveryBucketInputs } from "../../site/state-store/bucket-inputs";
import { createKeyPair } from "../../site/state-store/keys";
import { copierName, identityOf, readerOf } from "../../site/state-store/names";
import { copierPolicy, identityPolicy, readerPolicy } from "../../site/state-store/policies";
import { recoveryBucket, recoveryIdentity } from "../../site/state-store/recovery-names";
import { environmentOf } from "../support/example-environment";
import { storeSettings } from "../support/example-store";
import { tarOf, zipOf } from "./support/archives";
import { administer, makeIdentity } from "./support/minio-admin";
import { MinioServer } from "./support/minio-server";
import { type Answer, type AnyRequest, send, sendForm, type Sender } from "./support/signed-requests";

// What a real MinIO does to the history of a state for somebody who has stolen a key, by the project's own policies.
const folder = mkdtempSync(join(tmpdir(), "lifeboat-stolen-"));
const bucket = "lifeboat-state-prod";
const older = "lifeboat-state-lab";
const root = { accessKey: MinioServer.accessKey, secretKey: MinioServer.secretKey };
const owner = createKeyPair(identityOf("prod"));
const former = createKeyPair(identityOf("lab"));
const reader = createKeyPair(readerOf("prod"));
const copier = createKeyPair(copierName);
const [wal, foreign] = [recoveryBucket("prod/db"), recoveryBucket("prod/web")];
const guest = createKeyPair(recoveryIdentity("prod/db"));
let minio: MinioServer;

beforeAll(async () => {
  minio = await MinioServer.start(folder);
  const { stateStore } = environmentOf(storeSettings());
  if (stateStore === undefined) throw new Error("The example has a store.");
  const { bucket: inputs } = bucketInputs(stateStore, "prod");
  await makeBucket(inputs.bucket, inputs.objectLocking);
  await makeBucket(older, false);
  for (const name of ["prod/db", "prod/web"]) {
    const { bucket: recovery } = recoveryBucketInputs(name);
    await makeBucket(recovery.bucket, recovery.objectLocking);
  }
  const identities: [KeyPair, Parameters<typeof makeIdentity>[3]][] = [
    [owner, identityPolicy(bucket)],
    [former, identityPolicy(older)],
    [reader, readerPolicy(bucket)],
    [copier, copierPolicy([bucket, older])],
    [guest, identityPolicy(wal)],
  ];
  for (const [key, policy] of identities) await makeIdentity(minio.endpoint, root, key, policy);
});

afterAll(async () => {
  await minio.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What the answer was, in one line. */
function said({ status, text }: Answer): string {
  const code = /<Code>(\w+)<\/Code>|"Code":"(\w+)"/u.exec(text);
  return [status, code?.[1] ?? code?.[2]].filter((part) => part !== undefined).join(" ");
}

const as = async (who: Sender, request: AnyRequest): Promise<Answer> => send(minio.endpoint, who, request);
const ask = async (who: Sender, request: AnyRequest): Promise<string> => said(await as(who, request));

async function makeBucket(name: string, objectLocking: boolean): Promise<void> {
  const headers = objectLocking ? { "x-amz-bucket-object-lock-enabled": "true" } : {};
  expect(await ask(root, { method: "PUT", path: `/${name}`, headers })).toBe("200");
  const body = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
  expect(await ask(root, { method: "PUT", path: `/${name}`, query: { versioning: "" }, body })).toBe("200");
}

interface Version {
  readonly id: string;
  readonly isLatest: boolean;
  readonly content: string;
}

/** Every version that a listing shows of an object, newest first, with what it holds. */
async function versionsOf(name: string, key: string): Promise<Version[]> {
  const { text } = await as(root, { method: "GET", path: `/${name}`, query: { versions: "", prefix: key } });
  const found = [...text.matchAll(/<Version>(.*?)<\/Version>/gsu)].map(([, entry = ""]) => ({
    id: /<VersionId>(.*?)</u.exec(entry)?.[1] ?? "",
    isLatest: entry.includes("<IsLatest>true"),
  }));
  return Promise.all(
    found.map(async ({ id, isLatest }) => {
      const { text: content } = await as(root, { method: "GET", path: `/${name}/${key}`, query: { versionId: id } });
      return { id, isLatest, content };
    }),
  );
}

function hasObjectLock(credentials: KeyPair, name: string): Promise<boolean> {
  return new S3Store({ bucket: name, endpoint: minio.endpoint, region: "us-east-1", credentials }).hasObjectLock();
}

const contentsOf = async (name: string, key: string): Promise<string[]> =>
  (await versionsOf(name, key)).map(({ content }) => content);

/** A state that was written twice, as Pulumi does. @returns the id of the first version */
async function history(who: KeyPair, name: string, key: string): Promise<string> {
  for (const body of ["first", "second"]) {
    expect(await ask(who, { method: "PUT", path: `/${name}/${key}`, body })).toBe("200");
  }
  const [, first] = await versionsOf(name, key);
  return first?.id ?? "";
}

const force = { "x-minio-force-delete": "true" };

describe("an environment's key", () => {
  test("forces nothing away: neither an object, nor a prefix, nor the bucket [N1]", async () => {
    await history(owner, bucket, "force/state");
    const places = [`/${bucket}/force/state`, `/${bucket}/force/`, `/${bucket}/`];
    const answers = [];
    for (const path of places) answers.push(await ask(owner, { method: "DELETE", path, headers: force }));
    expect(answers).toEqual(["400 XMinioAdminInvalidArgument", "400 XMinioAdminInvalidArgument", "403 AccessDenied"]);
    expect(await contentsOf(bucket, "force/state")).toEqual(["second", "first"]);
  });

  test("writes into no version that is there: by no kind of upload, copy or form [N1]", async () => {
    const versionId = await history(owner, bucket, "version/state");
    const path = `/${bucket}/version/state`;
    const started = await as(owner, { method: "POST", path, query: { uploads: "" } });
    const uploadId = /<UploadId>(.*?)</u.exec(started.text)?.[1] ?? "";
    const attempts: AnyRequest[] = [
      { method: "PUT", path, query: { versionId }, body: "forged" },
      { method: "PUT", path, query: { versionId: "null" }, body: "forged" },
      { method: "PUT", path, query: { versionId }, headers: { "x-amz-copy-source": path } },
      { method: "POST", path, query: { uploads: "", versionId } },
      { method: "POST", path, query: { uploadId, versionId }, body: "<CompleteMultipartUpload/>" },
      { method: "DELETE", path, query: { versionId } },
    ];
    for (const attempt of attempts) expect([attempt, await ask(owner, attempt)]).toEqual([attempt, "403 AccessDenied"]);
    expect(said(await sendForm(minio.endpoint, owner, bucket, "version/state", { versionId }))).toBe(
      "403 AccessDenied",
    );
    expect(await contentsOf(bucket, "version/state")).toEqual(["second", "first"]);
    expect(said(await sendForm(minio.endpoint, owner, bucket, "version/state", {}))).toBe("204");
  });

  test("still does all that Pulumi and a restore do [B3, N1]", async () => {
    const versionId = await history(owner, bucket, "use/state");
    const path = `/${bucket}/use/state`;
    const copied = { method: "PUT", path: `/${bucket}/use/backup`, headers: { "x-amz-copy-source": path } } as const;
    expect(await ask(owner, copied)).toBe("200");
    expect((await as(owner, { method: "GET", path, query: { versionId } })).text).toBe("first");
    expect(await hasObjectLock(owner, bucket)).toBe(true);
    // No retention: what Pulumi locks with goes.
    expect(await ask(owner, { method: "DELETE", path })).toBe("204");
    expect(await ask(owner, { method: "GET", path })).toBe("404 NoSuchKey");
    expect(await ask(root, { method: "DELETE", path, query: { versionId } })).toBe("204");
    expect(await contentsOf(bucket, "use/state")).toEqual(["second"]);
    const rule = "<Rule><ID>x</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter>";
    const expiry = "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>";
    const old = "<NoncurrentVersionExpiration><NoncurrentDays>90</NoncurrentDays></NoncurrentVersionExpiration>";
    const body = `<LifecycleConfiguration>${rule}${expiry}${old}</Rule></LifecycleConfiguration>`;
    const headers = { "content-md5": createHash("md5").update(body).digest("base64") };
    expect(await ask(root, { method: "PUT", path: `/${bucket}`, query: { lifecycle: "" }, headers, body })).toBe("200");
  });

  // What this server leaves open: the promise is the copy offsite (docs/decisions/0007). Red when it does so no longer.
  test("can write into versions by an archive that the server unpacks: open [N1]", async () => {
    const versionId = await history(owner, bucket, "archive/state");
    const body = tarOf("archive/state", "forged", { "minio.versionId": versionId });
    const headers = { "x-amz-meta-snowball-auto-extract": "true" };
    expect(await ask(owner, { method: "PUT", path: `/${bucket}/any.tar`, headers, body })).toBe("200");
    expect(await contentsOf(bucket, "archive/state")).toEqual(["second", "forged"]);
  });

  test("can write a state that stays the newest, by a time to come: open, and no version goes [N1]", async () => {
    await history(owner, bucket, "future/state");
    const path = `/${bucket}/future/state`;
    const headers = { "x-minio-source-mtime": "2099-01-01T00:00:00Z" };
    expect(await ask(owner, { method: "PUT", path, headers, body: "forged" })).toBe("200");
    expect(await ask(owner, { method: "PUT", path, body: "third" })).toBe("200");
    expect((await as(owner, { method: "GET", path })).text).toBe("forged");
    expect(await contentsOf(bucket, "future/state")).toEqual(["forged", "third", "second", "first"]);
  });
});

/** A header by which MinIO takes an object for one that was written so many days ago. */
const ago = (days: number) => ({
  "x-minio-source-mtime": new Date(Date.now() - days * 86_400_000).toISOString().replace(/\.\d+Z$/u, "Z"),
});

describe("a guest's key for WAL", () => {
  const segment = "prod/db/archive/shop/15-1/0000000100000000/000000010000000000000001";
  const path = `/${wal}/${segment}`;

  test("hides a segment and writes over it: what was there stays, and is back when what hides it is gone [I7, N1]", async () => {
    expect(await ask(guest, { method: "PUT", path, body: "archived" })).toBe("200");
    expect(await ask(guest, { method: "PUT", path, body: "forged" })).toBe("200");
    expect(await ask(guest, { method: "DELETE", path })).toBe("204");
    expect(await ask(guest, { method: "GET", path })).toBe("404 NoSuchKey");
    expect(await contentsOf(wal, segment)).toEqual(["forged", "archived"]);
    const { text } = await as(root, { method: "GET", path: `/${wal}`, query: { versions: "", prefix: segment } });
    const marker = /<DeleteMarker>.*?<VersionId>(.*?)</su.exec(text)?.[1] ?? "";
    const [forged] = await versionsOf(wal, segment);
    for (const versionId of [marker, forged?.id ?? ""]) {
      expect(await ask(guest, { method: "DELETE", path, query: { versionId } })).toBe("403 AccessDenied");
      expect(await ask(root, { method: "DELETE", path, query: { versionId } })).toBe("204");
    }
    expect((await as(guest, { method: "GET", path })).text).toBe("archived");
  });

  test("forces nothing away, and changes neither versions, nor their expiry, nor lock or policy [I7, N1]", async () => {
    const kept = await history(guest, wal, "config/pgbackrest");
    const object = `/${wal}/config/pgbackrest`;
    const change = (what: string, body: string): AnyRequest => ({
      method: "PUT",
      path: `/${wal}`,
      query: { [what]: "" },
      body,
      headers: { "content-md5": createHash("md5").update(body).digest("base64") },
    });
    const expiry = "<Filter><Prefix></Prefix></Filter><Expiration><Days>1</Days></Expiration>";
    const refused: AnyRequest[] = [
      { method: "DELETE", path: `/${wal}/`, headers: force },
      { method: "DELETE", path: `/${wal}` },
      { method: "DELETE", path: object, query: { versionId: kept } },
      { method: "PUT", path: object, query: { versionId: kept }, body: "forged" },
      change("versioning", "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>"),
      change(
        "lifecycle",
        `<LifecycleConfiguration><Rule><ID>x</ID><Status>Enabled</Status>${expiry}</Rule></LifecycleConfiguration>`,
      ),
      change("policy", '{"Version":"2012-10-17","Statement":[]}'),
      { method: "DELETE", path: `/${wal}`, query: { lifecycle: "" } },
    ];
    for (const attempt of refused) expect([attempt, await ask(guest, attempt)]).toEqual([attempt, "403 AccessDenied"]);
    for (const place of [object, `/${wal}/config/`])
      expect(await ask(guest, { method: "DELETE", path: place, headers: force })).toBe(
        "400 XMinioAdminInvalidArgument",
      );
    expect(await contentsOf(wal, "config/pgbackrest")).toEqual(["second", "first"]);
  });

  test("opens neither the bucket of another guest nor a state [I7, B2, N1]", async () => {
    for (const name of [foreign, bucket]) {
      expect(await ask(root, { method: "PUT", path: `/${name}/theirs`, body: "theirs" })).toBe("200");
      for (const request of [
        { method: "GET", path: `/${name}` },
        { method: "GET", path: `/${name}/theirs` },
        { method: "PUT", path: `/${name}/theirs`, body: "forged" },
        { method: "PUT", path: `/${wal}/copied`, headers: { "x-amz-copy-source": `/${name}/theirs` } },
        { method: "DELETE", path: `/${name}/theirs` },
      ] satisfies AnyRequest[]) {
        expect([request, await ask(guest, request)]).toEqual([request, "403 AccessDenied"]);
      }
      expect(await contentsOf(name, "theirs")).toEqual(["theirs"]);
    }
  });

  // Open as with the key of a state. Red when this server does so no longer.
  test("can write into versions of WAL by an archive that the server unpacks: open [I7, N1]", async () => {
    const versionId = await history(guest, wal, "unpacked");
    const body = tarOf("unpacked", "forged", { "minio.versionId": versionId });
    const headers = { "x-amz-meta-snowball-auto-extract": "true" };
    expect(await ask(guest, { method: "PUT", path: `/${wal}/any.tar`, headers, body })).toBe("200");
    expect(await contentsOf(wal, "unpacked")).toEqual(["second", "forged"]);
  });

  test("can have WAL that lies there for long expire at once, by a time of before: open [I7, N1]", async () => {
    const { rules } = recoveryBucketInputs("prod/db").lifecycle;
    const [{ noncurrentVersionExpirationDays: days } = { noncurrentVersionExpirationDays: 0 }] = rules;
    const old = `<NoncurrentVersionExpiration><NoncurrentDays>${String(days)}</NoncurrentDays></NoncurrentVersionExpiration>`;
    const rule = `<Rule><ID>x</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter>${old}</Rule>`;
    const body = `<LifecycleConfiguration>${rule}</LifecycleConfiguration>`;
    const headers = { "content-md5": createHash("md5").update(body).digest("base64") };
    expect(await ask(root, { method: "PUT", path: `/${wal}`, query: { lifecycle: "" }, headers, body })).toBe("200");
    const place = `/${wal}/expired`;
    expect(await ask(root, { method: "PUT", path: place, headers: ago(days + 20), body: "archived" })).toBe("200");
    expect(await ask(guest, { method: "PUT", path: place, headers: ago(days + 10), body: "forged" })).toBe("200");
    const { text } = await as(root, { method: "GET", path: `/${wal}`, query: { versions: "", prefix: "expired" } });
    const ids = [...text.matchAll(/<VersionId>(.*?)</gu)].map(([, id = ""]) => id);
    const read = await as(root, { method: "GET", path: place, query: { versionId: ids.at(-1) ?? "" } });
    expect([ids.length, said(read)]).toEqual([2, "404 NoSuchVersion"]);
  });
});

test("a bucket without object lock loses all versions to its key, until lock is imported into it [N1]", async () => {
  const deletion = { method: "DELETE", path: `/${older}/state`, headers: force } as const;
  expect(await hasObjectLock(former, older)).toBe(false);
  await expect(hasObjectLock(root, "lifeboat-state-none")).rejects.toMatchObject({ kind: "no-bucket" });
  await history(former, older, "state");
  expect(await ask(former, deletion)).toBe("204");
  expect(await versionsOf(older, "state")).toEqual([]);
  await history(former, older, "state");
  const lock = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>";
  const body = zipOf(`${older}/object-lock.xml`, lock);
  const path = "/minio/admin/v3/import-bucket-metadata";
  expect(await ask(root, { method: "PUT", path, query: { bucket: older }, body })).toBe("200");
  expect(await ask(former, deletion)).toBe("400 XMinioAdminInvalidArgument");
  expect(await contentsOf(older, "state")).toEqual(["second", "first"]);
  expect(await hasObjectLock(former, older)).toBe(true);
});

describe.each([
  ["an environment's key", owner, bucket],
  ["a reader's key", reader, bucket],
  ["the copier's key", copier, bucket],
  ["a guest's key for WAL", guest, wal],
])("%s", (_, key, place) => {
  const admin = async (
    ...words: [method: AnyRequest["method"], call: string, query: Record<string, string>, sealed: object]
  ) => said(await administer(minio.endpoint, key, words[0], words[1], words[2], { sealed: words[3] }));

  test("makes no other key, and changes no secret, its own neither [N1]", async () => {
    const other = { accessKey: "another", secretKey: "another-secret" };
    expect(await admin("PUT", "add-service-account", {}, other)).toBe("403 AccessDenied");
    const own = { accessKey: key.accessKey };
    expect(await admin("PUT", "add-user", own, { secretKey: "changed-secret", status: "enabled" })).toBe(
      "403 AccessDenied",
    );
    expect(await ask(key, { method: "GET", path: `/${place}` })).toBe("200");
  });

  test("gets credentials for a year, which open nothing [N1]", async () => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const body = "Action=AssumeRole&Version=2011-06-15&DurationSeconds=31536000";
    const given = await send(minio.endpoint, key, { method: "POST", path: "/", headers, body }, "sts");
    const field = (name: string): string => new RegExp(`<${name}>(.*?)<`, "u").exec(given.text)?.[1] ?? "";
    const temporary = {
      accessKey: field("AccessKeyId"),
      secretKey: field("SecretAccessKey"),
      sessionToken: field("SessionToken"),
    };
    expect(temporary.accessKey).not.toBe("");
    expect(await ask(temporary, { method: "GET", path: `/${place}` })).toBe("403 AccessDenied");
    expect(await ask(temporary, { method: "GET", path: `/${place}/use/backup` })).toBe("403 AccessDenied");
    const sealed = { accessKey: "another", secretKey: "another-secret" };
    const made = await administer(minio.endpoint, temporary, "PUT", "add-service-account", {}, { sealed });
    expect(said(made)).toBe("403 AccessDenied");
  });
});

test("an identity goes with the keys that it has made, and with nothing of another one [N1]", async () => {
  const other = createKeyPair(identityOf("other"));
  await makeIdentity(minio.endpoint, root, former, formerPolicy(older));
  const accounts = [
    { accessKey: "left-behind", secretKey: "left-behind-secret" },
    { accessKey: "left-too", secretKey: "left-too-secret" },
  ];
  for (const sealed of accounts) {
    expect(said(await administer(minio.endpoint, former, "PUT", "add-service-account", {}, { sealed }))).toBe("200");
  }
  await makeIdentity(minio.endpoint, root, other, formerPolicy(older));
  const kept = { accessKey: "of-another", secretKey: "of-another-secret" };
  await administer(minio.endpoint, other, "PUT", "add-service-account", {}, { sealed: kept });
  const look = { method: "GET", path: `/${older}` } as const;
  const all = [former, ...accounts, other, kept];
  const answers = () => Promise.all(all.map((key) => ask(key, look)));
  expect(await answers()).toEqual(["200", "200", "200", "200", "200"]);

  const admin = new MinioAdmin({ endpoint: minio.endpoint, region: "us-east-1", key: root });
  const before = await admin.identities();
  expect(before.accounts.get(former.accessKey)?.sort()).toEqual(["left-behind", "left-too"]);
  for (let time = 1; time <= 2; time += 1) {
    await admin.removeUser(former.accessKey);
    await admin.removePolicy(former.accessKey);
  }
  const after = await admin.identities();
  expect(after.users).not.toContain(former.accessKey);
  expect(before.users.filter((name) => !after.users.includes(name))).toEqual([former.accessKey]);
  expect([...after.accounts]).toEqual([[other.accessKey, ["of-another"]]]);
  const gone = "403 InvalidAccessKeyId";
  expect(await answers()).toEqual([gone, gone, gone, "200", "200"]);
  const reads = new MinioAdmin({ endpoint: minio.endpoint, region: "us-east-1", key: reader });
  await expect(reads.identities()).rejects.toMatchObject({ kind: "denied" });
});

/** As Lifeboat made it before it refused them: an identity may make keys for itself. */
function formerPolicy(name: string): ReturnType<typeof identityPolicy> {
  const { Version, Statement } = identityPolicy(name);
  return { Version, Statement: Statement.filter(({ Effect }) => Effect === "Allow") };
}
