import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FolderStore } from "../../../scripts/clients/object-store/folder-store";
import { PulumiEncrypter } from "../../support/encrypt";
import { S3Server } from "../support/kit";
import { ProjectSite, siteFolder } from "../support/site/project-site";

/** Environments of the site; the store is declared by the last one. */
const environments = ["lab", "prod", "monitoring"] as const;

export type StateEnvironment = (typeof environments)[number];

const passphrase = "correct horse";

/**
 * A project whose states are in an S3 service, with a second one for copies. No node is there: these commands need none.
 */
export class StateSite extends ProjectSite {
  readonly encrypter = new PulumiEncrypter(passphrase);

  private constructor(
    folder: string,
    readonly store: S3Server,
    readonly offsite: S3Server,
  ) {
    super(folder, {
      name: "shop",
      endpoint: () => "https://127.0.0.1:1",
      passphrase,
      variables: { LIFEBOAT_PROXMOX_TOKEN: "nobody@pve!asks=00000000-0000-0000-0000-000000000000" },
    });
    this.write("s3-ca.pem", readFileSync(store.ca, "utf8"));
    this.write("offsite-ca.pem", readFileSync(offsite.ca, "utf8"));
    for (const name of environments) this.declareStates(name);
  }

  static async start(): Promise<StateSite> {
    const folder = siteFolder("state");
    const keys = Object.fromEntries(environments.map((name) => [`lifeboat-${name}`, [`lifeboat-state-${name}`]]));
    const store = await S3Server.start(join(folder, "store"), keys);
    const offsite = await S3Server.start(join(folder, "offsite"), { copies: ["copies"] });
    for (const name of environments) store.makeBucket(`lifeboat-state-${name}`);
    offsite.makeBucket("copies");
    return new StateSite(folder, store, offsite);
  }

  override async stop(): Promise<void> {
    await Promise.all([this.store.close(), this.offsite.close()]);
    await super.stop();
  }

  /** Whether a folder of the site is there. */
  has(name: string): boolean {
    return existsSync(join(this.folder, name));
  }

  /** The folder of copies that the settings' default names. */
  copies(name: StateEnvironment): FolderStore {
    return new FolderStore(this.dataPath("state-copies", name), { attributes: false });
  }

  /** Pulumi's backend on this machine. */
  get local(): FolderStore {
    return new FolderStore(this.dataPath("pulumi"));
  }

  /** Puts an object into an environment's bucket. */
  put(name: StateEnvironment, key: string, text: string): void {
    this.store.put(`lifeboat-state-${name}`, key, text);
  }

  /** What an environment's bucket holds. */
  bucket(name: StateEnvironment): Map<string, string> {
    return this.store.contents(`lifeboat-state-${name}`);
  }

  private declareStates(name: StateEnvironment): void {
    const store = [
      "  lifeboat:stateStore:",
      `    service: { endpoint: "${this.store.endpoint}", region: us-east-1, ca: s3-ca.pem }`,
      "    copies:",
      `      offsite: { endpoint: "${this.offsite.endpoint}", bucket: copies, ca: offsite-ca.pem }`,
      `  lifeboat:stateStoreOffsiteKey: ${this.key("copies")}`,
    ];
    this.declare(name, {
      head: [`encryptionsalt: ${this.encrypter.salt}`],
      profile: name,
      node: "pve",
      guests: { web: [`adopt: ${String(141 + environments.indexOf(name))}`] },
      lines: [`  lifeboat:stateKey: ${this.key(`lifeboat-${name}`)}`, ...(name === "monitoring" ? store : [])],
    });
  }

  /** A key of a service, as a secret of the settings. */
  private key(accessKey: string): string {
    const key = JSON.stringify({ accessKey, secretKey: `only-for-${accessKey}` });
    return `{ secure: "${this.encrypter.encrypt(key)}" }`;
  }
}
