import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NodeSite } from "./node-site";

/**
 * The `memory` sandbox has no sshd. This `ssh` runs the command that it is given in the node's own folder; what reads an
 * archive is the real thing. It writes down its words, fails where SSH_FAILS is set, and waits for the file of SSH_HELD.
 *
 * @returns the folder with it, for PATH.
 */
export function nodeShell(site: NodeSite, node: string): string {
  const folder = join(site.project, "bin");
  mkdirSync(folder, { recursive: true });
  const root = site.nodePath(node);
  const lines = [
    "#!/bin/bash",
    `printf '%s\\n' "$@" > '${sshWords(site)}'`,
    '[ -z "$SSH_FAILS" ] || { echo "Permission denied (publickey)." >&2; exit 255; }',
    `while [ -n "$SSH_HELD" ] && [ ! -e "$SSH_HELD" ]; do sleep 0.05; done`,
    `command="\${@: -1}"; exec bash -c "\${command// \\/mnt/ ${root}/mnt}"`,
  ];
  writeFileSync(join(folder, "ssh"), `${lines.join("\n")}\n`);
  chmodSync(join(folder, "ssh"), 0o755);
  return folder;
}

/** Where the words of its last call are. */
export function sshWords(site: NodeSite): string {
  return join(site.project, "ssh-words");
}

/** Says in the settings of an environment that its node can be logged in to. */
export function logInToNode(site: NodeSite, environment = "prod"): void {
  const name = `Pulumi.${environment}.yaml`;
  site.write(name, site.read(name).replace("ca: site-ca.pem }", "ca: site-ca.pem, ssh: { user: root, port: 2222 } }"));
}
