import { readFileSync } from "node:fs";
import { parseToken, rootPasswordSource, stateKeySource, tokenSource } from "../../site/settings/credentials";
import { parseKeyPair } from "../../site/state-store/keys";
import type { Redactor } from "../terminal/redactor";

/** Variables that hold a secret, or with `_FILE` the path of one, whoever reads them: this program, Pulumi, its backend. */
const secretVariables = [
  "PULUMI_CONFIG_PASSPHRASE",
  tokenSource.variable,
  rootPasswordSource.variable,
  stateKeySource.variable,
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "GITHUB_TOKEN",
];

/** Remembers every secret of the environment, for what prints or writes the words of a program that inherits it. */
export function rememberVariables(redactor: Redactor, variables: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(variables)) {
    if (!isSecret(name)) continue;
    for (const text of /_FILE(?:_|$)/u.test(name) ? [contentOf(value)] : [value]) {
      if (text === undefined) continue;
      const secret = redactor.remember(text.trim());
      // A token is USER@REALM!TOKENID=SECRET, a key of the state store JSON.
      redactor.remember(parseToken(secret)?.secret ?? secret);
      redactor.remember(parseKeyPair(secret)?.secretKey ?? secret);
    }
  }
}

/** Also one of a single environment: `LIFEBOAT_PROXMOX_TOKEN_PROD`, `LIFEBOAT_PROXMOX_TOKEN_FILE_PROD`. */
function isSecret(name: string): boolean {
  return secretVariables.some((secret) => `${name}_`.startsWith(`${secret}_`));
}

/** A file that cannot be read is the affair of whoever needs it. */
function contentOf(file: string | undefined): string | undefined {
  try {
    return file === undefined || file === "" ? undefined : readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
