import { spawn } from "node:child_process";
import { privateMounts } from "../../drivers/real/mounted-tree";
import { SandboxError } from "../failure";

/** A Debian system as mmdebstrap makes it. */
export interface DebianRecipe {
  suite: string;
  variant: string;
  packages: readonly string[];
  /** Paths that packages do not unpack, except for those of `keep`. */
  exclude: readonly string[];
  keep: readonly string[];
  /** Shell lines that end the work; `$1` is the system's root. */
  hooks: readonly string[];
}

/** Manuals and translations of a guest that lives for minutes would be a third of it. */
export const withoutManuals: Pick<DebianRecipe, "exclude" | "keep"> = {
  exclude: ["/usr/share/man/*", "/usr/share/locale/*/LC_MESSAGES/*.mo", "/usr/share/doc/*"],
  keep: ["/usr/share/doc/*/copyright"],
};

/** What mmdebstrap copies from this machine (name, resolver) goes, as do identities that every guest needs of its own. */
export const withoutIdentity: readonly string[] = [
  'rm -f "$1"/etc/ssh/ssh_host_* "$1"/etc/hostname "$1"/etc/resolv.conf',
  ': > "$1"/etc/machine-id',
];

/**
 * Makes a Debian system from packages.
 *
 * @param target a tar file by its ending, or a folder
 * @param temporary where mmdebstrap works
 * @throws SandboxError with mmdebstrap's last line
 */
export async function makeDebian(recipe: DebianRecipe, target: string, temporary: string): Promise<void> {
  const words = [
    "--quiet",
    `--variant=${recipe.variant}`,
    `--include=${recipe.packages.join(",")}`,
    ...recipe.exclude.map((path) => `--dpkgopt=path-exclude=${path}`),
    ...recipe.keep.map((path) => `--dpkgopt=path-include=${path}`),
    ...recipe.hooks.map((hook) => `--customize-hook=${hook}`),
    recipe.suite,
    target,
  ];
  // It mounts the machine's /proc and /sys in what it makes. In the machine's own mount namespace a killed one would leave them
  // there, for whoever removes the folder to go through.
  const complaints = await runLoudly("unshare", [...privateMounts, "mmdebstrap", ...words], temporary);
  if (complaints === undefined) return;
  throw new SandboxError(`mmdebstrap could not make a Debian system: ${complaints}`, {
    hint: "it needs Debian's package mirror, as apt-get does on this machine",
  });
}

/** Runs a command; its last line on the error stream when it failed, undefined when it went well. */
function runLoudly(command: string, words: readonly string[], temporary: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    // mmdebstrap builds in TMPDIR: there the next build finds what a killed one leaves.
    const child = spawn(command, words, {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, TMPDIR: temporary },
    });
    let complaints = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text));
    child.on("error", reject);
    child.on("close", (code) => resolve(code === 0 ? undefined : (complaints.trim().split("\n").at(-1) ?? "")));
  });
}
