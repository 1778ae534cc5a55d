import { createHash } from "node:crypto";
import { administer } from "../../support/minio-admin";
import { type AnyRequest, send } from "../../support/signed-requests";
import { bucket, type FarBucket, md5, reader, root, type Version, writer } from "./far-bucket";

const xml = (text: string) => ({ body: text, headers: md5(text) });

/** What is refused to whoever has a guest and its key, and to others. */
export function attacks(far: FarBucket): void {
  const key = "dumps/prod/web/2026-11-22/postgres/shop-030000Z/item-1.dump.zst";
  const path = `/${bucket}/${key}`;
  let lies: Version;

  beforeAll(async () => {
    lies = await far.copied(key);
  });

  afterEach(async () => {
    // oxlint-disable-next-line jest/no-standalone-expect -- after each attempt it lies there as it did
    expect(await far.versionsOf(key)).toContainEqual(lies);
  });

  const bypass = { "x-amz-bypass-governance-retention": "true" };
  const force = { "x-minio-force-delete": "true" };
  /** Sooner than any lock of the bucket ends. The server asks for a time that is still to come before it asks who may. */
  const soon = new Date(Date.now() + 3_600_000).toISOString();

  test.each<[string, () => AnyRequest]>([
    ["hides it behind a mark that it was deleted", () => ({ method: "DELETE", path })],
    ["deletes the version", () => ({ method: "DELETE", path, query: { versionId: lies.id } })],
    ["deletes it past the lock", () => ({ method: "DELETE", path, query: { versionId: lies.id }, headers: bypass })],
    ["forces the bucket away", () => ({ method: "DELETE", path: `/${bucket}`, headers: force })],
    ["deletes the bucket", () => ({ method: "DELETE", path: `/${bucket}` })],
    ["writes into the version", () => ({ method: "PUT", path, query: { versionId: lies.id }, body: "forged" })],
    [
      "copies over the version",
      () => ({ method: "PUT", path, query: { versionId: lies.id }, headers: { "x-amz-copy-source": path } }),
    ],
    ["starts an upload into the version", () => ({ method: "POST", path, query: { uploads: "", versionId: lies.id } })],
    [
      "holds it for ever",
      () => ({
        method: "PUT",
        path,
        query: { "legal-hold": "" },
        ...xml("<LegalHold><Status>ON</Status></LegalHold>"),
      }),
    ],
    [
      "writes with a lock of its own",
      () => ({
        method: "PUT",
        path,
        body: "forged",
        headers: {
          ...md5("forged"),
          "x-amz-object-lock-mode": "GOVERNANCE",
          "x-amz-object-lock-retain-until-date": soon,
        },
      }),
    ],
    [
      "has everything expire",
      () => ({
        method: "PUT",
        path: `/${bucket}`,
        query: { lifecycle: "" },
        ...xml(
          "<LifecycleConfiguration><Rule><ID>x</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>",
        ),
      }),
    ],
    ["removes the rules", () => ({ method: "DELETE", path: `/${bucket}`, query: { lifecycle: "" } })],
    [
      "ends the versions",
      () => ({
        method: "PUT",
        path: `/${bucket}`,
        query: { versioning: "" },
        ...xml("<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>"),
      }),
    ],
    [
      "ends the lock",
      () => ({
        method: "PUT",
        path: `/${bucket}`,
        query: { "object-lock": "" },
        ...xml("<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>"),
      }),
    ],
    [
      "gives the bucket another policy",
      () => ({
        method: "PUT",
        path: `/${bucket}`,
        query: { policy: "" },
        body: '{"Version":"2012-10-17","Statement":[]}',
      }),
    ],
  ])("%s: refused [J1, N1]", async (_, request) => {
    expect(await far.ask(writer, request())).toBe("403 AccessDenied");
  });

  test("shortens the lock, or makes it a weaker one: refused, and it ends when it did [J1, N1]", async () => {
    for (const mode of ["COMPLIANCE", "GOVERNANCE"]) {
      const body = `<Retention><Mode>${mode}</Mode><RetainUntilDate>${soon}</RetainUntilDate></Retention>`;
      const headers = { ...md5(body), ...bypass };
      const query = { retention: "", versionId: lies.id };
      expect(await far.ask(writer, { method: "PUT", path, query, body, headers })).toMatch(/^4\d\d \w+$/u);
    }
  });

  test("forces it or its folder away: refused [J1, N1]", async () => {
    const answers = [];
    for (const place of [path, `/${bucket}/dumps/`])
      answers.push(await far.ask(writer, { method: "DELETE", path: place, headers: force }));
    expect(answers).toEqual(["403 AccessDenied", "403 AccessDenied"]);
  });

  test("deletes many at once: each is refused [J1, N1]", async () => {
    const body = `<Delete><Object><Key>${key}</Key><VersionId>${lies.id}</VersionId></Object><Object><Key>${key}</Key></Object></Delete>`;
    const { text } = await far.as(writer, {
      method: "POST",
      path: `/${bucket}`,
      query: { delete: "" },
      body,
      headers: md5(body),
    });
    expect(text.match(/<Code>AccessDenied<\/Code>/gu)).toHaveLength(2);
    expect(text).not.toContain("<Deleted>");
  });

  test("writes another one over it: what was there stays, with the lock that ends first [J1, N1]", async () => {
    expect(await far.put(writer, key, "forged")).toBe("200");
    // A time of its own choice: the newest by it, or the oldest.
    expect(await far.put(writer, key, "forged", { "x-minio-source-mtime": "2001-01-01T00:00:00Z" })).toBe("200");
    const { text } = await far.as(writer, { method: "POST", path, query: { uploads: "" } });
    const uploadId = /<UploadId>(.*?)</u.exec(text)?.[1] ?? "";
    const part = await far.as(writer, {
      method: "PUT",
      path,
      query: { partNumber: "1", uploadId },
      body: "forged",
      headers: md5("forged"),
    });
    expect(part.status).toBe(200);
    const etag = createHash("md5").update("forged").digest("hex");
    const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`;
    expect(await far.ask(writer, { method: "POST", path, query: { uploadId }, body })).toBe("200");
    const versions = await far.versionsOf(key);
    expect(versions.map(({ content }) => content).sort()).toEqual(["copied", "forged", "forged", "forged"]);
    const [first] = [...versions].sort((a, b) => (a.locked < b.locked ? -1 : 1));
    expect(first).toEqual(lies);
  });

  test("makes keys of its own, or credentials that outlive the key: refused, or they open nothing [J1, N1]", async () => {
    const sealed = { accessKey: "another", secretKey: "another-secret" };
    const made = await administer(far.endpoint, writer, "PUT", "add-service-account", {}, { sealed });
    expect(made.status).toBe(403);
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const body = "Action=AssumeRole&Version=2011-06-15&DurationSeconds=31536000";
    const given = await send(far.endpoint, writer, { method: "POST", path: "/", headers, body }, "sts");
    const field = (name: string): string => new RegExp(`<${name}>(.*?)<`, "u").exec(given.text)?.[1] ?? "";
    const temporary = {
      accessKey: field("AccessKeyId"),
      secretKey: field("SecretAccessKey"),
      sessionToken: field("SessionToken"),
    };
    expect(await far.ask(temporary, { method: "GET", path: `/${bucket}` })).toBe("403 AccessDenied");
  });

  test("the key of restores writes nothing, and not even the server's own administrator removes what is locked [J1, N1]", async () => {
    expect(await far.put(reader, key, "forged")).toBe("403 AccessDenied");
    const gone = { method: "DELETE", path, query: { versionId: lies.id } } as const;
    expect(await far.ask(root, gone)).toMatch(/^4\d\d \w+/u);
    expect(await far.ask(root, { ...gone, headers: bypass })).toMatch(/^4\d\d \w+/u);
  });
}
