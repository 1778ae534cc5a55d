import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writerPolicy } from "../../../../site/offsite/policies";
import type { KeyPair } from "../../../../site/settings/environment";
import { findArtifacts } from "../../../sandbox/setup/services/artifacts";
import { certificateFiles, ensureCertificates } from "../../../sandbox/server/certificates";
import type { DatabaseGuest } from "../../../support/database-guest/database-guest";
import { projectFolder } from "../../support/commands";
import { makeIdentity } from "../../support/minio-admin";
import { MinioServer } from "../../support/minio-server";

const root = { accessKey: MinioServer.accessKey, secretKey: MinioServer.secretKey };

/** A real MinIO that listens in a guest's own network, with a bucket with versions and a key that may only write. */
export class GuestMinio {
  static readonly endpoint = "https://127.0.0.1:9000";
  private server: ChildProcess | undefined;

  private constructor(
    private readonly guest: DatabaseGuest,
    private readonly folder: string,
    readonly bucket: string,
    /** PEM text of who has signed its certificate. */
    readonly authority: string,
  ) {}

  /** @param folder for its data and certificates */
  static async start(guest: DatabaseGuest, folder: string, bucket: string, writer: KeyPair): Promise<GuestMinio> {
    const ca = await ensureCertificates(join(folder, "ca"), [{ node: "s3", names: ["127.0.0.1"] }]);
    const { certificate, key: secret } = certificateFiles(join(folder, "ca"), "s3");
    mkdirSync(join(folder, "certificates"));
    copyFileSync(certificate, join(folder, "certificates", "public.crt"));
    copyFileSync(secret, join(folder, "certificates", "private.key"));
    const minio = new GuestMinio(guest, folder, bucket, readFileSync(ca, "utf8"));
    await minio.makeBucket(writer);
    await minio.open();
    return minio;
  }

  /** Where this machine can reach the server. */
  private async makeBucket(writer: KeyPair): Promise<void> {
    const outside = await MinioServer.start(join(this.folder, "data"));
    try {
      await outside.makeBucket(this.bucket);
      await makeIdentity(outside.endpoint, root, writer, writerPolicy(this.bucket, "minio"));
    } finally {
      await outside.stop();
    }
  }

  async open(): Promise<void> {
    const program = findArtifacts(projectFolder)?.minio.program;
    if (program === undefined) throw new Error("The server is not built: npm run toolchain -- --all");
    const certificates = ["--certs-dir", join(this.folder, "certificates")];
    const words = [
      program,
      "server",
      "--quiet",
      "--address",
      "127.0.0.1:9000",
      ...certificates,
      join(this.folder, "data"),
    ];
    this.server = spawn("nsenter", [`--target=${String(this.guest.pid)}`, "--net", ...words], {
      stdio: "ignore",
      env: {
        ...process.env,
        MINIO_ROOT_USER: root.accessKey,
        MINIO_ROOT_PASSWORD: root.secretKey,
        MINIO_BROWSER: "off",
        MINIO_UPDATE: "off",
      },
    });
    await this.guest.must(`until curl -sk -o /dev/null ${GuestMinio.endpoint}/minio/health/live; do sleep 0.1; done`);
  }

  async close(): Promise<void> {
    const { server } = this;
    if (server === undefined || server.exitCode !== null) return;
    const ended = new Promise((done) => server.once("exit", done));
    server.kill("SIGTERM");
    await ended;
  }

  /** As somebody who may do everything. The bucket is `root:` and its name. */
  rclone(...words: readonly string[]): Promise<string> {
    const { accessKey, secretKey } = root;
    const configuration = `[root]\ntype = s3\nprovider = Minio\nendpoint = ${GuestMinio.endpoint}\naccess_key_id = ${accessKey}\nsecret_access_key = ${secretKey}\n`;
    writeFileSync(this.guest.path("/tmp/rclone-of-root.conf"), configuration);
    const quoted = words.map((word) => `'${word}'`).join(" ");
    return this.guest.must(`rclone --quiet --config /tmp/rclone-of-root.conf --no-check-certificate ${quoted}`);
  }

  /** Names of all objects. */
  async lies(): Promise<string[]> {
    const listed = await this.rclone("lsf", "-R", "--files-only", `root:${this.bucket}`);
    return listed
      .split("\n")
      .filter((line) => line !== "")
      .sort();
  }
}
