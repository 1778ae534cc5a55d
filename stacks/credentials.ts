import { readFileSync } from "node:fs";
import { refusal } from "../components/refusal";
import type { Environment } from "../site/settings/environment";

/** Where a secret may come from, in this order: a variable, the file that a variable names, the settings. */
interface Source {
  readonly variable: string;
  readonly fileVariable: string;
  readonly setting: string;
  readonly fromSettings: string | undefined;
}

/** User, realm, token id, secret. */
const tokenForm = /^[^\s:/!@=]+@[\w.-]+![A-Za-z][\w.-]+=\S+$/;

/**
 * The API token.
 *
 * @throws pulumi.RunError when there is none, naming the three ways to give one, or when it has not a token's form.
 */
export function readToken({ name, proxmox, proxmoxToken }: Environment): string {
  const source: Source = {
    variable: "LIFEBOAT_PROXMOX_TOKEN",
    fileVariable: "LIFEBOAT_PROXMOX_TOKEN_FILE",
    setting: "lifeboat:proxmoxToken",
    fromSettings: proxmoxToken,
  };
  const token = readSecret(source);
  if (token !== undefined && tokenForm.test(token)) return token;
  if (token !== undefined) {
    throw refusal(
      `Unable to sign in to ${proxmox.endpoint}: the API token is not USER@REALM!TOKENID=SECRET\n${hint(source, name)}`,
    );
  }
  throw refusal(`Unable to sign in to ${proxmox.endpoint}: no API token\n${hint(source, name)}`);
}

/**
 * The password of root@pam, which a few guests need.
 *
 * @param why what needs it, and in which guest
 * @throws pulumi.RunError when there is none
 */
export function readRootPassword({ name, proxmoxRootPassword }: Environment, why: string): string {
  const source: Source = {
    variable: "LIFEBOAT_PROXMOX_ROOT_PASSWORD",
    fileVariable: "LIFEBOAT_PROXMOX_ROOT_PASSWORD_FILE",
    setting: "lifeboat:proxmoxRootPassword",
    fromSettings: proxmoxRootPassword,
  };
  const password = readSecret(source);
  if (password !== undefined) return password;
  const cause = `Proxmox allows ${why} to root@pam only, never to a token, and its password is not given`;
  throw refusal(`Unable to declare guests of ${name}: ${cause}\n${hint(source, name)}`);
}

function readSecret({ variable, fileVariable, fromSettings }: Source): string | undefined {
  const direct = process.env[variable];
  if (direct !== undefined && direct !== "") return direct.trim();
  const file = process.env[fileVariable];
  return file === undefined || file === "" ? fromSettings : readSecretFile(fileVariable, file);
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

function hint({ variable, fileVariable, setting }: Source, stack: string): string {
  return `HINT: set ${variable} or ${fileVariable}, or run \`pulumi config set --secret ${setting} -s ${stack}\``;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
