import { renameSync } from "node:fs";
import { join } from "node:path";
import { builtOnce } from "./images/built-once";
import { unpackDebian } from "./images/debian-packages";

/** Programs of Debian packages that tests and the site's services run on this machine, by the name that they are asked for. */
const PROGRAMS = {
  alertmanager: { package: "prometheus-alertmanager", file: "usr/bin/prometheus-alertmanager" },
  /** A folder: Debian's Alertmanager reads them at /usr/share, where nothing is installed. */
  "alertmanager-templates": { package: "prometheus-alertmanager", file: "usr/share/prometheus/alertmanager" },
  amtool: { package: "prometheus-alertmanager", file: "usr/bin/amtool" },
  /** A folder, as that of zsh: a shell brings files of its own along. */
  fish: { package: ["fish", "libpcre2-32-0"], file: "." },
  mandoc: { package: "mandoc", file: "usr/bin/mandoc" },
  zsh: { package: ["zsh", "zsh-common"], file: "." },
  "docker-registry": { package: "docker-registry", file: "usr/bin/docker-registry" },
  "node-exporter": { package: "prometheus-node-exporter", file: "usr/bin/prometheus-node-exporter" },
  prometheus: { package: "prometheus", file: "usr/bin/prometheus" },
  promtool: { package: "prometheus", file: "usr/bin/promtool" },
  /** A folder, with what a mail server for tests needs in `usr/lib/python3/dist-packages`. */
  aiosmtpd: { package: ["python3-aiosmtpd", "python3-public", "python3-attr", "python3-pkg-resources"], file: "." },
  shellcheck: { package: "shellcheck", file: "usr/bin/shellcheck" },
} as const;

export type ProgramName = keyof typeof PROGRAMS;

export const PROGRAM_NAMES = Object.keys(PROGRAMS);

export function isProgramName(name: string): name is ProgramName {
  return name in PROGRAMS;
}

/**
 * A program of a Debian package, which is never installed: installed, some of them start services and firewall rules. Downloaded
 * the first time, kept in the user's cache afterwards.
 *
 * @param say receives one line before the download
 * @returns its path
 * @throws SandboxError where it cannot be had
 */
export function debianProgram(name: ProgramName, say: (line: string) => void): Promise<string> {
  const recipe = PROGRAMS[name];
  const build = async (file: string, temporary: string): Promise<void> => {
    await unpackDebian([recipe.package].flat(), join(temporary, "files"), temporary);
    renameSync(join(temporary, "files", recipe.file), file);
  };
  return builtOnce({ kind: "programs", name, recipe: [recipe, process.arch], build }, () =>
    say(
      `Downloading Debian's package ${[recipe.package].flat().join(", ")} for its ${name} (once; it is not installed)`,
    ),
  );
}
