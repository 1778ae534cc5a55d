import { rootPasswordSource } from "../../site/settings/credentials";
import { findCredential, isGiven, type Variables } from "./credential-source";
import type { Redactor } from "../terminal/redactor";
import type { Secrets } from "./secrets";

/** What to do where it is missing. */
export const rootPasswordHint = `give the password of root@pam: set ${rootPasswordSource.fileVariable}, or: pulumi config set --secret lifeboat:${rootPasswordSource.setting}`;

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
