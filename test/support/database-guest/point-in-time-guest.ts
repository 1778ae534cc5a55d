import { randomBytes } from "node:crypto";
import { copyFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import {
  type PointInTimeFiles,
  type PointInTimeKeys,
  pointInTimeLines,
} from "../../../components/data/guest-program/point-in-time/files";
import { pointInTimeProgram } from "../../../components/data/guest-program/point-in-time/program";
import { pointInTimePlaces } from "../../../site/data/point-in-time/places";
import { createAuthority, createServerKey, issueServerCertificate } from "../../../site/state-store/authority";
import { bytesNeeded, type PointWish } from "../../../site/data/point-in-time/choose";
import { PointInTimeProgram } from "../../../scripts/clients/data-program/point-in-time-program";
import { locatePoint, scanBy } from "../../../scripts/recovery/point-in-time/locate";
import { findArtifacts } from "../../sandbox/setup/services/artifacts";
import { DatabaseGuest, type GuestAnswer } from "./database-guest";

const name = "store.site.test";
const port = 9000;
const bucket = "recovery";

/** A guest with a PostgreSQL cluster and, on its loopback, the project's own S3 server with TLS by an authority of the site's. */
export class PointInTimeGuest {
  private constructor(
    readonly guest: DatabaseGuest,
    readonly keys: PointInTimeKeys,
  ) {}

  /** @throws Error when the toolchain has not built the server */
  static async start(say: (line: string) => void, room = 6144): Promise<PointInTimeGuest> {
    const program = findArtifacts(resolve(__dirname, "../../.."))?.minio.program;
    if (program === undefined) throw new Error("The server is not built: npm run toolchain -- --all");
    const guest = await DatabaseGuest.start({ room, say });
    const now = new Date();
    const authority = await createAuthority("test", [name], now);
    const key = await createServerKey();
    await guest.must("mkdir -p /srv/store/certs /srv/store/data");
    copyFileSync(program, guest.path("/srv/store/server"));
    const certificate = await issueServerCertificate(authority, { key, names: [name] }, now);
    writeFileSync(guest.path("/srv/store/certs/private.key"), key);
    writeFileSync(guest.path("/srv/store/certs/public.crt"), certificate);
    const keys: PointInTimeKeys = {
      accessKey: `key-${randomBytes(6).toString("hex")}`,
      secretKey: randomBytes(18).toString("hex"),
      // What shells, URLs and configuration files make something of.
      passphrase: `${randomBytes(9).toString("hex")} '"$x;#[a]=%&\\`,
      authority: authority.certificate,
    };
    const made = new PointInTimeGuest(guest, keys);
    await made.startStore();
    await made.makeBucket();
    await guest.startPostgres();
    return made;
  }

  async startStore(): Promise<void> {
    const environment = {
      MINIO_ROOT_USER: this.keys.accessKey,
      MINIO_ROOT_PASSWORD: this.keys.secretKey,
      MINIO_BROWSER: "off",
      MINIO_UPDATE: "off",
    };
    const serve = `/srv/store/server server --quiet --certs-dir /srv/store/certs --address 127.0.0.1:${String(port)} /srv/store/data`;
    await this.guest.must(
      `chmod 0755 /srv/store/server; setsid ${serve} >/srv/store/log 2>&1 </dev/null & echo $! >/srv/store/pid
      until curl --insecure --silent --fail --output /dev/null https://127.0.0.1:${String(port)}/minio/health/live; do kill -0 $! || exit 1; sleep 0.2; done`,
      { environment },
    );
  }

  async stopStore(): Promise<void> {
    await this.guest.must(
      "kill $(cat /srv/store/pid); while kill -0 $(cat /srv/store/pid) 2>/dev/null; do sleep 0.1; done",
    );
  }

  private async makeBucket(): Promise<void> {
    await this.guest.must(`rclone mkdir --no-check-certificate :s3:${bucket}`, {
      environment: {
        RCLONE_S3_PROVIDER: "Minio",
        RCLONE_S3_ENDPOINT: `https://127.0.0.1:${String(port)}`,
        RCLONE_S3_ACCESS_KEY_ID: this.keys.accessKey,
        RCLONE_S3_SECRET_ACCESS_KEY: this.keys.secretKey,
      },
    });
  }

  /** Writes the program and what it is told. */
  async write(
    source: string,
    changes: Partial<PointInTimeFiles> = {},
    keys: Partial<PointInTimeKeys> = {},
  ): Promise<void> {
    const files: PointInTimeFiles = {
      source,
      cluster: "",
      port: 5432,
      store: { name, port },
      address: "127.0.0.1",
      bucket,
      region: "us-east-1",
      path: "/web",
      archiveTimeout: 60,
      keep: 2,
      restart: true,
      full: "sun 02:00",
      differential: "mon..sat 02:00",
      ...changes,
    };
    await this.guest.must(["set -eu", ...pointInTimeLines(files, { ...this.keys, ...keys })].join("\n"));
    await this.guest.must(`mkdir -p ${dirname(pointInTimePlaces.program)}`);
    writeFileSync(this.guest.path(pointInTimePlaces.program), pointInTimeProgram, { mode: 0o755 });
  }

  /** Runs a verb. */
  verb(...words: readonly string[]): Promise<GuestAnswer> {
    return this.guest.run([pointInTimePlaces.program, ...words]);
  }

  /** Runs a verb that must end well. */
  async mustVerb(...words: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.verb(...words);
    if (exitCode !== 0) throw new Error(`${words.join(" ")} ended with ${String(exitCode)}: ${stdout}${stderr}`);
    return stdout.trimEnd();
  }

  /** Asks the database; the answer without its last line's end. */
  async sql(text: string): Promise<string> {
    const words = ["psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", "postgres", "-c", text];
    const { exitCode, stdout, stderr } = await this.guest.run(words, { user: "postgres" });
    if (exitCode !== 0) throw new Error(`${text}: ${stderr}`);
    return stdout.trimEnd();
  }

  /** What `lifeboat` asks the program with. */
  program(source: string): PointInTimeProgram {
    const run = async (command: string) => {
      const { exitCode, stdout, stderr } = await this.guest.shell(command);
      return { code: exitCode, stdout, stderr };
    };
    return new PointInTimeProgram(run, "prod/web", source);
  }

  /**
   * Recovers the cluster by the guest's own verbs, as the operation has them called.
   *
   * @param sql asked of what was recovered, before it counts
   * @returns its answer
   */
  async recover(
    source: string,
    id: string,
    wish: PointWish,
    { timeline, sql }: { readonly timeline?: number | undefined; readonly sql?: string } = {},
  ): Promise<string | undefined> {
    const { signal } = new AbortController();
    const program = this.program(source);
    const facts = await program.facts(signal);
    const point = await locatePoint(facts, wish, timeline, scanBy(program, facts, wish, signal));
    if ("kind" in point) throw new Error(`not yet: ${String(point.last)}`);
    const { backup, timeline: chosen, ranges } = point.choice;
    const bytes = bytesNeeded(point.choice, facts.segmentSize);
    const words = { id, backup: backup.label, wish, timeline: chosen, bytes, archive: facts.archive, ranges };
    await program.fetch(words, signal);
    const question = sql === undefined ? undefined : { sql, database: "postgres" };
    const { answer } = await program.replay(id, question, signal);
    await program.swap(id, signal);
    await program.prove(id, signal);
    await program.finish(id, signal);
    return answer;
  }

  /** Folder of the archive's WAL on the server's disk, for what only somebody with the server can do. */
  walFolder(source: string): string {
    return `/srv/store/data/${bucket}/web/archive/${source}/15-1`;
  }

  stop(): Promise<void> {
    return this.guest.stop();
  }
}
