import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { administer, type Identities, isAdministration } from "./minio-administration";
import { certificateFiles, ensureCertificates } from "../sandbox/server/certificates";

interface Version {
  readonly id: string;
  readonly time: number;
  /** Undefined: the mark of a deletion. */
  readonly body: Buffer | undefined;
}

/** One request as it came. */
export interface S3Request {
  readonly method: string;
  readonly path: string;
}

/**
 * What of an object is damaged, as MinIO answers then (recorded by the rehearsal).
 *
 * - `metadata`: it is in no listing, and every request for it gets 500, writing and deleting too; whoever runs the server can
 *   force it away.
 * - `content`: it is listed, and reading it gets 503; it can be written over.
 * - `missing`: it is listed, and whoever reads it is told that there is none.
 * - `flipped`: a byte of it is another, which its server does not notice.
 * - `refused`: nothing of it is damaged, and nobody may read it now; a store may keep the key of its content elsewhere.
 */
export type Damage = "metadata" | "content" | "refused" | "missing" | "flipped";

/** The access key that may administer the server. */
const root = "lifeboat-root";

/** Who may use which buckets; `*`: all. */
export type S3Keys = Readonly<Record<string, readonly string[]>>;

/**
 * Versioned buckets behind TLS on loopback, as far as Lifeboat uses S3: where no real server can be had, and where a test
 * has to decide what a server answers. It believes whoever names a known access key. The rehearsal has a real server.
 */
export class S3Server {
  /** Told each server that listens. */
  static opened: ((server: Server) => void) | undefined;
  /** PEM file of the authority that signed its certificate. */
  readonly ca: string;
  readonly requests: S3Request[] = [];
  /** The status that every request gets: 503, or 403 as where a clock is off. Undefined: it works. */
  failWith: number | undefined;
  /** It takes requests and does not answer them, but for its health, as where its disks hang. */
  hangs = false;
  /** Its answers to such requests stop in the middle, and nothing more comes; or the connection is closed there. */
  stopsIn: { readonly of: (path: string) => boolean; readonly how: "silent" | "cut" } | undefined;
  /** What is answered in the store's place, with 200: by a proxy before it, or by a server that is not quite S3. */
  instead: ((path: string, asked: URLSearchParams) => string | undefined) | undefined;
  /** It is slow: every request waits for so long, and every answer comes in so many pieces, each after as long. Milliseconds. */
  slow: { readonly wait: number; readonly pieces: number } | undefined;
  /** Objects that it does not give, by bucket and key, and what is damaged: see {@link damage}. */
  private readonly damaged = new Map<string, Damage>();
  /** Answers the next request with this status, whatever it asks; `reset`: it breaks the connection. */
  failsOnce: number | "reset" | undefined;
  /** Done once, just before such an object is written: somebody else is quicker. */
  beforeWrite: { readonly of: (key: string) => boolean; readonly work: () => void } | undefined;
  private server: Server | undefined;
  private port = 0;
  private readonly buckets = new Map<string, Map<string, Version[]>>();
  /** Buckets without object lock: those that were made before Lifeboat asked for it. */
  readonly unlocked = new Set<string>();
  /** Buckets without versions, for who asks: they keep them all the same. */
  readonly unversioned = new Set<string>();
  /** How long each version is locked, milliseconds. Undefined: not at all. */
  lockFor: number | undefined;
  private lastTime = 0;

  /** Who may use it now. */
  readonly identities: Identities;

  private constructor(
    private readonly folder: string,
    keys: S3Keys,
  ) {
    this.identities = { users: new Map(Object.entries(keys)), accounts: new Map() };
    this.ca = certificateFiles(folder, "ca").certificate;
  }

  /** @param folder for its certificates. */
  static async start(folder: string, keys: S3Keys): Promise<S3Server> {
    await ensureCertificates(folder, [{ node: "s3", names: ["127.0.0.1"] }]);
    const server = new S3Server(folder, keys);
    await server.open();
    return server;
  }

