import { type CredentialSource, findCredential, isGiven, type Variables } from "./credential-source";
import type { Redactor } from "../terminal/redactor";
import type { Secrets } from "./secrets";

/**
 * The password of root@pam, for the few things that Proxmox allows to no token, such as a folder of the node mounted in a
 * container.
 */
const source: CredentialSource = {
  variable: "LIFEBOAT_PROXMOX_ROOT_PASSWORD",
  fileVariable: "LIFEBOAT_PROXMOX_ROOT_PASSWORD_FILE",
  setting: "proxmoxRootPassword",
};

/** What to do where it is missing. */
export const rootPasswordHint = `give the password of root@pam: set ${source.fileVariable}, or: pulumi config set --secret lifeboat:${source.setting}`;

export function hasRootPassword(secrets: Secrets, variables: Variables): boolean {
  return isGiven(source, secrets, variables);
}

/** @throws CommandError (2, 12) when what is given cannot be read. */
export async function readRootPassword(
  secrets: Secrets,
  variables: Variables,
  redactor: Redactor,
): Promise<string | undefined> {
  return (await findCredential(source, secrets, variables, redactor))?.value;
}
