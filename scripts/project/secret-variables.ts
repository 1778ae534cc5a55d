import { readFileSync } from "node:fs";
import { parseToken, parseVariable } from "../../site/settings/credentials";
import { parseKeyPair } from "../../site/state-store/keys";
import type { Redactor } from "../terminal/redactor";

/** Variables of others that hold a secret: of Pulumi's backend, and of what comments on pull requests. */
const secretVariables = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "GITHUB_TOKEN"];

/** Remembers every secret of the environment, for what prints or writes the words of a program that inherits it. */
export function rememberVariables(redactor: Redactor, variables: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(variables)) {
    const kind = parseVariable(name)?.kind ?? (secretVariables.includes(name) ? "value" : undefined);
    const text = kind === "file" ? contentOf(value) : kind && value;
    if (text === undefined) continue;
    const secret = redactor.remember(text.trim());
    // A token is USER@REALM!TOKENID=SECRET, a key of the state store JSON.
    redactor.remember(parseToken(secret)?.secret ?? secret);
    redactor.remember(parseKeyPair(secret)?.secretKey ?? secret);
  }
}

/** A file that cannot be read is the affair of whoever needs it. */
function contentOf(file: string | undefined): string | undefined {
  try {
    return file === undefined || file === "" ? undefined : readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
