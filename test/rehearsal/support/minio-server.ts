import { type ChildProcess, spawn } from "node:child_process";
import http from "node:http";
import https from "node:https";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { findArtifacts } from "../../sandbox/setup/services/artifacts";
import { projectFolder } from "./commands";

/** How it is run, where a test wants something else. */
export interface MinioOptions {
  /** Folder with `public.crt` and `private.key`, and the PEM text of who has signed them. Absent: no TLS. */
  readonly tls?: { readonly folder: string; readonly ca: string };
}

/** A real MinIO on loopback, with its data in a folder of the test's. */
export class MinioServer {
  static readonly accessKey = "rehearsal-root";
  static readonly secretKey = "rehearsal-root-secret";

  private constructor(
    private child: ChildProcess,
    readonly endpoint: string,
    private readonly run: () => ChildProcess,
    private readonly ca: string | undefined,
  ) {}

  /** @throws Error when the toolchain has not built the server. */
  static async start(folder: string, { tls }: MinioOptions = {}): Promise<MinioServer> {
    const program = findArtifacts(projectFolder)?.minio.program;
    if (program === undefined) throw new Error("The server is not built: npm run toolchain -- --all");
    const address = `127.0.0.1:${String(await freePort())}`;
    const certificates = tls === undefined ? [] : ["--certs-dir", tls.folder];
    const run = () =>
      spawn(program, ["server", "--quiet", "--address", address, ...certificates, folder], {
        stdio: "ignore",
        env: {
          ...process.env,
          MINIO_ROOT_USER: MinioServer.accessKey,
          MINIO_ROOT_PASSWORD: MinioServer.secretKey,
          MINIO_BROWSER: "off",
          MINIO_UPDATE: "off",
        },
      });
    const server = new MinioServer(run(), `${tls === undefined ? "http" : "https"}://${address}`, run, tls?.ca);
    await server.ready();
    return server;
  }

  /** Stops it, does something to its data, and starts it again at the same address. */
  async restart(meanwhile: () => void): Promise<void> {
    await this.stop();
    meanwhile();
    this.child = this.run();
    await this.ready();
  }

  /** A bucket as Lifeboat has it made, with object lock and versions, and the URL with which Pulumi keeps its state in it. */
  async makeBucket(name: string): Promise<string> {
    process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";
    const client = new S3Client(this.clientOptions());
    await client.send(new CreateBucketCommand({ Bucket: name, ObjectLockEnabledForBucket: true }));
    const enabled = { Bucket: name, VersioningConfiguration: { Status: "Enabled" } } as const;
    await client.send(new PutBucketVersioningCommand(enabled));
    client.destroy();
    return `s3://${name}?endpoint=${this.endpoint}&use_path_style=true&region=us-east-1`;
  }

  clientOptions(): S3ClientConfig {
    return {
      endpoint: this.endpoint,
      region: "us-east-1",
      forcePathStyle: true,
      credentials: { accessKeyId: MinioServer.accessKey, secretAccessKey: MinioServer.secretKey },
    };
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((done) => this.child.once("exit", done));
    this.child.kill("SIGTERM");
    await ended;
  }

  /** It calls itself alive before it has its buckets, and answers 503 until then; to a stranger it denies everything afterwards. */
  private answers(): Promise<boolean> {
    const { get } = this.ca === undefined ? http : https;
    return new Promise((done) => {
      const asked = get(`${this.endpoint}/`, { ca: this.ca, agent: false }, (answer) => {
        answer.resume();
        done(answer.statusCode === 403);
      });
      asked.on("error", () => done(false));
    });
  }

  private async ready(): Promise<void> {
    for (;;) {
      if (this.child.exitCode !== null) throw new Error(`MinIO ended with ${String(this.child.exitCode)}.`);
      if (await this.answers()) return;
      await sleep(100);
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((done, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address !== null ? done(address.port) : reject(new Error("no port")),
      );
    });
  });
}
