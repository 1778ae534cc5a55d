import { type CredentialSource, shellCredential } from "../../site/settings/credentials";
import { CommandError, usageError } from "../terminal/command-error";
import { exitCodes } from "../terminal/exit-codes";
import type { Redactor } from "../terminal/redactor";
import { readNamedFile } from "./named-file";
import type { Secrets } from "./secrets";

export type Variables = Readonly<Record<string, string | undefined>>;

/** A credential and the place where it was found, for messages. */
export interface FoundCredential {
  readonly value: string;
  readonly origin: string;
}

/** Whether any of the places holds something. Opens no secret, so that it needs no passphrase. */
export function isGiven(source: CredentialSource, secrets: Secrets, variables: Variables): boolean {
  return shellCredential(source, secrets.environment, variables) !== undefined || secrets.has(source.setting);
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
  source: CredentialSource,
  secrets: Secrets,
  variables: Variables,
): Promise<FoundCredential | undefined> {
  const given = shellCredential(source, secrets.environment, variables);
  if (given?.kind === "value") return { value: given.value, origin: given.variable };
  if (given?.kind === "file") return { value: readFrom(given.path, given.variable), origin: given.variable };
  const secret = (await sealed(source, secrets)) ?? "";
  return secret === "" ? undefined : { value: secret.trim(), origin: secrets.originOf(source.setting) };
}

/** Who cannot open the settings' secret may give the same in another way. */
async function sealed({ setting, fileVariable }: CredentialSource, secrets: Secrets): Promise<string | undefined> {
  try {
    return await secrets.read(setting);
  } catch (error) {
    if (!(error instanceof CommandError) || error.exitCode !== exitCodes.passphrase) throw error;
    const { message, exitCode, hint, details, complete } = error;
    const instead = `or name a file with lifeboat:${setting} in ${fileVariable}`;
    throw new CommandError(message, {
      exitCode,
      complete,
      details,
      hint: hint === undefined ? instead : `${hint}; ${instead}`,
    });
  }
}

function readFrom(file: string, fileVariable: string): string {
  const text = readNamedFile(file, fileVariable).trim();
  if (text === "") {
    throw usageError(
      `the file that ${fileVariable} names is empty: ${file}`,
      `write it there, or correct ${fileVariable}`,
    );
  }
  return text;
}
