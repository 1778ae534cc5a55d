import type { Environment } from "../settings/environment";
import { endpointOf } from "../state-store/location";

/** Servers to which what a stack makes may send its credentials. Undefined: the settings have no such server. */
export interface OwnAddresses {
  /** Proxmox: `https://192.0.2.11:8006`. */
  readonly proxmox: string;
  /** Host and port of the state store that the stack makes: `192.0.2.132:9000`. */
  readonly store: string | undefined;
  /** Address of the guest in which that store runs. */
  readonly storeGuest: string | undefined;
}

/** By the settings of the environment. */
export function ownAddresses(environment: Environment): OwnAddresses {
  const { proxmox, stateStore } = environment;
  const endpoint = endpointOf(environment);
  const url = endpoint === undefined ? undefined : new URL(endpoint);
  return {
    proxmox: proxmox.endpoint,
    store: url?.host,
    storeGuest: stateStore?.kind === "container" ? url?.hostname.replace(/^\[|\]$/gu, "") : undefined,
  };
}
