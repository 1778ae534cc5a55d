import { readFileSync } from "node:fs";
import { CommandError } from "../commands/frame/command-error";
import { exitCodes } from "../commands/frame/exit-codes";
import type { Redactor } from "./redactor";
import type { Secrets } from "./secrets";

/** Where the API token came from; for messages. */
export type TokenOrigin = "LIFEBOAT_PROXMOX_TOKEN" | "LIFEBOAT_PROXMOX_TOKEN_FILE" | "lifeboat:proxmoxToken";

export interface ApiToken {
  /** `USER@REALM!TOKENID=SECRET`. */
  value: string;
  origin: TokenOrigin;
}

/** User, realm, token id of at least two characters, secret. */
const form = /^([^\s:/!]+@[\w.-]+![A-Za-z][\w.-]+)=(\S+)$/u;

/**
 * The token: from `LIFEBOAT_PROXMOX_TOKEN`, else from the file named by `LIFEBOAT_PROXMOX_TOKEN_FILE`, else the secret
 * `lifeboat:proxmoxToken` of the environment.
 *
 * @throws CommandError (2) when there is none or it is not of a token's form, (12) when the secret cannot be opened.
 */
export async function readToken(
  secrets: Secrets,
  variables: Readonly<Record<string, string | undefined>>,
  redactor: Redactor,
): Promise<ApiToken> {
  const found = await find(secrets, variables);
  if (found.value === undefined || found.value === "") {
    throw new CommandError("no Proxmox API token is set", {
      exitCode: exitCodes.usage,
      hint: "lifeboat doctor --print-setup shows how to make one; then set LIFEBOAT_PROXMOX_TOKEN_FILE, or: pulumi config set --secret lifeboat:proxmoxToken",
    });
  }
  const value = redactor.remember(found.value.trim());
  const [, name, secret] = form.exec(value) ?? [];
  if (name === undefined || secret === undefined) {
    throw new CommandError(`the API token from ${found.origin} is not of the form USER@REALM!TOKENID=SECRET`, {
      exitCode: exitCodes.usage,
    });
  }
  redactor.remember(secret);
  return { value, origin: found.origin };
}

async function find(
  secrets: Secrets,
  variables: Readonly<Record<string, string | undefined>>,
): Promise<{ origin: TokenOrigin; value: string | undefined }> {
  const direct = variables["LIFEBOAT_PROXMOX_TOKEN"];
  if (direct !== undefined && direct !== "") return { origin: "LIFEBOAT_PROXMOX_TOKEN", value: direct };
  const file = variables["LIFEBOAT_PROXMOX_TOKEN_FILE"];
  if (file !== undefined && file !== "") return { origin: "LIFEBOAT_PROXMOX_TOKEN_FILE", value: readTokenFile(file) };
  return { origin: "lifeboat:proxmoxToken", value: await secrets.read("proxmoxToken") };
}

function readTokenFile(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`the token file (LIFEBOAT_PROXMOX_TOKEN_FILE) cannot be read: ${reason}`, {
      exitCode: exitCodes.usage,
    });
  }
}
