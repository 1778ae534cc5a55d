import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { layoutOf } from "../../sandbox/setup/layout";
import type { CommandResult } from "./commands";
import { type DemoSite, expectExit } from "./demo-site";
import { toolchainProgram } from "./toolchain";

const barePath = `${dirname(process.execPath)}:/usr/sbin:/usr/bin:/sbin:/bin`;

/** Variables of a command. */
export type Variables = Readonly<Record<string, string>>;

/** What a break-glass file holds, on a machine with Node and nothing of Lifeboat but that. */
export class UnpackedKit {
  private constructor(
    private readonly site: DemoSite,
    private readonly folder: string,
  ) {}

  /** Has the site write its break-glass file, and takes out what it holds as the file's first step says. @param parent gets both */
  static async write(site: DemoSite, parent: string): Promise<UnpackedKit> {
    const file = join(parent, "kit.html");
    const kit = await site.inside("lifeboat", "kit", "--out", file, "--with-program", "--force");
    expectExit(kit, [0], "the break-glass file");
    const folder = join(parent, "laptop");
    mkdirSync(folder);
    const line =
      "sed -n '/-----BEGIN LIFEBOAT KIT-----$/,/-----END LIFEBOAT KIT-----$/p' \"$1\" | sed '1d;$d' | tr -d ' ' | base64 -d | tar -xz";
    execFileSync("sh", ["-c", line, "sh", file], { cwd: folder });
    return new UnpackedKit(site, folder);
  }

  /** Its libraries, by the line of the file, and the CLI with its plugins: those of the site's own. @returns what says where */
  async besidePulumi(): Promise<Variables> {
    const line = ["npm", "ci", "--omit=dev", "--ignore-scripts", "--prefix", join(this.folder, "project")] as const;
    expectExit(await this.site.project(...line, "--prefer-offline"), [0], "the libraries");
    const { pulumiHome } = layoutOf(this.site.folder);
    return { PULUMI_HOME: pulumiHome, PATH: `${dirname(toolchainProgram("pulumi"))}:${barePath}` };
  }

  settings(environment: string): string {
    return readFileSync(this.settingsFile(environment), "utf8");
  }

  settingsFile(environment: string): string {
    return join(this.folder, "project", `Pulumi.${environment}.yaml`);
  }

  /** Runs `lifeboat` there; the secrets are those of the safe. */
  lifeboat(variables: Variables, ...words: string[]): Promise<CommandResult> {
    return this.run(variables, this.folder, "node", join(this.folder, "lifeboat.cjs"), ...words);
  }

  /** A line for the shell in the folder of the stacks, with Pulumi's variables of an environment, as `lifeboat env` says them. */
  shell(variables: Variables, environment: string, line: string): Promise<CommandResult> {
    const exported = `exports=$(node ${join(this.folder, "lifeboat.cjs")} env ${environment}) && eval "$exports" && ${line}`;
    return this.run(variables, join(this.folder, "project"), "sh", "-c", exported);
  }

  private run(variables: Variables, folder: string, ...words: string[]): Promise<CommandResult> {
    const own = {
      PATH: barePath,
      HOME: this.folder,
      LIFEBOAT_PROJECT: join(this.folder, "project"),
      LIFEBOAT_PROXMOX_TOKEN_FILE: join(this.site.folder, "keys", "token"),
      PULUMI_CONFIG_PASSPHRASE_FILE: join(this.site.folder, "keys", "passphrase"),
    };
    const set = Object.entries({ ...own, ...variables }).map(([name, value]) => `${name}=${value}`);
    return this.site.inside("env", "-i", "-C", folder, ...set, ...words);
  }
}
