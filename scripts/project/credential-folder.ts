import { readFileSync } from "node:fs";
import { join } from "node:path";
import { offsiteReaderSource, parseVariable, stateKeySource, tokenSource } from "../../site/settings/credentials";
import { hasCode, messageOf } from "../machine/error-code";
import { usageError } from "../terminal/command-error";

type Variables = Readonly<Record<string, string | undefined>>;

/** What the files of such a folder are called, behind the environment's name and a dot, by the setting for which each stands. */
const files: Readonly<Record<string, string>> = {
  [tokenSource.setting]: "token",
  [stateKeySource.setting]: "state-key",
  stateStoreOffsiteKey: "offsite-key",
  [offsiteReaderSource.setting]: "offsite-reader",
};

/**
 * A folder with the credentials of environments, a file each: `prod.token`, `prod.state-key`. They stand for the secrets of the
 * settings, so that a service needs no passphrase and is given what it uses and nothing else.
 */
export class CredentialFolder {
  constructor(private readonly folder: string) {}

  /** Where the file of a credential is; undefined for settings that no file stands for. */
  pathOf(environment: string, setting: string): string | undefined {
    const file = Object.hasOwn(files, setting) ? files[setting] : undefined;
    return file === undefined ? undefined : join(this.folder, `${environment}.${file}`);
  }

  /** Undefined where there is no such file. @throws CommandError (2) for one that cannot be read. */
  read(environment: string, setting: string): string | undefined {
    const path = this.pathOf(environment, setting);
    if (path === undefined) return undefined;
    try {
      const text = readFileSync(path, "utf8").trim();
      return text === "" ? undefined : text;
    } catch (error) {
      if (hasCode(error, "ENOENT")) return undefined;
      throw usageError(`a file of the credentials cannot be read: ${messageOf(error)}`);
    }
  }
}

/** Variables without any that gives a secret, of one environment or of all: the folder is the only place then. */
export function withoutSecrets(variables: Variables): Variables {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => parseVariable(name) === undefined));
}
