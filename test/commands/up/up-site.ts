import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { S3Server } from "../support/kit";
import { type RunOptions, type RunResult, runLifeboat } from "../support/run-bundle";

const environments = ["monitoring", "prod"];
export const passphrase = "not-a-secret-passphrase";
const secretOf = (name: string): string => `not-a-secret-of-${name}`;

/** A server that several sites use one after the other, each with buckets of its own name. */
export async function startStore(folder: string): Promise<S3Server> {
  return S3Server.start(folder, { "lifeboat-root": ["*"], "lifeboat-monitoring": ["*"], "lifeboat-prod": ["*"] });
}

/** A project with two environments and a state store that is a service, the bundled command line, and a `pulumi`. */
export class UpSite {
  readonly project: string;
  readonly env: Readonly<Record<string, string>>;

  constructor(
    readonly folder: string,
    readonly store: S3Server,
    /** What the names of its buckets begin with. */
    readonly buckets: string,
  ) {
    this.project = join(folder, "project");
    mkdirSync(join(folder, "bin"), { recursive: true });
    mkdirSync(this.project);
    symlinkSync(join(__dirname, "pulumi.cjs"), join(folder, "bin", "pulumi"));
    for (const name of ["site-ca.pem", "s3-ca.pem"]) copyFileSync(store.ca, join(this.project, name));
    this.write("Pulumi.yaml", "name: site\nruntime: nodejs\n");
    this.write("Pulumi.prod.yaml", settings("prod"));
    this.declareStore();
    this.program({});
    writeFileSync(join(folder, "passphrase"), `${passphrase}\n`);
    this.giveKeys(environments);
    this.env = {
      PATH: `${join(folder, "bin")}:${dirname(process.execPath)}:/usr/bin:/bin`,
      HOME: folder,
      LIFEBOAT_PROJECT: this.project,
      LIFEBOAT_PROXMOX_TOKEN: "lifeboat@pve!test=not-a-secret-token",
      LIFEBOAT_STATE_KEYS_FILE: join(folder, "keys.json"),
      PULUMI_CONFIG_PASSPHRASE_FILE: join(folder, "passphrase"),
      XDG_STATE_HOME: join(folder, "state"),
      XDG_DATA_HOME: join(folder, "data"),
      TEST_PULUMI_LOG: join(folder, "pulumi.log"),
    };
  }

  static create(store: S3Server, name: string): UpSite {
    return new UpSite(mkdtempSync(join(tmpdir(), "lifeboat-up-")), store, `state-${name}`);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  declareStore(): void {
    const { endpoint } = this.store;
    const service = `{ service: { endpoint: "${endpoint}", ca: s3-ca.pem }, buckets: ${this.buckets} }`;
    this.write("Pulumi.monitoring.yaml", settings("monitoring", `  lifeboat:stateStore: ${service}`));
  }

  /** What the program makes: names of resources by stack, further ones with the usual. */
  program(more: Readonly<Record<string, unknown>>): void {
    const program = {
      monitoring: ["metrics", "store"],
      prod: ["web", "db"],
      buckets: { monitoring: environments.map((name) => this.bucket(name)) },
      store: { endpoint: this.store.endpoint, root: "lifeboat-root" },
      ...more,
    };
    this.write("program.json", JSON.stringify(program));
  }

  giveKeys(names: readonly string[]): void {
    const identities = names.map((name) => [name, { accessKey: `lifeboat-${name}`, secretKey: secretOf(name) }]);
    writeFileSync(join(this.folder, "keys.json"), JSON.stringify({ identities: Object.fromEntries(identities) }));
  }

  bucket(name: string): string {
    return `${this.buckets}-${name}`;
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.project, name), text);
  }

  read(name: string): string {
    return readFileSync(join(this.project, name), "utf8");
  }

  /** Runs the command line without a terminal. */
  lifeboat(argv: readonly string[], options?: RunOptions): Promise<RunResult> {
    return runLifeboat(argv, { cwd: this.project, env: this.env }, options);
  }

  stateFolder(name: string): string {
    return join(this.folder, "state/lifeboat", `${name}@192.0.2.11_8006`);
  }

  /** States of all journals, newest first, by environment. */
  journals(): Record<string, string[]> {
    const states = environments.map((name): [string, string[]] => {
      const folder = this.stateFolder(name);
      const names = existsSync(folder) ? readdirSync(folder).filter((file) => /^stack-.*\.json$/u.test(file)) : [];
      return [
        name,
        names
          .sort()
          .reverse()
          .map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")).state),
      ];
    });
    return Object.fromEntries(states);
  }

  /** Commands that `pulumi` was given since the last call. */
  pulumiRuns(): string[] {
    const log = this.env["TEST_PULUMI_LOG"] ?? "";
    const lines = existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : [];
    rmSync(log, { force: true });
    return lines;
  }

  localFolder(): string {
    return join(this.folder, "data/lifeboat/site/pulumi");
  }

  localFiles(folder: string): string[] {
    const place = join(this.localFolder(), folder);
    return existsSync(place) ? readdirSync(place).sort() : [];
  }

  /** What is on the site, as far as it does not differ from run to run. */
  picture(): unknown {
    return {
      stored: Object.fromEntries(environments.map((name) => [name, this.stored(name)])),
      live: this.localFiles(".pulumi/stacks/site"),
      archived: this.localFiles("archive").map((name) => name.replace(/\d{8}T\d+Z/u, "TIME")),
      files: readdirSync(this.project).sort(),
      settings: environments.map((name) =>
        this.read(`Pulumi.${name}.yaml`)
          .replace(/v1:\S+/gu, "SEALED")
          .replaceAll(this.buckets, "BUCKETS"),
      ),
      copies: this.copies(),
      scratch: environments.filter((name) => existsSync(join(this.stateFolder(name), "scratch"))),
    };
  }

  private copies(): string[] {
    const folder = join(this.folder, "data/lifeboat/site/state-copies");
    if (!existsSync(folder)) return [];
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
    return names.filter((name) => name.includes("/stacks/site/")).sort();
  }

  /** Names of the resources of a stack in the store, and whatever else is there. */
  stored(name: string): unknown {
    const contents = this.store.contents(this.bucket(name));
    return [...contents].map(([key, text]) => {
      const { latest } = JSON.parse(text).checkpoint ?? {};
      const resources: { urn: string }[] = latest?.resources ?? [];
      const pending: unknown[] = latest?.pending_operations ?? [];
      return { key, resources: resources.map(({ urn }) => urn.split("::").at(-1)), pending: pending.length };
    });
  }
}

function settings(name: string, ...lines: string[]): string {
  return [
    `# The environment ${name}.`,
    "config:",
    `  lifeboat:profile:   ${name}   # as it is`,
    "  lifeboat:proxmox: { endpoint: https://192.0.2.11:8006, node: pve, ca: site-ca.pem }",
    "  lifeboat:backup: { storage: { id: backup, adopt: true } }",
    ...lines,
    "",
    "# The end.",
    "",
  ].join("\n");
}
