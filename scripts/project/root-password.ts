import type { ProxmoxClient } from "../../proxmox/api/client";
import { ProxmoxError } from "../../proxmox/api/errors";
import { secondFactorDue } from "../../proxmox/api/sign-in";
import { rootPasswordSource } from "../../site/settings/credentials";
import { findCredential, isGiven, type Variables } from "./credential-source";
import { CommandError } from "../terminal/command-error";
import { exitCodes } from "../terminal/exit-codes";
import type { Redactor } from "../terminal/redactor";
import type { Secrets } from "./secrets";

/** What to do where it is missing. */
export const rootPasswordHint = `give the password of root@pam: set ${rootPasswordSource.fileVariable} to a file that holds it, or keep it as the secret lifeboat:${rootPasswordSource.setting} of the settings`;

export function hasRootPassword(secrets: Secrets, variables: Variables): boolean {
  return isGiven(rootPasswordSource, secrets, variables);
}

/** @throws CommandError (2, 12) when what is given cannot be read. */
export async function readRootPassword(
  secrets: Secrets,
  variables: Variables,
  redactor: Redactor,
): Promise<string | undefined> {
  return (await findCredential(rootPasswordSource, secrets, variables, redactor))?.value;
}

/** Signs in as root@pam while nothing is touched yet. @throws CommandError (14) when the password is not enough */
export async function requireRootSignIn(client: ProxmoxClient): Promise<void> {
  try {
    await client.cluster.version();
  } catch (error) {
    if (!(error instanceof ProxmoxError) || error.kind !== "unauthorized") throw error;
    const hint =
      error.reason === secondFactorDue
        ? "take the second factor off root@pam for as long as this takes (Datacenter, Permissions, Two Factor); a token cannot do it"
        : rootPasswordHint;
    throw new CommandError(`root@pam cannot sign in: ${error.reason}`, { exitCode: exitCodes.unavailable, hint });
  }
}
