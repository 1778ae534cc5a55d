import { pulumiLine } from "../site/plain-pulumi";
import { readFileSync } from "node:fs";
import { refusal } from "../components/refusal";
import {
  type CredentialSource,
  parseToken,
  rootPasswordSource,
  sharedVariable,
  sharedVariableProblem,
  shellCredential,
  tokenForm,
  tokenSource,
} from "../site/settings/credentials";
import { misleadingVariables } from "../site/provider-variables";
import type { Environment } from "../site/settings/environment";

/** @throws pulumi.RunError where a variable with a secret names another environment of the project as well. */
export function requireOwnVariables({ name }: Environment, environments: readonly string[]): void {
  const shared = sharedVariable(name, environments, process.env);
  if (shared === undefined) return;
  throw refusal(
    `Unable to use the secrets of ${name}: ${sharedVariableProblem(name, shared)}\n` +
      "HINT: rename one of them, or keep their secrets in the settings",
  );
}

/**
 * The providers are configured from the settings and from nothing else.
 *
 * @throws pulumi.RunError where a variable would have their plugins verify nobody, or sign in with another credential
 */
export function requireOwnProviders({ name }: Environment): void {
  const found = misleadingVariables(process.env);
  if (found.length === 0) return;
  const which = found.length === 1 ? "is a variable" : "are variables";
  throw refusal(
    `Unable to configure the providers of ${name}: ${found.join(", ")} ${which} by which they verify nobody, or sign in as somebody else\n` +
      `HINT: unset ${found.join(" ")}; lifeboat env ${name} empties ${found.length === 1 ? "it" : "them"} too`,
  );
}

/**
 * The API token.
 *
 * @throws pulumi.RunError when there is none, naming the three ways to give one, or when it has not a token's form.
 */
export function readToken({ name, proxmox, proxmoxToken }: Environment): string {
  const token = readSecret(tokenSource, name, proxmoxToken);
  const aim = `Unable to sign in to ${proxmox.endpoint}`;
  if (token === undefined) throw refusal(`${aim}: no API token\n${hint(tokenSource, name)}`);
  if (parseToken(token) !== undefined) return token;
  throw refusal(`${aim}: the API token is not ${tokenForm}\n${hint(tokenSource, name)}`);
}

/**
 * The password of root@pam, which a few guests need.
 *
 * @param why what needs it, and in which guest
 * @throws pulumi.RunError when there is none
 */
export function readRootPassword({ name, proxmoxRootPassword }: Environment, why: string): string {
  const password = readSecret(rootPasswordSource, name, proxmoxRootPassword);
  if (password !== undefined) return password;
  const cause = `Proxmox allows ${why} to root@pam only, never to a token, and its password is not given`;
  throw refusal(`Unable to declare guests of ${name}: ${cause}\n${hint(rootPasswordSource, name)}`);
}

function readSecret(
  source: CredentialSource,
  environment: string,
  fromSettings: string | undefined,
): string | undefined {
  const given = shellCredential(source, environment, process.env);
  if (given === undefined) return fromSettings;
  return given.kind === "value" ? given.value : readSecretFile(given.variable, given.path);
}

function readSecretFile(variable: string, file: string): string {
  try {
    const secret = readFileSync(file, "utf8").trim();
    if (secret !== "") return secret;
  } catch (error) {
    throw refusal(`Unable to read the file that ${variable} names: ${describe(error)}`);
  }
  throw refusal(`Unable to use the file that ${variable} names: ${file} is empty`);
}

function hint({ variable, fileVariable, setting }: CredentialSource, stack: string): string {
  return `HINT: set ${variable} or ${fileVariable}, or run \`${pulumiLine(stack, `config set --secret lifeboat:${setting}`)}\``;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
