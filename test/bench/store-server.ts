import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from "@aws-sdk/client-s3";
import { S3Store } from "../../scripts/clients/object-store/s3-store";
import { s3Url } from "../../site/state-store/location";
import { certificateFiles, ensureCertificates } from "../sandbox/server/certificates";
import { ARTIFACTS_COMMAND, findArtifacts } from "../sandbox/setup/services/artifacts";

const checkout = resolve(__dirname, "../..");
const region = "us-east-1";
const patience = 30_000;

/** A real S3 server on loopback, with TLS. */
export class StoreServer {
  private constructor(
    private readonly server: ChildProcess,
    private readonly endpoint: string,
    private readonly key: { readonly accessKey: string; readonly secretKey: string },
    private readonly ca: string,
  ) {}

  /** @param folder for its data and certificates. @throws Error where the server's program was not built. */
  static async start(folder: string): Promise<StoreServer> {
    const artifacts = findArtifacts(checkout);
    if (artifacts === undefined) throw new Error(`there is no S3 server here; write: ${ARTIFACTS_COMMAND}`);
    const ca = await placeCertificates(folder);
    const address = `127.0.0.1:${String(await freePort())}`;
    const key = { accessKey: "bench", secretKey: randomBytes(20).toString("hex") };
    const words = ["server", "--quiet", "--address", address, "--certs-dir", join(folder, "certificates")];
    const server = spawn(artifacts.minio.program, [...words, join(folder, "data")], {
      stdio: "ignore",
      env: {
        HOME: folder,
        MINIO_ROOT_USER: key.accessKey,
        MINIO_ROOT_PASSWORD: key.secretKey,
        MINIO_UPDATE: "off",
        MINIO_BROWSER: "off",
      },
    });
    return new StoreServer(server, `https://${address}`, key, ca);
  }

  /** Makes a versioned bucket, once the server answers. */
  async makeBucket(bucket: string): Promise<void> {
    process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";
    const client = new S3Client({
      endpoint: this.endpoint,
      region,
      forcePathStyle: true,
      credentials: { accessKeyId: this.key.accessKey, secretAccessKey: this.key.secretKey },
      requestHandler: { httpsAgent: { ca: readFileSync(this.ca) } },
      maxAttempts: 1,
    });
    try {
      await patiently(() => client.send(new CreateBucketCommand({ Bucket: bucket })));
      const VersioningConfiguration = { Status: "Enabled" } as const;
      await client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }));
    } finally {
      client.destroy();
    }
  }

  open(bucket: string): S3Store {
    return new S3Store({
      bucket,
      endpoint: this.endpoint,
      region,
      ca: readFileSync(this.ca, "utf8"),
      credentials: this.key,
    });
  }

  /** With which `pulumi` and `lifeboat` keep states in the bucket. */
  variables(bucket: string): Record<string, string> {
    return {
      PULUMI_BACKEND_URL: s3Url({ endpoint: this.endpoint, region, bucket }),
      AWS_ACCESS_KEY_ID: this.key.accessKey,
      AWS_SECRET_ACCESS_KEY: this.key.secretKey,
      AWS_CA_BUNDLE: this.ca,
    };
  }

  async stop(): Promise<void> {
    const ended = new Promise((done) => this.server.once("exit", done));
    if (this.server.exitCode === null && this.server.kill()) await ended;
  }
}

/** @returns path of the authority's certificate. */
async function placeCertificates(folder: string): Promise<string> {
  const authority = join(folder, "authority");
  const ca = await ensureCertificates(authority, [{ node: "store", names: ["127.0.0.1"] }]);
  const { certificate, key } = certificateFiles(authority, "store");
  mkdirSync(join(folder, "certificates"));
  copyFileSync(certificate, join(folder, "certificates", "public.crt"));
  copyFileSync(key, join(folder, "certificates", "private.key"));
  return ca;
}

function freePort(): Promise<number> {
  return new Promise((found, failed) => {
    const probe = createServer();
    probe.once("error", failed);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => found(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

async function patiently<Result>(work: () => Promise<Result>): Promise<Result> {
  for (const end = Date.now() + patience; ; await pause(200)) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}
