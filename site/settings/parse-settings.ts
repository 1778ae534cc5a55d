import type { Environment } from "./environment";
import type { Problem } from "./problem";

/** Whose settings they are. */
export interface SettingsOrigin {
  /** The stack's name. */
  readonly environment: string;
}

export type ParsedSettings =
  | { readonly ok: true; readonly environment: Environment }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Checks the settings of one environment and fills in its defaults.
 *
 * @param raw the `lifeboat:*` keys of `Pulumi.<env>.yaml` without their namespace, secrets decrypted:
 *   `{ profile, proxmox, backup, guests, protectGuests, ssh, proxmoxToken, proxmoxRootPassword }`
 * @returns the environment, or every problem at once, sorted by path. Structure only: a policy that is broken (an
 *   opt-out that expired) is not a problem here (A6).
 */
export function parseSettings(_raw: unknown, origin: SettingsOrigin): ParsedSettings {
  throw new Error(`The settings of ${origin.environment} cannot be read yet.`);
}
