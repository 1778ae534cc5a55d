import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { createServer } from "node:http";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { stringify } from "yaml";
import { S3Versions } from "../../../scripts/clients/object-store/s3-versions";
import { OffsiteDumps } from "../../../scripts/clients/offsite-dumps";
import { offsiteReaderPolicy, writerPolicy } from "../../../site/offsite/policies";
import { createKeyPair } from "../../../site/state-store/keys";
import { checkpointOf, parseCheckpoint } from "../../../site/state/checkpoint";
import { foreignParts } from "../../../site/state/foreign-parts";
import { ownAddresses } from "../../../site/state/own-addresses";
import { certificateFiles, ensureCertificates } from "../../sandbox/server/certificates";
import { environmentOf } from "../../support/example-environment";
import { offsiteSettings } from "../../support/example-offsite";
import { tarOf } from "../support/archives";
import { projectFolder, runCommand } from "../support/commands";
import { administer, makeIdentity } from "../support/minio-admin";
import { MinioServer } from "../support/minio-server";
import { type Answer, type AnyRequest, send, type Sender, trustAuthority } from "../support/signed-requests";
import { firstUseLimit, toolchainProgram } from "../support/toolchain";

// The bucket elsewhere on a real MinIO, made by a real `pulumi up` with the plugin of AWS, and what somebody can do to it who has a
// guest's key.
const folder = mkdtempSync(join(tmpdir(), "lifeboat-offsite-"));
const bucket = "far-away";
const root = { accessKey: MinioServer.accessKey, secretKey: MinioServer.secretKey };
const [writer, reader] = [createKeyPair("writer"), createKeyPair("reader")];
let minio: MinioServer;

jest.setTimeout(10 * 60_000);

beforeAll(async () => {
  const ca = await ensureCertificates(join(folder, "ca"), [{ node: "s3", names: ["127.0.0.1"] }]);
  const { certificate, key } = certificateFiles(join(folder, "ca"), "s3");
  mkdirSync(join(folder, "certificates"));
  copyFileSync(certificate, join(folder, "certificates", "public.crt"));
  copyFileSync(key, join(folder, "certificates", "private.key"));
  const text = readFileSync(ca, "utf8");
  minio = await MinioServer.start(join(folder, "data"), { tls: { folder: join(folder, "certificates"), ca: text } });
  trustAuthority(text);
  await furnishProject(ca);
}, firstUseLimit);

afterAll(async () => {
  await minio.stop();
  rmSync(folder, { recursive: true, force: true });
});

const project = join(folder, "project");

/** A project with the program as one file, the settings, and the plugin. */
async function furnishProject(ca: string): Promise<void> {
  mkdirSync(join(project, "state"), { recursive: true });
  await build({
    entryPoints: [join(projectFolder, "test/rehearsal/support/offsite-program.ts")],
    outfile: join(project, "index.js"),
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20.19",
    external: ["@pulumi/*", "@muhlba91/*", "@peculiar/x509", "reflect-metadata"],
  });
  symlinkSync(join(projectFolder, "node_modules"), join(project, "node_modules"));
  copyFileSync(ca, join(project, "offsite-ca.pem"));
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "far", main: "index.js" }));
  writeFileSync(join(project, "Pulumi.yaml"), stringify({ name: "far", runtime: "nodejs" }));
  const config = Object.fromEntries(Object.entries(settings()).map(([key, value]) => [`lifeboat:${key}`, value]));
  writeFileSync(join(project, "Pulumi.prod.yaml"), stringify({ config }));
  const [artifact = ""] = execFileSync("npm", ["run", "--silent", "toolchain", "--", "--artifact", "aws"], {
    cwd: projectFolder,
    encoding: "utf8",
  }).split("\n");
  await pulumi("plugin", "install", "resource", "aws", "7.48.0", "--file", artifact);
  await pulumi("stack", "init", "prod");
}

