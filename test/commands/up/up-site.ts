import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createAuthority, createServerKey } from "../../../site/state-store/authority";
import { formatKeys } from "../../../site/state-store/keys";
import { copierName, readerOf } from "../../../site/state-store/names";
import { sealSettings } from "../../support/sealed-settings";
import { S3Server } from "../support/kit";
import { ProjectSite, siteFolder } from "../support/site/project-site";
import { PulumiStandIn } from "../support/site/pulumi-stand-in";

const environments = ["monitoring", "prod"];
export const passphrase = "not-a-secret-passphrase";
const key = (accessKey: string) => ({ accessKey, secretKey: secretOf(accessKey) });
const secretOf = (name: string): string => `not-a-secret-of-${name}`;

/** Made once for all sites of a test file: an authority's key is half a second of work, and no site here uses another's. */
let madeKeys: Promise<{ authorityKey: string; serverKey: string }> | undefined;

async function makeKeys(): Promise<{ authorityKey: string; serverKey: string }> {
  const { key: authorityKey } = await createAuthority("site", ["127.0.0.1"], new Date());
  return { authorityKey, serverKey: await createServerKey() };
}

/** A server that several sites use one after the other, each with buckets of its own name. */
export async function startStore(folder: string): Promise<S3Server> {
  return S3Server.start(folder, { "lifeboat-root": ["*"], "lifeboat-monitoring": ["*"], "lifeboat-prod": ["*"] });
}

/** A project with two environments and a state store that is a service, the bundled command line, and a `pulumi`. */
export class UpSite extends ProjectSite {
  private constructor(
    folder: string,
    readonly store: S3Server,
    /** What the names of its buckets begin with. */
    readonly buckets: string,
    private readonly pulumi: PulumiStandIn,
  ) {
    super(folder, {
      name: "site",
      endpoint: () => "https://192.0.2.11:8006",
      passphrase,
      variables: {
        ...pulumi.variables,
        TEST_PULUMI_KEYS: dirname(store.ca),
        LIFEBOAT_PROXMOX_TOKEN: "lifeboat@pve!test=not-a-secret-token",
        LIFEBOAT_STATE_KEYS_FILE: join(folder, "keys.json"),
      },
    });
    for (const name of ["site-ca.pem", "s3-ca.pem"]) this.write(name, readFileSync(store.ca, "utf8"));
    this.declareWithComments("prod");
    this.declareStore();
    this.program({});
    this.giveKeys(environments);
  }

  static create(store: S3Server, name: string): UpSite {
    const folder = siteFolder("up");
    return new UpSite(folder, store, `state-${name}`, new PulumiStandIn(folder, join(__dirname, "pulumi.cjs")));
  }

  declareStore(): void {
    const { endpoint } = this.store;
    const service = `{ service: { endpoint: "${endpoint}", ca: s3-ca.pem }, buckets: ${this.buckets} }`;
    this.declareWithComments("monitoring", `  lifeboat:stateStore: ${service}`);
  }

  /** The same store, as if a container of the site had it: then the settings hold the key of whoever runs it. */
  async declareContainer(): Promise<void> {
    const port = Number(new URL(this.store.endpoint).port);
    const guest = [
      "    store:",
      "      kind: container",
      "      id: 302",
      "      template: local:vztmpl/debian-12-standard_amd64.tar.zst",
      "      root: { storage: local, size: 4GiB }",
      "      disks: { data: { mount: /var/lib/minio, storage: local, size: 4GiB } }",
      "      network: { bridge: vmbr0, address: 127.0.0.1/24, gateway: 127.0.0.254, firewall: true }",
    ];
    const server = `{ url: "http://192.0.2.20/minio", sha256: "${"0".repeat(64)}" }`;
    const store = `{ guest: store, server: ${server}, ports: { api: ${String(port)} }, allow: [127.0.0.0/24], buckets: ${this.buckets} }`;
    const file = "Pulumi.monitoring.yaml";
    const text = this.read(file).replace(
      /^( +lifeboat:stateStore:) .*$/mu,
      `$1 ${store}\n  lifeboat:guests:\n${guest.join("\n")}`,
    );
    this.write(file, text);
    const keys = {
      root: key("lifeboat-root"),
      copier: key(copierName),
      ...(await (madeKeys ??= makeKeys())),
      identities: Object.fromEntries(
        environments.map((name) => [name, { ...key(`lifeboat-${name}`), secretKey: secretOf(name) }]),
      ),
      readers: Object.fromEntries(environments.map((name) => [name, key(readerOf(name))])),
    };
    await sealSettings(
      join(this.project, file),
      join(this.folder, "passphrase"),
      { "lifeboat:stateStoreKeys": formatKeys(keys) },
      {
        "lifeboat:stateStoreAuthority": readFileSync(this.store.ca, "utf8"),
      },
    );
  }

  /** A store in a container of the site, made by it with both stacks and everybody who may use them. */
  async makeContainer(): Promise<void> {
    const { code, stderr } = await this.lifeboat(["up", "--force"]);
    if (code !== 0) throw new Error(stderr);
    await this.declareContainer();
    this.program({ identities: "monitoring" });
    const { users } = this.store.identities;
    for (const name of [copierName, ...environments.map(readerOf)]) users.set(name, ["*"]);
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

  /** States of all journals, newest first, by environment. */
  journalStates(): Record<string, string[]> {
    const states = environments.map((name): [string, string[]] => [
      name,
      this.journals(name).map((text) => JSON.parse(text).state),
    ]);
    return Object.fromEntries(states);
  }

  /** Commands that `pulumi` was given since the last call. */
  pulumiRuns(): string[] {
    return this.pulumi.runs();
  }

  localFolder(): string {
    return this.dataPath("pulumi");
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
    const folder = this.dataPath("state-copies");
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

  /** Settings whose comments and blanks an edit has to leave as they are. */
  private declareWithComments(name: string, ...lines: string[]): void {
    this.declare(name, {
      head: [`# The environment ${name}.`],
      profile: `  ${name}   # as it is`,
      node: "pve",
      ca: "site-ca.pem",
      lines: [...lines, "", "# The end."],
    });
  }
}
