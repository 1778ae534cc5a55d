import { readFileSync } from "node:fs";
import { usageError } from "../terminal/command-error";
import type { Redactor } from "../terminal/redactor";
import type { Secrets } from "./secrets";

/** The places where a credential may be given, in the order in which they are asked. */
export interface CredentialSource {
  /** Variable with the credential itself: `LIFEBOAT_PROXMOX_TOKEN`. */
  readonly variable: string;
  /** Variable with the path of a file that holds it: `LIFEBOAT_PROXMOX_TOKEN_FILE`. */
  readonly fileVariable: string;
  /** Secret of the settings, below `lifeboat:`. */
  readonly setting: string;
}

export type Variables = Readonly<Record<string, string | undefined>>;

/** A credential and the place where it was found, for messages. */
export interface FoundCredential {
  readonly value: string;
  readonly origin: string;
}

/** Whether any of the places holds something. Opens no secret, so that it needs no passphrase. */
export function isGiven(source: CredentialSource, secrets: Secrets, variables: Variables): boolean {
  return isSet(variables[source.variable]) || isSet(variables[source.fileVariable]) || secrets.has(source.setting);
}

/**
 * The credential from the first place that holds one, remembered as a secret; undefined where there is none.
 *
 * @throws CommandError (2) when the file cannot be read or is empty, (12) when the settings' secret cannot be opened.
 */
export async function findCredential(
  source: CredentialSource,
  secrets: Secrets,
  variables: Variables,
  redactor: Redactor,
): Promise<FoundCredential | undefined> {
  const found = await firstOf(source, secrets, variables);
  return found === undefined ? undefined : { ...found, value: redactor.remember(found.value) };
}

async function firstOf(
  { variable, fileVariable, setting }: CredentialSource,
  secrets: Secrets,
  variables: Variables,
): Promise<FoundCredential | undefined> {
  const direct = variables[variable];
  if (isSet(direct)) return { value: direct.trim(), origin: variable };
  const file = variables[fileVariable];
  if (isSet(file)) return { value: readFrom(file, fileVariable), origin: fileVariable };
  const secret = await secrets.read(setting);
  return isSet(secret) ? { value: secret.trim(), origin: `lifeboat:${setting}` } : undefined;
}

function readFrom(file: string, fileVariable: string): string {
  const text = readText(file, fileVariable).trim();
  if (text === "") throw usageError(`the file that ${fileVariable} names is empty: ${file}`);
  return text;
}

function readText(file: string, fileVariable: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw usageError(`the file that ${fileVariable} names cannot be read: ${reason}`);
  }
}

function isSet(text: string | undefined): text is string {
  return text !== undefined && text !== "";
}