  get endpoint(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  /** Listens, on the port that it had before. Harmless when it does already. */
  async open(): Promise<void> {
    if (this.server !== undefined) return;
    const { certificate, key } = certificateFiles(this.folder, "s3");
    this.server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (request, response) => {
      // Whoever hangs up is not answered.
      this.answer(request, response).catch(() => response.destroy());
    });
    const { server } = this;
    await new Promise<void>((done) => server.listen(this.port, "127.0.0.1", done));
    const address = server.address();
    if (typeof address === "object" && address !== null) this.port = address.port;
    S3Server.opened?.(server);
  }

  /** Nobody listens any more; what is stored stays. */
  async close(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (server === undefined) return;
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }

  makeBucket(name: string): void {
    this.buckets.set(name, this.buckets.get(name) ?? new Map());
  }

  /** A bucket that is lost with everything in it. */
  dropBucket(name: string): void {
    this.buckets.delete(name);
  }

  /** Present contents of a bucket. */
  contents(bucket: string): Map<string, string> {
    const present = [...(this.buckets.get(bucket) ?? [])].flatMap(([key, [latest]]): [string, string][] =>
      latest?.body === undefined ? [] : [[key, latest.body.toString()]],
    );
    return new Map(present.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  put(bucket: string, key: string, body: string | Buffer): void {
    this.damaged.delete(`${bucket}/${key}`);
    this.add(this.buckets.get(bucket) ?? new Map<string, Version[]>(), key, Buffer.from(body));
  }

  /** Damages an object; `lost`: it is gone with all of its versions, as if it had never been. */
  damage(bucket: string, key: string, what: Damage | "lost"): void {
    if (what === "lost") this.buckets.get(bucket)?.delete(key);
    else this.damaged.set(`${bucket}/${key}`, what);
  }

  /** An object is there under another key, as if it had always been so. */
  rename(bucket: string, from: string, to: string): void {
    const objects = this.buckets.get(bucket);
    const versions = objects?.get(from);
    if (objects === undefined || versions === undefined) throw new Error(`There is no ${from} in ${bucket}.`);
    objects.delete(from);
    objects.set(to, versions);
  }

  /** As a client deletes: versions stay. */
  remove(bucket: string, key: string): void {
    this.add(this.buckets.get(bucket) ?? new Map<string, Version[]>(), key, undefined);
  }

  private add(objects: Map<string, Version[]>, key: string, body: Buffer | undefined): Version {
    // Two writes never have one time: what is newest is never in doubt.
    this.lastTime = Math.max(Date.now(), this.lastTime + 1);
    const version = { id: randomUUID(), time: this.lastTime, body };
    objects.set(key, [version, ...(objects.get(key) ?? [])]);
    return version;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.endpoint);
    const [, bucket = "", ...rest] = url.pathname.split("/");
    const key = decodeURIComponent(rest.join("/"));
    this.requests.push({ method: request.method ?? "", path: decodeURIComponent(url.pathname) });
    const body = Buffer.concat(await request.toArray());
    if (this.failsOnce !== undefined) {
      const status = this.failsOnce;
      this.failsOnce = undefined;
      if (status === "reset") return void response.destroy();
      return fail(response, status, "ServiceUnavailable");
    }
    if (url.pathname === "/minio/health/live" && this.failWith !== 503) return void response.writeHead(200).end();
    if (this.hangs) return;
    const other = this.instead?.(url.pathname, url.searchParams);
    if (other !== undefined) return xml(response, 200, other);
    if (this.slow !== undefined) {
      await sleep(this.slow.wait);
      trickle(response, this.slow);
    }
    if (this.stopsIn?.of(url.pathname) === true) halve(response, this.stopsIn.how);
    if (this.failWith === 403) return fail(response, 403, "RequestTimeTooSkewed");
    if (this.failWith !== undefined) return fail(response, this.failWith, "ServiceUnavailable");
    const accessKey = /Credential=([^/]+)\//u.exec(request.headers.authorization ?? "")?.[1] ?? "";
    const allowed = this.identities.users.get(accessKey);
    if (allowed === undefined) return fail(response, 403, "InvalidAccessKeyId");
    if (isAdministration(url.pathname)) {
      if (accessKey !== root) return fail(response, 403, "AccessDenied");
      const { status, body: answer } = administer(this.identities, url);
      return void response.writeHead(status).end(answer);
    }
    if (!allowed.includes("*") && !allowed.includes(bucket)) return fail(response, 403, "AccessDenied");
    if (key === "" && request.method === "PUT") {
      this.makeBucket(bucket);
      return void response.writeHead(200).end();
    }
    const objects = this.buckets.get(bucket);
    if (objects === undefined) return fail(response, 404, "NoSuchBucket");
    if (key === "" && request.method === "DELETE") {
      if (objects.size > 0) return fail(response, 409, "BucketNotEmpty");
      this.dropBucket(bucket);
      return void response.writeHead(204).end();
    }
    if (key === "" && url.searchParams.has("object-lock")) {
      if (this.unlocked.has(bucket)) return fail(response, 404, "ObjectLockConfigurationNotFoundError");
      const enabled = "<ObjectLockEnabled>Enabled</ObjectLockEnabled>";
      return xml(response, 200, `<ObjectLockConfiguration>${enabled}</ObjectLockConfiguration>`);
    }
    if (key === "" && url.searchParams.has("versioning")) {
      const status = this.unversioned.has(bucket) ? "" : "<Status>Enabled</Status>";
      return xml(response, 200, `<VersioningConfiguration>${status}</VersioningConfiguration>`);
    }
    if (key === "") {
      const listed = new Map([...objects].filter(([name]) => this.damaged.get(`${bucket}/${name}`) !== "metadata"));
      return url.searchParams.has("versions") ? listVersions(listed, url, response) : list(listed, url, response);
    }
    if (this.answerDamaged(objects, `${bucket}/${key}`, key, request, allowed.includes("*"), response)) return;
    this.serveObject(objects, bucket, key, url, request, body, response);
  }

  /** @returns whether it has answered */
  private answerDamaged(
    objects: Map<string, Version[]>,
    name: string,
    key: string,
    { method, headers }: IncomingMessage,
    isRoot: boolean,
    response: ServerResponse,
  ): boolean {
    const isForced = method === "DELETE" && headers["x-minio-force-delete"] === "true";
    if (isForced && !this.unlocked.has(name.split("/", 1)[0] ?? "")) fail(response, 400, "XMinioAdminInvalidArgument");
    else if (isForced && !isRoot) fail(response, 403, "AccessDenied");
    else if (isForced) {
      objects.delete(key);
      this.damaged.delete(name);
      response.writeHead(204).end();
    } else if (this.damaged.get(name) === "metadata") fail(response, 500, "InternalError");
    else if (this.damaged.get(name) === "content" && method === "GET") fail(response, 503, "SlowDownRead");
    else if (this.damaged.get(name) === "missing" && method === "GET") fail(response, 404, "NoSuchKey");
    else if (this.damaged.get(name) === "refused" && method === "GET") fail(response, 403, "AccessDenied");
    else {
      if (method === "PUT" || method === "DELETE") this.damaged.delete(name);
      return false;
    }
    return true;
  }

  private answerRetention({ time }: Version, response: ServerResponse): void {
    if (this.lockFor === undefined) return fail(response, 404, "NoSuchObjectLockConfiguration");
    const until = new Date(time + this.lockFor).toISOString();
    xml(response, 200, `<Retention><Mode>COMPLIANCE</Mode><RetainUntilDate>${until}</RetainUntilDate></Retention>`);
  }

  private letOthersWrite(key: string): void {
    if (this.beforeWrite?.of(key) !== true) return;
    const { work } = this.beforeWrite;
    this.beforeWrite = undefined;
    work();
  }

  private serveObject(
    objects: Map<string, Version[]>,
    bucket: string,
    key: string,
    url: URL,
    { method, headers }: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
  ): void {
    if (method === "PUT") this.letOthersWrite(key);
    const [latest] = objects.get(key) ?? [];
    if (method === "PUT") {
      const etag = latest?.body && etagOf(latest.body);
      const unwanted = headers["if-none-match"] === "*" && etag !== undefined;
      const changed = headers["if-match"] !== undefined && headers["if-match"] !== etag;
      if (unwanted || changed) return fail(response, 412, "PreconditionFailed");
      const sum = headers["content-md5"];
      if (sum !== undefined && sum !== createHash("md5").update(body).digest("base64"))
        return fail(response, 400, "BadDigest");
      this.add(objects, key, body);
      return void response.writeHead(200, { etag: etagOf(body) }).end();
    }
    if (method === "DELETE") {
      this.add(objects, key, undefined);
      return void response.writeHead(204).end();
    }
    const id = url.searchParams.get("versionId");
    const found = id === null ? latest : objects.get(key)?.find((version) => version.id === id);
    if (found?.body === undefined) return fail(response, 404, "NoSuchKey");
    if (url.searchParams.has("retention")) return this.answerRetention(found, response);
    response.writeHead(200, {
      etag: etagOf(found.body),
      "content-length": found.body.length,
      "last-modified": new Date(found.time).toUTCString(),
      "x-amz-version-id": found.id,
    });
    const isFlipped = this.damaged.get(`${bucket}/${key}`) === "flipped";
    response.end(method === "HEAD" ? undefined : isFlipped ? flipped(found.body) : found.body);
  }
}

function flipped(body: Buffer): Buffer {
  const other = Buffer.from(body);
  if (other.length > 0) other.writeUInt8(other.readUInt8(0) ^ 1, 0);
  return other;
}

/** Of what is answered only the first half is sent. */
/** What it is to end with comes piece by piece. */
function trickle(response: ServerResponse, { wait, pieces }: NonNullable<S3Server["slow"]>): void {
  const finish = response.end.bind(response);
  const write = async (whole: Buffer): Promise<void> => {
    const size = Math.max(1, Math.ceil(whole.length / pieces));
    for (let from = 0; from < whole.length; from += size) {
      response.write(whole.subarray(from, from + size));
      await sleep(wait / pieces);
    }
    finish();
  };
  const end = (content: string | Buffer = ""): ServerResponse => {
    write(Buffer.from(content)).catch(() => response.destroy());
    return response;
  };
  Object.assign(response, { end });
}

function halve(response: ServerResponse, how: "silent" | "cut"): void {
  const end = (content: string | Buffer): ServerResponse => {
    const whole = Buffer.from(content);
    response.write(whole.subarray(0, Math.ceil(whole.length / 2)), () => {
      if (how === "cut") response.destroy();
    });
    return response;
  };
  Object.assign(response, { end });
}

function list(objects: Map<string, Version[]>, url: URL, response: ServerResponse): void {
  const prefix = url.searchParams.get("prefix") ?? "";
  const found = [...objects].filter(([key, [latest]]) => key.startsWith(prefix) && latest?.body !== undefined);
  const entries = found
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, [latest]]) => `<Contents>${entryOf(key, latest)}</Contents>`);
  xml(response, 200, `<ListBucketResult><IsTruncated>false</IsTruncated>${entries.join("")}</ListBucketResult>`);
}

