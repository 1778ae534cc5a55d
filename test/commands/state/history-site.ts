import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type BuiltState, StateBuilder } from "../../support/state/build-state";
import { FolderBackend, putUpdate, type TestBackend, type Update, type UpdateOptions } from "../support/site/backend";
import { ProjectSite, siteFolder } from "../support/site/project-site";

const passphrase = "rhubarb crumble";

/** A project with one environment, `prod`, whose state a test writes; and the bundled command line. */
export class HistorySite extends ProjectSite {
  readonly builder = new StateBuilder("shop", "prod", passphrase);

  constructor(
    folder: string,
    readonly backend: TestBackend,
  ) {
    super(folder, {
      name: "shop",
      endpoint: () => "https://192.0.2.11:8006",
      passphrase,
      variables: { PATH: programsOnly(folder), TZ: "UTC", PULUMI_BACKEND_URL: backend.url, ...backend.variables },
    });
    this.declare("prod", { profile: "prod", node: "pve-prod", guests: { legacy: ["adopt: 140"] } });
  }

  static inFolder(): HistorySite {
    const folder = siteFolder("history");
    return new HistorySite(folder, new FolderBackend(join(folder, "backend")));
  }

  /** Writes what Pulumi writes for an update that ended. */
  update(state: BuiltState, options?: UpdateOptions): Update {
    return putUpdate(this.backend, this.builder, state, options);
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
