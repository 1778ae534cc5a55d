import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FolderStore } from "../../../scripts/clients/object-store/folder-store";
import { S3Server } from "../support/kit";
import { PulumiEncrypter } from "../../support/encrypt";
import { type RunOptions, type RunResult, runLifeboat } from "../support/run-bundle";

/** Environments of the site; the store is declared by the last one. */
const environments = ["lab", "prod", "monitoring"] as const;

export type StateEnvironment = (typeof environments)[number];

const passphrase = "correct horse";

/**
 * A project whose states are in an S3 service, with a second one for copies. No node is there: these commands need none.
 */
export class StateSite {
  readonly project: string;
  readonly encrypter = new PulumiEncrypter(passphrase);

  private constructor(
    readonly folder: string,
    readonly store: S3Server,
    readonly offsite: S3Server,
  ) {
    this.project = join(folder, "project");
    mkdirSync(this.project);
    writeFileSync(join(this.project, "Pulumi.yaml"), "name: shop\nruntime: nodejs\n");
    writeFileSync(join(folder, "passphrase"), `${passphrase}\n`);
    writeFileSync(join(this.project, "s3-ca.pem"), readFileSync(store.ca));
    writeFileSync(join(this.project, "offsite-ca.pem"), readFileSync(offsite.ca));
    for (const name of environments) this.writeSettings(name);
  }

  static async start(): Promise<StateSite> {
    const folder = mkdtempSync(join(tmpdir(), "lifeboat-state-"));
    const keys = Object.fromEntries(environments.map((name) => [`lifeboat-${name}`, [`lifeboat-state-${name}`]]));
    const store = await S3Server.start(join(folder, "store"), keys);
    const offsite = await S3Server.start(join(folder, "offsite"), { copies: ["copies"] });
    for (const name of environments) store.makeBucket(`lifeboat-state-${name}`);
    offsite.makeBucket("copies");
    return new StateSite(folder, store, offsite);
  }

  async stop(): Promise<void> {
    await Promise.all([this.store.close(), this.offsite.close()]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Whether a folder of the site is there. */
  has(name: string): boolean {
    return existsSync(join(this.folder, name));
  }

  /** The state folder of the command line. */
  stateFolder(name: StateEnvironment): string {
    return join(this.folder, "state", "lifeboat", `${name}@127.0.0.1_1`);
  }

  /** The folder of copies that the settings' default names. */
  copies(name: StateEnvironment): FolderStore {
    return new FolderStore(join(this.folder, "data", "lifeboat", "shop", "state-copies", name), { attributes: false });
  }

  /** Pulumi's backend on this machine. */
  get local(): FolderStore {
    return new FolderStore(join(this.folder, "data", "lifeboat", "shop", "pulumi"));
  }

  /** Puts an object into an environment's bucket. */
  put(name: StateEnvironment, key: string, text: string): void {
    this.store.put(`lifeboat-state-${name}`, key, text);
  }

  /** What an environment's bucket holds. */
  bucket(name: StateEnvironment): Map<string, string> {
    return this.store.contents(`lifeboat-state-${name}`);
  }

  /** Runs the command line without a terminal. */
  lifeboat(argv: readonly string[], options?: RunOptions): Promise<RunResult> {
    return runLifeboat(argv, { cwd: this.project, env: this.variables }, options);
  }

  private get variables(): Record<string, string> {
    return {
      PATH: process.env["PATH"] ?? "",
      HOME: this.folder,
      LIFEBOAT_PROJECT: this.project,
      PULUMI_CONFIG_PASSPHRASE_FILE: join(this.folder, "passphrase"),
      LIFEBOAT_PROXMOX_TOKEN: "nobody@pve!asks=00000000-0000-0000-0000-000000000000",
      XDG_DATA_HOME: join(this.folder, "data"),
      XDG_STATE_HOME: join(this.folder, "state"),
    };
  }

  private writeSettings(name: StateEnvironment): void {
    const key = (accessKey: string) => this.secret({ accessKey, secretKey: `only-for-${accessKey}` });
    const store = [
      "  lifeboat:stateStore:",
      `    service: { endpoint: "${this.store.endpoint}", region: us-east-1, ca: s3-ca.pem }`,
      "    copies:",
      `      offsite: { endpoint: "${this.offsite.endpoint}", bucket: copies, ca: offsite-ca.pem }`,
      `  lifeboat:stateStoreOffsiteKey: ${key("copies")}`,
    ];
    const lines = [
      `encryptionsalt: ${this.encrypter.salt}`,
      "config:",
      `  lifeboat:profile: ${name}`,
      '  lifeboat:proxmox: { endpoint: "https://127.0.0.1:1", node: pve }',
      "  lifeboat:backup: { storage: { id: backup, adopt: true } }",
      `  lifeboat:guests: { web: { adopt: ${String(101 + environments.indexOf(name))} } }`,
      `  lifeboat:stateKey: ${key(`lifeboat-${name}`)}`,
      ...(name === "monitoring" ? store : []),
      "",
    ];
    writeFileSync(join(this.project, `Pulumi.${name}.yaml`), lines.join("\n"));
  }

  private secret(value: unknown): string {
    return `{ secure: "${this.encrypter.encrypt(JSON.stringify(value))}" }`;
  }
}
