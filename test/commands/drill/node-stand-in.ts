import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RestoreSite } from "../restore/restore-site";

/** An `ssh` to the node that notes what it is asked for; ports of copies answer unless {@link closePort} has named them. */
export function nodeStandIn(site: RestoreSite): Record<string, string> {
  const folder = join(site.folder, "node-shell");
  mkdirSync(folder);
  const lines = [
    "#!/bin/sh",
    "for last; do :; done",
    `printf '%s\\n' "$last" | tee ${folder}/last >> ${folder}/asked`,
    'case "$last" in *lifeboat-probe*) echo lifeboat-probe;; esac',
    `grep -qsF "/$(cat ${folder}/closed)" ${folder}/last && exit 1`,
    'case "$last" in *HTTP/1.0*) echo "HTTP/1.0 204 No Content";; esac',
  ];
  closePort(site, "none");
  writeFileSync(join(folder, "ssh"), `${lines.join("\n")}\n`);
  chmodSync(join(folder, "ssh"), 0o755);
  const project = join(site.folder, "with-ssh");
  mkdirSync(project);
  for (const file of ["Pulumi.yaml", "Pulumi.prod.yaml", "site-ca.pem"]) {
    const text = readFileSync(join(site.project, file), "utf8");
    writeFileSync(join(project, file), text.replace("ca: site-ca.pem }", "ca: site-ca.pem, ssh: { user: root } }"));
  }
  return { PATH: `${folder}:${process.env["PATH"] ?? ""}`, LIFEBOAT_PROJECT: project };
}

/** No copy answers on this port any more. */
export function closePort(site: RestoreSite, port: string): void {
  writeFileSync(join(site.folder, "node-shell/closed"), port);
}
