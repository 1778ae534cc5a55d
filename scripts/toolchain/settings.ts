import { homedir } from "node:os";
import path from "node:path";

/** Which ways of obtaining a part are tried, see `Mode` of design: auto tries all, the others insist. */
export type Mode = "auto" | "official" | "build";

export interface ToolchainSettings {
  readonly mode: Mode;
  /** Folder over HTTP that stands for the official hosts, without a slash at the end. */
  readonly mirror: string | undefined;
  /** File with sums of archives that the repository does not pin. */
  readonly sumsFile: string | undefined;
  /** Everything that the toolchain keeps, for all checkouts of this user. */
  readonly cacheFolder: string;
  /** Where Pulumi of this user keeps its plugins. */
  readonly pulumiHome: string;
  readonly searchPath: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Settings of the toolchain from environment variables: LIFEBOAT_TOOLCHAIN, LIFEBOAT_TOOLCHAIN_MIRROR,
 * LIFEBOAT_TOOLCHAIN_SUMS, XDG_CACHE_HOME, PULUMI_HOME, PATH.
 *
 * @throws SettingsError for a value that is not understood.
 */
export function readSettings(environment: Environment): ToolchainSettings {
  const home = environment["HOME"] || homedir();
  return {
    mode: readMode(environment["LIFEBOAT_TOOLCHAIN"]),
    mirror: readMirror(environment["LIFEBOAT_TOOLCHAIN_MIRROR"]),
    sumsFile: environment["LIFEBOAT_TOOLCHAIN_SUMS"] || undefined,
    cacheFolder: path.join(environment["XDG_CACHE_HOME"] || path.join(home, ".cache"), "lifeboat", "toolchain"),
    pulumiHome: environment["PULUMI_HOME"] || path.join(home, ".pulumi"),
    searchPath: (environment["PATH"] ?? "").split(path.delimiter).filter((folder) => path.isAbsolute(folder)),
  };
}

/** A mistake of the user in an environment variable or an option. */
export class SettingsError extends Error {}

function readMode(value: string | undefined): Mode {
  switch (value) {
    case undefined:
    case "":
      return "auto";
    case "auto":
    case "official":
    case "build":
      return value;
    default:
      throw new SettingsError(`LIFEBOAT_TOOLCHAIN is "${value}"; allowed are auto, official and build`);
  }
}

function readMirror(value: string | undefined): string | undefined {
  if (value === undefined || value === "") {
    return undefined;
  }
  if (!/^https?:\/\//.test(value) || !URL.canParse(value)) {
    throw new SettingsError(`LIFEBOAT_TOOLCHAIN_MIRROR is "${value}"; it must be an address with http:// or https://`);
  }
  return value.replace(/\/+$/, "");
}