function listVersions(objects: Map<string, Version[]>, url: URL, response: ServerResponse): void {
  const prefix = url.searchParams.get("prefix") ?? "";
  const entries = [...objects]
    .filter(([key]) => key.startsWith(prefix))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, versions]) =>
      versions.map((version, index) => {
        const tag = version.body === undefined ? "DeleteMarker" : "Version";
        const ids = `<VersionId>${version.id}</VersionId><IsLatest>${String(index === 0)}</IsLatest>`;
        return `<${tag}>${entryOf(key, version)}${ids}</${tag}>`;
      }),
    );
  xml(response, 200, `<ListVersionsResult><IsTruncated>false</IsTruncated>${entries.join("")}</ListVersionsResult>`);
}

function entryOf(key: string, version: Version | undefined): string {
  const body = version?.body;
  const time = new Date(version?.time ?? 0).toISOString();
  const rest = body === undefined ? "" : `<Size>${String(body.length)}</Size><ETag>${escaped(etagOf(body))}</ETag>`;
  return `<Key>${escaped(key)}</Key><LastModified>${time}</LastModified>${rest}`;
}

function etagOf(body: Buffer): string {
  return `"${createHash("md5").update(body).digest("hex")}"`;
}

function fail(response: ServerResponse, status: number, code: string): void {
  xml(response, status, `<Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}

function xml(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "application/xml" }).end(`<?xml version="1.0"?>${text}`);
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
