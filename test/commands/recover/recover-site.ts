import { join } from "node:path";
import { readFileSync, writeFileSync } from "node:fs";
import * as z from "zod";
import { node, RestoreSite, type SiteOptions, type TestContainer } from "../restore/restore-site";
import type { RunOptions, RunResult } from "../support/run-bundle";
import { PulumiStandIn } from "../support/site/pulumi-stand-in";

const stateShape = z.object({
  checkpoint: z.object({ latest: z.object({ resources: z.array(z.looseObject({ urn: z.string() })) }) }),
});

const passphrase = "not-a-secret-passphrase";

export interface RecoverOptions extends SiteOptions {
  /** What Pulumi remembers of guests, by their names. Default: it has no resources. */
  readonly state?: Readonly<Record<string, unknown>>;
}

/** A site of one node whose guests can be lost, with a `pulumi` that keeps a state on this machine. */
export class RecoverSite {
  private readonly pulumi: PulumiStandIn;
  private program: Readonly<Record<string, unknown>> = {};

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
    const file = this.site.dataPath("pulumi", ".pulumi/stacks/site/prod.json");
    const { checkpoint } = stateShape.parse(JSON.parse(readFileSync(file, "utf8")));
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
    return this.pulumi.variables;
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