function settings() {
  const keys = { offsiteKeys: { admin: root, writer, reader } };
  return offsiteSettings({ endpoint: minio.endpoint, ca: "offsite-ca.pem" }, keys);
}

/** @throws Error with what it said where it does not end well */
async function pulumi(...words: readonly string[]): Promise<string> {
  const program = toolchainProgram("pulumi");
  const { exitCode, stdout, stderr } = await runCommand(program, ["-C", project, ...words, "--non-interactive"], {
    environment: {
      PATH: `${dirname(program)}:${process.env["PATH"] ?? ""}`,
      PULUMI_HOME: join(folder, "pulumi-home"),
      PULUMI_BACKEND_URL: `file://${join(project, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "not-a-secret",
      PULUMI_SKIP_UPDATE_CHECK: "1",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    },
  });
  if (exitCode !== 0) throw new Error(`pulumi ${words.join(" ")}: ${stdout}\n${stderr}`);
  return stdout;
}

const as = (who: Sender, request: AnyRequest): Promise<Answer> => send(minio.endpoint, who, request);

/** What the answer was, in one line. */
async function ask(who: Sender, request: AnyRequest): Promise<string> {
  const { status, text } = await as(who, request);
  const code = /<Code>(\w+)<\/Code>|"Code":"(\w+)"/u.exec(text);
  return [status, code?.[1] ?? code?.[2]].filter((part) => part !== undefined).join(" ");
}

const md5 = (body: string | Buffer) => ({ "content-md5": createHash("md5").update(body).digest("base64") });

function put(who: Sender, key: string, body: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  return ask(who, { method: "PUT", path: `/${bucket}/${key}`, body, headers: { ...md5(body), ...headers } });
}

interface Version {
  readonly id: string;
  readonly content: string;
  /** When the lock ends, as the server says. */
  readonly locked: string;
}

/** Every version of an object, as the reader's key gets it. */
async function versionsOf(key: string): Promise<Version[]> {
  const { text } = await as(reader, { method: "GET", path: `/${bucket}`, query: { versions: "", prefix: key } });
  const found: Version[] = [];
  for (const [, entry = ""] of text.matchAll(/<Version>(.*?)<\/Version>/gsu)) {
    const id = /<VersionId>(.*?)</u.exec(entry)?.[1] ?? "";
    const path = `/${bucket}/${key}`;
    const { text: content } = await as(reader, { method: "GET", path, query: { versionId: id } });
    const retention = await as(reader, { method: "GET", path, query: { retention: "", versionId: id } });
    found.push({ id, content, locked: /<RetainUntilDate>(.*?)</u.exec(retention.text)?.[1] ?? "" });
  }
  return found;
}

/** A copy as a guest writes it. @returns it as it lies there */
async function copied(key: string): Promise<Version> {
  expect(await put(writer, key, "copied")).toBe("200");
  const [version] = await versionsOf(key);
  if (version === undefined) throw new Error("it is not there");
  return version;
}

/** A setting of the bucket, as the server has it. */
const settingAt = async (what: string) =>
  (await as(root, { method: "GET", path: `/${bucket}`, query: { [what]: "" } })).text;

test("pulumi up makes it with the plugin of AWS, and has nothing to do a second time [J1, 000 CA11.3]", async () => {
  await pulumi("up", "--yes", "--skip-preview");
  await pulumi("preview", "--expect-no-changes");
  await pulumi("preview", "--refresh", "--expect-no-changes");
  expect(await settingAt("versioning")).toContain("<Status>Enabled</Status>");
  expect(await settingAt("object-lock")).toMatch(/<Mode>COMPLIANCE<\/Mode><Days>30<\/Days>/u);
  const rules = await settingAt("lifecycle");
  expect(rules).toMatch(/<NoncurrentDays>30<\/NoncurrentDays>/u);
  expect(rules).toMatch(/<Prefix>dumps\/<\/Prefix>/u);
  for (const [key, policy] of [
    [writer, writerPolicy(bucket, "minio")],
    [reader, offsiteReaderPolicy(bucket, "minio")],
  ] as const) {
    await makeIdentity(minio.endpoint, root, key, policy);
  }
});

test("a state that says another service sends it what is sealed, as the name of a key: it is named before [J1, N2]", async () => {
  const heard: string[] = [];
  const evil = createServer((request, response) => {
    heard.push(request.headers.authorization ?? "");
    response.writeHead(403).end();
  });
  await once(evil.listen(0, "127.0.0.1"), "listening");
  const bound = evil.address();
  const elsewhere = `http://127.0.0.1:${String(typeof bound === "object" ? bound?.port : "")}`;
  const addresses = ownAddresses(environmentOf(settings(), "prod"));
  const partsIn = (text: string) => {
    const state = parseCheckpoint(checkpointOf(text, "organization/far/prod"));
    return foreignParts(state, { project: "far", stack: "prod" }, addresses, undefined);
  };
  const text = await pulumi("stack", "export");
  expect(partsIn(text)).toEqual([]);
  const secret = /"secretKey": (\{[^}]*\})/u.exec(text)?.[1] ?? "";
  const forged = text
    .replaceAll(minio.endpoint, elsewhere)
    .replaceAll(/("accessKey": )\{[^}]*\}/gu, (_, name: string) => name + secret);
  try {
    writeFileSync(join(project, "forged.json"), forged);
    await pulumi("stack", "import", "--file", join(project, "forged.json"));
    await expect(pulumi("preview", "--refresh")).rejects.toThrow("Forbidden");
    // So does Pulumi by itself, with what only the passphrase opens.
    expect(heard.join(" ")).toContain(`Credential=${root.secretKey}/`);
    expect(partsIn(await pulumi("stack", "export"))).toEqual([
      {
        urn: "urn:pulumi:prod::far::pulumi:providers:aws::offsite",
        why: `it speaks to another service than that of the settings, ${minio.endpoint}`,
      },
    ]);
  } finally {
    writeFileSync(join(project, "own.json"), text);
    await pulumi("stack", "import", "--file", join(project, "own.json"));
    evil.closeAllConnections();
    evil.close();
  }
});

