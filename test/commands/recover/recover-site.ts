import { dirname, join } from "node:path";
import { readFileSync, writeFileSync } from "node:fs";
import * as z from "zod";
import { node, RestoreSite, type SiteOptions, type TestContainer } from "../restore/restore-site";
import type { S3Server } from "../support/kit";
import type { RunOptions, RunResult } from "../support/run-bundle";
import { PulumiStandIn } from "../support/site/pulumi-stand-in";

const stateShape = z.object({
  checkpoint: z.object({ latest: z.object({ resources: z.array(z.looseObject({ urn: z.string() })) }) }),
});

const passphrase = "not-a-secret-passphrase";
const bucket = "state-prod";

export interface RecoverOptions extends SiteOptions {
  /** What Pulumi remembers of guests, by their names. Default: it has no resources. */
  readonly state?: Readonly<Record<string, unknown>>;
}

/** A site of one node whose guests can be lost, with a `pulumi` that keeps a state on this machine. */
export class RecoverSite {
  private readonly pulumi: PulumiStandIn;
  private program: Readonly<Record<string, unknown>> = {};

  private store: { readonly server: S3Server; readonly variables: Readonly<Record<string, string>> } | undefined;

  private constructor(
    readonly site: RestoreSite,
    private readonly state: NonNullable<RecoverOptions["state"]>,
  ) {
    this.pulumi = new PulumiStandIn(site.folder, join(__dirname, "../up/pulumi.cjs"));
    writeFileSync(join(site.folder, "passphrase"), `${passphrase}\n`);
    this.writeProgram();
  }

  private writeProgram(more: Readonly<Record<string, unknown>> = {}): void {
    this.program = { ...this.program, ...more };
    const program = { prod: Object.keys(this.state), outputs: { prod: this.state }, ...this.program };
    this.site.write("program.json", JSON.stringify(program));
  }

  /** The program declares one more, which nothing has made yet. */
  grow(name: string): void {
    this.writeProgram({ prod: [...Object.keys(this.state), name] });
  }

  /** Pulumi finds nothing of a node any more. @param name undefined: of every node again */
  loseNode(name: string | undefined): void {
    this.writeProgram({ goneNode: name });
  }

  /** What Pulumi's state has of a guest. */
  async recorded(name: string): Promise<unknown> {
    const key = ".pulumi/stacks/site/prod.json";
    const kept = this.store?.server.contents(bucket).get(key);
    const { checkpoint } = stateShape.parse(
      JSON.parse(kept ?? readFileSync(this.site.dataPath("pulumi", key), "utf8")),
    );
    return checkpoint.latest.resources.find(({ urn }) => urn.endsWith(`::${name}`));
  }

  /** Its guests are backed up, and in a job. */
  static async start(containers: readonly TestContainer[], options: RecoverOptions = {}): Promise<RecoverSite> {
    const made = new RecoverSite(await RestoreSite.start(containers, options), options.state ?? {});
    const { client } = made.site;
    const vmid = containers.map(({ id }) => String(id)).join(",");
    await client.post(["cluster", "backup"], { id: "lifeboat-prod", schedule: "01:00", storage: "backup", vmid });
    for (const { id, node: place } of containers) await made.site.backUp(id, {}, place);
    const { code, stderr } = await made.run(["up", "--force"]);
    if (code !== 0) throw new Error(stderr);
    return made;
  }

  /** With which commands find its `pulumi`. */
  get variables(): Readonly<Record<string, string>> {
    return { ...this.pulumi.variables, ...this.store?.variables };
  }

  /** Its state goes to a store that is a service, and a copy of it is made on this machine. @returns what loses that store */
  async keepStateIn(server: S3Server): Promise<() => void> {
    const { site } = this;
    const keys = join(site.folder, "keys.json");
    writeFileSync(
      keys,
      JSON.stringify({ identities: { prod: { accessKey: "lifeboat-prod", secretKey: "not-a-secret" } } }),
    );
    this.store = { server, variables: { TEST_PULUMI_KEYS: dirname(server.ca), LIFEBOAT_STATE_KEYS_FILE: keys } };
    site.write("s3-ca.pem", readFileSync(server.ca, "utf8"));
    const service = `{ service: { endpoint: "${server.endpoint}", ca: s3-ca.pem }, buckets: state }`;
    site.write(
      "Pulumi.prod.yaml",
      site.read("Pulumi.prod.yaml").replace("config:\n", `$&  lifeboat:stateStore: ${service}\n`),
    );
    this.writeProgram({ buckets: { prod: [bucket] }, store: { endpoint: server.endpoint, root: "lifeboat-root" } });
    for (const words of [
      ["up", "--force"],
      ["backup", "state"],
    ]) {
      const { code, stderr } = await this.run(words);
      if (code !== 0) throw new Error(stderr);
    }
    return () => server.dropBucket(bucket);
  }

  /** What a shell has from which commands find its `pulumi` and open its secrets. */
  get shell(): Readonly<Record<string, string>> {
    return { ...this.variables, PULUMI_CONFIG_PASSPHRASE_FILE: join(this.site.folder, "passphrase") };
  }

  run(words: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return this.site.lifeboat(words, { ...options, env: { ...this.shell, ...options.env } });
  }

  recover(words: readonly string[] = [], options?: RunOptions): Promise<RunResult> {
    return this.run(["recover", "--check-timeout", "0", ...words], options);
  }

  /** Its own storage for backups is not known to the node any more, as on one that was installed anew. */
  async forgetStorage(): Promise<void> {
    await this.site.client.delete(["storage", "backup"]);
    // Proxmox takes the rights on a storage away with it; whoever sets the node up again gives them again.
    await this.site.showVolumes("backup");
  }

  /** Commands that `pulumi` was given since the last call. */
  pulumiRuns(): string[] {
    return this.pulumi.runs();
  }

  /** Names of the guests that are there. */
  async there(): Promise<(string | undefined)[]> {
    const guests = await this.site.client.cluster.guests();
    return guests
      .filter((guest) => guest.node === node)
      .map(({ name }) => name)
      .sort();
  }

  stop(): Promise<void> {
    return this.site.stop();
  }
}
