import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Layout } from "./layout";
import { typeScript } from "../machine/type-script";

/** Environment variables with which plain `pulumi` and `lifeboat` work on the sandbox. */
export interface Exports {
  variables: Record<string, string>;
  /** Folders that go before those of PATH. */
  path: string[];
}

/** @param toolchain folder with the `pulumi` CLI of the project's toolchain; undefined where that is not installed */
export function sandboxExports(layout: Layout, toolchain: string | undefined): Exports {
  return {
    variables: {
      LIFEBOAT_PROJECT: layout.project,
      LIFEBOAT_PROXMOX_TOKEN_FILE: layout.tokenFile,
      PULUMI_BACKEND_URL: `file://${layout.pulumiState}`,
      PULUMI_CONFIG_PASSPHRASE_FILE: layout.passphraseFile,
      PULUMI_HOME: layout.pulumiHome,
      PULUMI_SKIP_UPDATE_CHECK: "1",
      // The site has no way out: a plugin that is missing is an error at once, not five attempts to download it.
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      // The provider has no option for a CA: Go reads all certificates of these folders.
      SSL_CERT_DIR: `${layout.trust}:/etc/ssl/certs`,
      XDG_DATA_HOME: layout.dataHome,
      XDG_STATE_HOME: layout.stateHome,
    },
    path: [layout.bin, ...(toolchain === undefined ? [] : [toolchain])],
  };
}

/** Lines for a POSIX shell. */
export function shellExports({ variables, path }: Exports): string {
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${quoted(value)}\n`);
  return [...lines, `export PATH=${quoted(path.join(delimiter))}:"$PATH"\n`].join("");
}

/** The environment of a command. */
export function withExports(environment: NodeJS.ProcessEnv, { variables, path }: Exports): Record<string, string> {
  const present = Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  const all = [...path, environment["PATH"] ?? ""].join(delimiter);
  return { ...Object.fromEntries(present), ...variables, PATH: all };
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * The folder with the toolchain's programs, by its own command; undefined while they are not installed. Its plugins are
 * put into the sandbox's own `PULUMI_HOME` the first time, since the site has no way to download any.
 */
export function toolchainPath(projectFolder: string, pulumiHome: string): string | undefined {
  try {
    const path = toolchain(projectFolder, pulumiHome, "--print-path");
    if (path === "") return undefined;
    if (!existsSync(join(pulumiHome, "plugins"))) toolchain(projectFolder, pulumiHome, "--install-plugins", pulumiHome);
    return path;
  } catch {
    return undefined;
  }
}

function toolchain(projectFolder: string, pulumiHome: string, ...words: string[]): string {
  const [node = "", ...program] = typeScript(projectFolder, "scripts/toolchain/main.ts");
  const output = execFileSync(node, [...program, ...words], {
    cwd: projectFolder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, PULUMI_HOME: pulumiHome },
  });
  return output.trim();
}
