import { exporterUser } from "../../proxmox/rules/exporter-privileges";
import type { Environment } from "../settings/environment";
import { exporterTokenName } from "./exporter-token-name";

/** Name of the token that an environment gives out, as it stands before the `=` of the token; undefined: it has none. */
export function givenToken(
  project: string,
  { name, exporterTokens }: Pick<Environment, "name" | "exporterTokens">,
): string | undefined {
  const number = exporterTokens.at(-1);
  return number === undefined ? undefined : `${exporterUser}!${exporterTokenName(project, name, number)}`;
}

/** Tokens by their environments that are wanted and are not there, are others, or are there and not wanted any more. */
export function differingTokens(
  wanted: ReadonlyMap<string, string | undefined>,
  present: Readonly<Record<string, string>>,
): string[] {
  const names = [...new Set([...wanted.keys(), ...Object.keys(present)])].sort();
  return names.filter((name) => wanted.has(name) && nameOf(present[name]) !== wanted.get(name));
}

/** What stands before the `=` of a token. */
export function nameOf(token: string | undefined): string | undefined {
  return token?.split("=", 1)[0];
}
