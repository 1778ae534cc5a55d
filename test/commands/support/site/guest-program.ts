import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { programFiles } from "../../../../components/data/guest-program/program";
import { settingsFile } from "../../../../components/data/guest-program/settings-file";
import { placesOf } from "../../../../site/data/places";
import type { DataSource } from "../../../../site/settings/data";
import type { NodeSite } from "./node-site";
import { logInToNode, nodeShell } from "./node-ssh";

/**
 * A container whose `lifeboat-data` is the real one, in a folder of its own: `pct exec` of the site's node runs it there. What the
 * `memory` sandbox lacks is a guest that runs.
 */
export class GuestProgram {
  /** For PATH: `ssh` to the node, and the node's `pct`. */
  readonly bin: string;
  readonly root: string;

  constructor(site: NodeSite, node: string, guest: string) {
    logInToNode(site);
    this.bin = nodeShell(site, node);
    this.root = join(site.project, `guest-${guest}`);
    // Behind `pct exec ID --`: what would be done in the guest's own places is done in its folder.
    const script = [
      "#!/bin/bash",
      `shift 3; exec "$1" "$2" "\${3//\\/usr\\/local\\/lib\\/lifeboat/${this.root}/usr/local/lib/lifeboat}"`,
    ];
    this.write(join(this.bin, "pct"), `${script.join("\n")}\n`, 0o755);
    for (const { name, text, isExecutable } of programFiles()) {
      const own = text.replaceAll(
        /\/(?=etc\/lifeboat|var\/lib\/lifeboat|var\/log\/lifeboat|run\/lifeboat)/gu,
        `${this.root}/`,
      );
      this.write(this.path(`/usr/local/lib/lifeboat/data/${name}`), own, isExecutable ? 0o755 : 0o644);
    }
  }

  /** Where something of the guest lies. */
  path(inside: string): string {
    return join(this.root, inside);
  }

  /** As `pulumi up` leaves it there. */
  declare(source: DataSource): void {
    const { settings } = placesOf(source.name);
    this.write(this.path(`${settings}/settings`), settingsFile(source), 0o600);
    this.write(this.path(`${settings}/recipients`), source.recipients.map((one) => `${one}\n`).join(""), 0o600);
  }

  private write(path: string, text: string, mode: number): void {
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, text);
    chmodSync(path, mode);
  }
}