test("a stack that has lost its state takes the bucket in again, with what is in it [F1, J1]", async () => {
  const kept = await copied("dumps/prod/web/taken-in");
  await pulumi("state", "delete", "--all", "--force", "--yes").catch(() =>
    pulumi("stack", "rm", "--force", "--yes", "--preserve-config"),
  );
  await pulumi("stack", "select", "prod", "--create");
  await pulumi("up", "--yes", "--skip-preview");
  await pulumi("preview", "--expect-no-changes");
  expect(await versionsOf("dumps/prod/web/taken-in")).toEqual([kept]);
});

const xml = (text: string) => ({ body: text, headers: md5(text) });

describe("whoever has a guest and its key", () => {
  const key = "dumps/prod/web/2026-11-22/postgres/shop-030000Z/item-1.dump.zst";
  const path = `/${bucket}/${key}`;
  let lies: Version;

  beforeAll(async () => {
    lies = await copied(key);
  });

  afterEach(async () => {
    // oxlint-disable-next-line jest/no-standalone-expect -- after each attempt it lies there as it did
    expect(await versionsOf(key)).toContainEqual(lies);
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
    expect(await ask(writer, request())).toBe("403 AccessDenied");
  });

  test("shortens the lock, or makes it a weaker one: refused, and it ends when it did [J1, N1]", async () => {
    for (const mode of ["COMPLIANCE", "GOVERNANCE"]) {
      const body = `<Retention><Mode>${mode}</Mode><RetainUntilDate>${soon}</RetainUntilDate></Retention>`;
      const headers = { ...md5(body), ...bypass };
      const query = { retention: "", versionId: lies.id };
      expect(await ask(writer, { method: "PUT", path, query, body, headers })).toMatch(/^4\d\d \w+$/u);
    }
  });

  test("forces it or its folder away: refused [J1, N1]", async () => {
    const answers = [];
    for (const place of [path, `/${bucket}/dumps/`])
      answers.push(await ask(writer, { method: "DELETE", path: place, headers: force }));
    expect(answers).toEqual(["403 AccessDenied", "403 AccessDenied"]);
  });

  test("deletes many at once: each is refused [J1, N1]", async () => {
    const body = `<Delete><Object><Key>${key}</Key><VersionId>${lies.id}</VersionId></Object><Object><Key>${key}</Key></Object></Delete>`;
    const { text } = await as(writer, {
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
    expect(await put(writer, key, "forged")).toBe("200");
    // A time of its own choice: the newest by it, or the oldest.
    expect(await put(writer, key, "forged", { "x-minio-source-mtime": "2001-01-01T00:00:00Z" })).toBe("200");
    const { text } = await as(writer, { method: "POST", path, query: { uploads: "" } });
    const uploadId = /<UploadId>(.*?)</u.exec(text)?.[1] ?? "";
    const part = await as(writer, {
      method: "PUT",
      path,
      query: { partNumber: "1", uploadId },
      body: "forged",
      headers: md5("forged"),
    });
    expect(part.status).toBe(200);
    const etag = createHash("md5").update("forged").digest("hex");
    const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`;
    expect(await ask(writer, { method: "POST", path, query: { uploadId }, body })).toBe("200");
    const versions = await versionsOf(key);
    expect(versions.map(({ content }) => content).sort()).toEqual(["copied", "forged", "forged", "forged"]);
    const [first] = [...versions].sort((a, b) => (a.locked < b.locked ? -1 : 1));
    expect(first).toEqual(lies);
  });

  test("makes keys of its own, or credentials that outlive the key: refused, or they open nothing [J1, N1]", async () => {
    const sealed = { accessKey: "another", secretKey: "another-secret" };
    const made = await administer(minio.endpoint, writer, "PUT", "add-service-account", {}, { sealed });
    expect(made.status).toBe(403);
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const body = "Action=AssumeRole&Version=2011-06-15&DurationSeconds=31536000";
    const given = await send(minio.endpoint, writer, { method: "POST", path: "/", headers, body }, "sts");
    const field = (name: string): string => new RegExp(`<${name}>(.*?)<`, "u").exec(given.text)?.[1] ?? "";
    const temporary = {
      accessKey: field("AccessKeyId"),
      secretKey: field("SecretAccessKey"),
      sessionToken: field("SessionToken"),
    };
    expect(await ask(temporary, { method: "GET", path: `/${bucket}` })).toBe("403 AccessDenied");
  });

  test("the key of restores writes nothing, and not even the server's own administrator removes what is locked [J1, N1]", async () => {
    expect(await put(reader, key, "forged")).toBe("403 AccessDenied");
    const gone = { method: "DELETE", path, query: { versionId: lies.id } } as const;
    expect(await ask(root, gone)).toMatch(/^4\d\d \w+/u);
    expect(await ask(root, { ...gone, headers: bypass })).toMatch(/^4\d\d \w+/u);
  });
});

function sumOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function manifestOf(dump: string, content: string): string {
  const sum = sumOf(content);
  const one = { type: "database", name: "shop", counts: { tables: 1 }, plainBytes: 1, plainSha256: sum };
  const items = [{ file: "item-1.dump.zst", bytes: content.length, sha256: sum, ...one }];
  return JSON.stringify({ version: 1, dump, server: "PostgreSQL 15.20", recipients: [], items });
}

async function copy(dump: string, manifest: string, content: string, headers = {}): Promise<void> {
  const sums = `${sumOf(content)}  item-1.dump.zst\n${sumOf(manifest)}  manifest.json\n`;
  const files = { "item-1.dump.zst": content, "manifest.json": manifest, SHA256SUMS: sums };
  for (const [file, text] of Object.entries(files)) {
    expect(await put(writer, `dumps/prod/db/${dump}/${file}`, text, headers)).toBe("200");
  }
}

describe("a dump that was copied", () => {
  const name = "2026-11-22/postgres/shop-030000Z";
  const item = "every row of the shop";
  let dumps: OffsiteDumps;

  beforeAll(async () => {
    const ca = readFileSync(join(project, "offsite-ca.pem"), "utf8");
    const store = new S3Versions({ bucket, endpoint: minio.endpoint, region: "us-east-1", credentials: reader, ca });
    dumps = new OffsiteDumps(store, "dumps/prod/db");
    await copy(name, manifestOf(name, item), item);
  });

  async function restored(dump: string): Promise<string> {
    const found = (await dumps.list()).find((one) => one.name === dump);
    if (found === undefined) throw new Error(`there is no ${dump}`);
    const [first] = (await dumps.manifest(found)).items;
    if (first === undefined) throw new Error("it has an item");
    const chunks: Buffer[] = [];
    for await (const chunk of await dumps.open(found, first)) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks).toString("utf8");
  }

  test("comes back with nothing but the bucket and the key that reads [J3]", async () => {
    expect(await dumps.list()).toMatchObject([{ name, source: "shop", doubts: [] }]);
    expect(await restored(name)).toBe(item);
  });

  test("comes back as it was, whoever has written over it with whatever date, and hidden it [J1, J3, N1]", async () => {
    // The server counts locks in seconds.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    for (const date of ["2001-01-01T00:00:00Z", "2099-01-01T00:00:00Z"]) {
      await copy(name, manifestOf(name, "forged"), "forged", { "x-minio-source-mtime": date });
    }
    expect(await ask(root, { method: "DELETE", path: `/${bucket}/dumps/prod/db/${name}/SHA256SUMS` })).toBe("204");
    expect(await restored(name)).toBe(item);
    const [found] = await dumps.list();
    expect([...(found?.doubts ?? [])].sort()).toEqual([
      "SHA256SUMS was marked as deleted, and is there",
      "SHA256SUMS was written 3 times: the first counts",
      "item-1.dump.zst was written 3 times: the first counts",
      "manifest.json was written 3 times: the first counts",
    ]);
  });

  test("that is not what its manifest says ends with an error, and one whose sums are another's is refused [J3]", async () => {
    const broken = "2026-11-23/postgres/shop-030000Z";
    await copy(broken, manifestOf(broken, item), "every row of the shOp");
    await expect(restored(broken)).rejects.toThrow("is not what its manifest says");
    const other = "2026-11-24/postgres/shop-030000Z";
    await copy(other, manifestOf(name, item), item);
    await expect(restored(other)).rejects.toThrow("is none, or that of another dump");
  });

  test("that cannot be looked for is not gone: a key that may not is an error [J3]", async () => {
    const stranger = new S3Versions({
      bucket,
      endpoint: minio.endpoint,
      region: "us-east-1",
      credentials: createKeyPair("nobody"),
      ca: readFileSync(join(project, "offsite-ca.pem"), "utf8"),
    });
    await expect(new OffsiteDumps(stranger, "dumps/prod/db").list()).rejects.toMatchObject({ kind: "denied" });
  });
});

// What MinIO leaves open (docs/guides/offsite.md): red when it does so no longer. AWS and OVH unpack no archives.
test("can write into a locked version by an archive that MinIO unpacks: open, unless a proxy refuses its header [J1, N1]", async () => {
  const key = "dumps/prod/web/archive";
  const { id } = await copied(key);
  const body = tarOf(key, "forged", { "minio.versionId": id });
  const headers = { "x-amz-meta-snowball-auto-extract": "true", ...md5(body) };
  expect(await ask(writer, { method: "PUT", path: `/${bucket}/any.tar`, headers, body })).toBe("200");
  expect((await versionsOf(key)).map(({ content }) => content)).toEqual(["forged"]);
});
