import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CommandResult } from "../support/commands";
import { DemoSite, expectExit } from "../support/demo-site";
import { obtainToolchain } from "../support/toolchain";

/** The site of the examples with real containers, which some parts of the rehearsal use one after the other. */
export class MainSite {
  readonly parent = mkdtempSync(join(tmpdir(), "lifeboat-main-"));
  /** Every command and every line that was printed. */
  readonly printed: string[] = [];
  readonly site = new DemoSite(join(this.parent, "site"), "real", (line) => this.printed.push(line));

  /**
   * Sees to it that all three stacks are deployed, in the state store: at once where a part before has left them so. Where what it
   * left cannot be gone on with, the site is made anew.
   */
  async deploy(): Promise<void> {
    await obtainToolchain(this.site);
    if ((await this.bringUp()).exitCode === 0) return;
    expectExit(await this.site.sandbox("down"), [0], "taking the site down");
    expectExit(await this.bringUp(), [0], "lifeboat up");
  }

  settingsOf(environment: string): string {
    return join(this.site.folder, "project", `Pulumi.${environment}.yaml`);
  }

  private async bringUp(): Promise<CommandResult> {
    expectExit(await this.site.sandbox("up", "--driver", "real"), [0], "the sandbox");
    return this.site.inside("lifeboat", "up", "--force");
  }
}
