import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MinioAdmin } from "../../scripts/clients/minio/minio-admin";
import { S3Store } from "../../scripts/clients/object-store/s3-store";
import type { KeyPair } from "../../site/settings/environment";
import { bucketInputs } from "../../site/state-store/bucket-inputs";
import { createKeyPair } from "../../site/state-store/keys";
import { copierName, identityOf, readerOf } from "../../site/state-store/names";
import { copierPolicy, identityPolicy, readerPolicy } from "../../site/state-store/policies";
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
let minio: MinioServer;

beforeAll(async () => {
  minio = await MinioServer.start(folder);
  const { stateStore } = environmentOf(storeSettings());
  if (stateStore === undefined) throw new Error("The example has a store.");
  const { bucket: inputs } = bucketInputs(stateStore, "prod");
  await makeBucket(inputs.bucket, inputs.objectLocking);
  await makeBucket(older, false);
  const identities: [KeyPair, Parameters<typeof makeIdentity>[3]][] = [
    [owner, identityPolicy(bucket)],
    [former, identityPolicy(older)],
    [reader, readerPolicy(bucket)],
    [copier, copierPolicy([bucket, older])],
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
  ["an environment's key", owner],
  ["a reader's key", reader],
  ["the copier's key", copier],
])("%s", (_, key) => {
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
    expect(await ask(key, { method: "GET", path: `/${bucket}` })).toBe("200");
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
    expect(await ask(temporary, { method: "GET", path: `/${bucket}` })).toBe("403 AccessDenied");
    expect(await ask(temporary, { method: "GET", path: `/${bucket}/use/backup` })).toBe("403 AccessDenied");
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
