import { Provider } from "@muhlba91/pulumi-proxmoxve/provider";
import * as pulumi from "@pulumi/pulumi";
import { needsRoot } from "../site/guest-inputs/container-inputs";
import { providerNames } from "../site/resources";
import type { Environment, OwnedGuest } from "../site/settings/environment";
import { readRootPassword } from "./credentials";

/**
 * The providers of an environment, configured from its settings and from nothing else. Trust comes from the system or
 * from `SSL_CERT_DIR`, which `lifeboat env` exports: the provider has no option for a CA.
 *
 * @throws pulumi.RunError when a guest needs root@pam and its password is not given, before anything is registered.
 */
export function createProviders(environment: Environment, token: string) {
  const { endpoint } = environment.proxmox;
  const rootPassword = rootPasswordIfNeeded(environment);
  const ordinary = new Provider(providerNames.token, { endpoint, apiToken: pulumi.secret(token) });
  const root =
    rootPassword === undefined
      ? ordinary
      : new Provider(providerNames.root, { endpoint, username: "root@pam", password: pulumi.secret(rootPassword) });
  return (guest?: OwnedGuest): Provider =>
    guest?.kind === "container" && needsRoot(guest) !== undefined ? root : ordinary;
}

function rootPasswordIfNeeded(environment: Environment): string | undefined {
  const reasons = environment.guests.flatMap((guest) => {
    const reason = guest.kind === "container" ? needsRoot(guest) : undefined;
    return reason === undefined ? [] : [`${reason} of guest ${guest.name}`];
  });
  return reasons.length === 0 ? undefined : readRootPassword(environment, reasons.join(", "));
}
