import type { Environment } from "../settings/environment";
import { endpointOf } from "../state-store/location";
import { type OwnNames, ownNames } from "./own-names";

/**
 * What belongs to a stack by its settings: servers to which what it makes may send its credentials, and names of what it makes
 * there. Undefined: the settings have no such server.
 */
export interface OwnAddresses {
  /** Proxmox: `https://192.0.2.11:8006`. */
  readonly proxmox: string;
  /** Host and port of the state store that the stack makes: `192.0.2.132:9000`. */
  readonly store: string | undefined;
  readonly names: OwnNames;
}

/** By the settings of the environment. */
export function ownAddresses(environment: Environment): OwnAddresses {
  const endpoint = endpointOf(environment);
  return {
    proxmox: environment.proxmox.endpoint,
    store: endpoint === undefined ? undefined : new URL(endpoint).host,
    names: ownNames(environment),
  };
}
