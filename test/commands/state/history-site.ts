import { createHash } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, relative } from "node:path";
import { type BuiltState, gzipped, StateBuilder } from "../../support/state/build-state";
import { type RunOptions, type RunResult, runLifeboat } from "../support/run-bundle";

const passphrase = "rhubarb crumble";

/** Where a backend's objects lie. */
export interface TestBackend {
  readonly url: string;
  /** Variables with which the command line reaches it. */
  readonly variables: Readonly<Record<string, string>>;
  /** @param time when it was written, where the backend can be told. */
  put(key: string, body: string | Buffer, time?: Date): void;
  remove(key: string): void;
  /** Digests of everything that is in it now, by key. */
  picture(): Map<string, string>;
}

/** A folder, with go-cloud's side files. */
export class FolderBackend implements TestBackend {
  readonly variables = {};

  constructor(readonly folder: string) {
    mkdirSync(folder, { recursive: true });
  }

  get url(): string {
    return `file://${this.folder}`;
  }

  put(key: string, body: string | Buffer, time?: Date): void {
    const path = join(this.folder, key);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, body);
    const md5 = createHash("md5").update(body).digest("base64");
    const text = { "user.cache_control": "", "user.content_type": "text/plain; charset=utf-8", "user.metadata": null };
    writeFileSync(`${path}.attrs`, `${JSON.stringify({ ...text, md5 })}\n`);
    if (time !== undefined) utimesSync(path, time, time);
  }

  remove(key: string): void {
    rmSync(join(this.folder, key), { force: true });
    rmSync(join(this.folder, `${key}.attrs`), { force: true });
  }

  picture(): Map<string, string> {
    const entries = readdirSync(this.folder, { recursive: true, withFileTypes: true });
    return new Map(
      entries
        .filter((entry) => entry.isFile() && !entry.name.endsWith(".attrs"))
        .map((entry) => join(entry.parentPath, entry.name))
        .sort()
        .map((path) => [relative(this.folder, path), digestOf(readFileSync(path))]),
    );
  }
}

export function digestOf(content: Buffer | string): string {
  return createHash("sha256").update(content).digest("hex");
}

/** One update of the stack, as it lies in the backend. */
export interface Update {
  readonly checkpoint: Buffer;
  /** Key of the checkpoint in the history. */
  readonly key: string;
  readonly entryKey: string;
}

/** A project with one environment, `prod`, whose state a test writes; and the bundled command line. */
export class StateSite {
  readonly builder = new StateBuilder("shop", "prod", passphrase);
  private readonly variables: Readonly<Record<string, string>>;

  constructor(
    readonly folder: string,
    readonly backend: TestBackend,
  ) {
    const project = join(folder, "project");
    mkdirSync(project);
    writeFileSync(join(project, "Pulumi.yaml"), "name: shop\nruntime: nodejs\n");
    writeFileSync(join(project, "Pulumi.prod.yaml"), settings);
    writeFileSync(join(folder, "passphrase"), `${passphrase}\n`);
    this.variables = {
      PATH: programsOnly(folder),
      HOME: folder,
      TZ: "UTC",
      LIFEBOAT_PROJECT: project,
      PULUMI_BACKEND_URL: backend.url,
      PULUMI_CONFIG_PASSPHRASE_FILE: join(folder, "passphrase"),
      XDG_STATE_HOME: join(folder, "state"),
      ...backend.variables,
    };
  }

  static inFolder(): StateSite {
    const folder = mkdtempSync(join(tmpdir(), "lifeboat-state-"));
    return new StateSite(folder, new FolderBackend(join(folder, "backend")));
  }

  stop(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  get stateFolder(): string {
    return join(this.folder, "state", "lifeboat", "prod@192.0.2.11_8006");
  }

  /** Writes what Pulumi writes for an update that ended: the checkpoint, its copies and its history entry. */
  update(
    state: BuiltState,
    {
      message = "",
      result = "succeeded",
      packed = false,
    }: { message?: string; result?: string; packed?: boolean } = {},
  ): Update {
    const text = this.builder.checkpoint(state);
    const checkpoint = packed ? gzipped(text) : Buffer.from(text);
    const suffix = packed ? ".json.gz" : ".json";
    const entry = this.builder.entry(message, result);
    const time = this.builder.next();
    const nanos = `${String(time.getTime())}123456`;
    const stem = `.pulumi/history/shop/prod/prod-${nanos}`;
    this.backend.put(`.pulumi/stacks/shop/prod${suffix}`, checkpoint, time);
    this.backend.put(`${stem}.history${suffix}`, packed ? gzipped(entry) : entry, time);
    this.backend.put(`${stem}.checkpoint${suffix}`, checkpoint, time);
    this.backend.put(`.pulumi/backups/shop/prod/prod.${nanos}${suffix}`, checkpoint, time);
    return { checkpoint, key: `${stem}.checkpoint${suffix}`, entryKey: `${stem}.history${suffix}` };
  }

  /** Runs the command line without a terminal. */
  lifeboat(argv: readonly string[], options?: RunOptions): Promise<RunResult> {
    return runLifeboat(argv, { cwd: this.folder, env: this.variables }, options);
  }

  /** The points that `--list` tells. */
  async points(...flags: string[]): Promise<ListedPoint[]> {
    const { code, stdout, stderr } = await this.lifeboat(["restore", "state", "prod", "--list", "--json", ...flags]);
    if (code !== 0) throw new Error(`--list ended with ${String(code)}: ${stderr}`);
    const { points }: { points: ListedPoint[] } = JSON.parse(stdout);
    return points;
  }

  /** Id of the point whose state an update left. */
  async idOf({ key }: Pick<Update, "key">, ...flags: string[]): Promise<string> {
    const found = (await this.points("--all", ...flags)).find((point) => point.key === key);
    if (found === undefined) throw new Error(`No point has ${key}.`);
    return found.id;
  }

  /** Texts of all journals, newest first. */
  journals(): string[] {
    return readdirSync(this.stateFolder)
      .filter((name) => /^stack-.*\.json$/u.test(name))
      .sort()
      .reverse()
      .map((name) => readFileSync(join(this.stateFolder, name), "utf8"));
  }
}

export interface ListedPoint {
  readonly id: string;
  readonly source: string;
  readonly status: string;
  readonly why: string | null;
  readonly present: boolean;
  readonly key: string | null;
  readonly versionId: string | null;
  readonly before: string | null;
  readonly resources: number | null;
  readonly update: { readonly message: string; readonly result: string } | null;
}

/** What the command line may find besides Node: no `pulumi`, whatever this machine has. */
function programsOnly(folder: string): string {
  const programs = join(folder, "bin");
  mkdirSync(programs);
  for (const place of (process.env["PATH"] ?? "").split(delimiter)) {
    const zstd = join(place, "zstd");
    try {
      readFileSync(zstd);
      symlinkSync(zstd, join(programs, "zstd"));
      break;
    } catch {
      continue;
    }
  }
  return programs;
}

const settings = `config:
  lifeboat:profile: prod
  lifeboat:proxmox: { endpoint: "https://192.0.2.11:8006", node: pve-prod }
  lifeboat:backup: { storage: { id: backup, adopt: true } }
  lifeboat:guests:
    legacy: { adopt: 140 }
`;
