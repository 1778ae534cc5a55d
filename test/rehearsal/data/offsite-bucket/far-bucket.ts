import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { stringify } from "yaml";
import { createKeyPair } from "../../../../site/state-store/keys";
import { certificateFiles, ensureCertificates } from "../../../sandbox/server/certificates";
import { offsiteSettings } from "../../../support/example-offsite";
import { projectFolder, runCommand } from "../../support/commands";
import { MinioServer } from "../../support/minio-server";
import { type Answer, type AnyRequest, send, type Sender, trustAuthority } from "../../support/signed-requests";
import { toolchainProgram } from "../../support/toolchain";

export const bucket = "far-away";
export const root = { accessKey: MinioServer.accessKey, secretKey: MinioServer.secretKey };
export const [writer, reader] = [createKeyPair("writer"), createKeyPair("reader")];

/** The headers with which a service believes what it gets. */
export const md5 = (body: string | Buffer) => ({ "content-md5": createHash("md5").update(body).digest("base64") });

/** A version of an object. */
export interface Version {
  readonly id: string;
  readonly content: string;
  /** When the lock ends, as the server says. */
  readonly locked: string;
}

/** A real MinIO, and a project with the program that makes a bucket there. */
export class FarBucket {
  readonly folder = mkdtempSync(join(tmpdir(), "lifeboat-offsite-"));
  readonly project = join(this.folder, "project");
  #minio: MinioServer | undefined;

  get endpoint(): string {
    if (this.#minio === undefined) throw new Error("it is not started");
    return this.#minio.endpoint;
  }

  async start(): Promise<void> {
    const { folder } = this;
    const ca = await ensureCertificates(join(folder, "ca"), [{ node: "s3", names: ["127.0.0.1"] }]);
    const { certificate, key } = certificateFiles(join(folder, "ca"), "s3");
    mkdirSync(join(folder, "certificates"));
    copyFileSync(certificate, join(folder, "certificates", "public.crt"));
    copyFileSync(key, join(folder, "certificates", "private.key"));
    const text = readFileSync(ca, "utf8");
    this.#minio = await MinioServer.start(join(folder, "data"), {
      tls: { folder: join(folder, "certificates"), ca: text },
    });
    trustAuthority(text);
    await this.furnishProject(ca);
  }

  async stop(): Promise<void> {
    await this.#minio?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A project with the program as one file, the settings, and the plugin. */
  private async furnishProject(ca: string): Promise<void> {
    const { project } = this;
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
    const config = Object.fromEntries(
      Object.entries(this.settings()).map(([key, value]) => [`lifeboat:${key}`, value]),
    );
    writeFileSync(join(project, "Pulumi.prod.yaml"), stringify({ config }));
    const [artifact = ""] = execFileSync("npm", ["run", "--silent", "toolchain", "--", "--artifact", "aws"], {
      cwd: projectFolder,
      encoding: "utf8",
    }).split("\n");
    await this.pulumi("plugin", "install", "resource", "aws", "7.48.0", "--file", artifact);
    await this.pulumi("stack", "init", "prod");
  }

  settings() {
    const keys = { offsiteKeys: { admin: root, writer, reader } };
    return offsiteSettings({ endpoint: this.endpoint, ca: "offsite-ca.pem" }, keys);
  }

  /** @throws Error with what it said where it does not end well */
  async pulumi(...words: readonly string[]): Promise<string> {
    const { folder, project } = this;
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

  as(who: Sender, request: AnyRequest): Promise<Answer> {
    return send(this.endpoint, who, request);
  }

  /** What the answer was, in one line. */
  async ask(who: Sender, request: AnyRequest): Promise<string> {
    const { status, text } = await this.as(who, request);
    const code = /<Code>(\w+)<\/Code>|"Code":"(\w+)"/u.exec(text);
    return [status, code?.[1] ?? code?.[2]].filter((part) => part !== undefined).join(" ");
  }

  put(who: Sender, key: string, body: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
    return this.ask(who, { method: "PUT", path: `/${bucket}/${key}`, body, headers: { ...md5(body), ...headers } });
  }

  /** Every version of an object, as the reader's key gets it. */
  async versionsOf(key: string): Promise<Version[]> {
    const { text } = await this.as(reader, { method: "GET", path: `/${bucket}`, query: { versions: "", prefix: key } });
    const found: Version[] = [];
    for (const [, entry = ""] of text.matchAll(/<Version>(.*?)<\/Version>/gsu)) {
      const id = /<VersionId>(.*?)</u.exec(entry)?.[1] ?? "";
      const path = `/${bucket}/${key}`;
      const { text: content } = await this.as(reader, { method: "GET", path, query: { versionId: id } });
      const retention = await this.as(reader, { method: "GET", path, query: { retention: "", versionId: id } });
      found.push({ id, content, locked: /<RetainUntilDate>(.*?)</u.exec(retention.text)?.[1] ?? "" });
    }
    return found;
  }

  /** A copy as a guest writes it. @returns it as it lies there */
  async copied(key: string): Promise<Version> {
    const answer = await this.put(writer, key, "copied");
    const [version] = await this.versionsOf(key);
    if (answer !== "200" || version === undefined) throw new Error(`it is not there: ${answer}`);
    return version;
  }

  /** A setting of the bucket, as the server has it. */
  async settingAt(what: string): Promise<string> {
    return (await this.as(root, { method: "GET", path: `/${bucket}`, query: { [what]: "" } })).text;
  }
}
