import { pulumiLine } from "../../site/plain-pulumi";
import { parseToken, tokenForm, tokenSource } from "../../site/settings/credentials";
import { CommandError } from "../terminal/command-error";
import { exitCodes } from "../terminal/exit-codes";
import { findCredential, type FoundCredential, type Variables } from "./credential-source";
import type { Redactor } from "../terminal/redactor";
import type { Secrets } from "./secrets";

/** `USER@REALM!TOKENID=SECRET`, and where it came from. */
export type ApiToken = FoundCredential;

/**
 * The API token of an environment.
 *
 * @throws CommandError (2) when there is none or it is not of a token's form, (12) when the secret cannot be opened.
 */
export async function readToken(secrets: Secrets, variables: Variables, redactor: Redactor): Promise<ApiToken> {
  const found = await findCredential(tokenSource, secrets, variables, redactor);
  if (found === undefined) {
    throw new CommandError("no Proxmox API token is set", {
      exitCode: exitCodes.usage,
      hint: `lifeboat doctor --print-setup shows how to make one; then set LIFEBOAT_PROXMOX_TOKEN_FILE, or: ${pulumiLine(secrets.environment, "config set --secret lifeboat:proxmoxToken")}`,
    });
  }
  const token = parseToken(found.value);
  if (token === undefined) {
    throw new CommandError(`the API token from ${found.origin} is not of the form ${tokenForm}`, {
      exitCode: exitCodes.usage,
      hint: "write there both parts that Proxmox showed when the token was made, with the equals sign between them",
    });
  }
  redactor.remember(token.secret);
  return found;
}
