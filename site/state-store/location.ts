import type { ContainerGuest, Environment, StateStoreSettings } from "../settings/environment";
import { formatEndpoint } from "../settings/values/endpoints";
import { bucketOf } from "./names";

/** Where one environment's state is. */
export interface StateLocation {
  /** `https://192.0.2.132:9000` */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
}

/** What is known of a store by the settings of the environment that makes it. */
export interface DeclaredStore {
  /** The environment whose stack makes the store. */
  readonly environment: Environment;
  readonly store: StateStoreSettings;
  /** `https://192.0.2.132:9000` */
  readonly endpoint: string;
}

/** The site's one store; or none; or the environments that each declare one, which is a mistake. */
export type StoreSearch =
  | ({ readonly kind: "one" } & DeclaredStore)
  | { readonly kind: "none" }
  | { readonly kind: "several"; readonly environments: readonly string[] };

/** Finds the store among all environments of a site. */
export function storeOf(environments: readonly Environment[]): StoreSearch {
  const found = environments.flatMap((environment) => declaredStore(environment) ?? []);
  const [first, ...others] = found;
  if (first === undefined) return { kind: "none" };
  if (others.length === 0) return { kind: "one", ...first };
  return { kind: "several", environments: found.map(({ environment }) => environment.name).sort() };
}

/** The store that an environment's stack makes, if it does. */
export function declaredStore(environment: Environment): DeclaredStore | undefined {
  const { stateStore: store } = environment;
  if (store === undefined) return undefined;
  const endpoint = endpointOf(environment);
  return endpoint === undefined ? undefined : { environment, store, endpoint };
}

/** Address of the S3 service of the store that an environment's stack makes; undefined where it makes none. */
export function endpointOf({ stateStore, guests }: Environment): string | undefined {
  if (stateStore === undefined) return undefined;
  if (stateStore.kind === "service") return stateStore.endpoint;
  const guest = guests.find(({ name }) => name === stateStore.guest);
  const address = guest?.kind === "container" ? guest.network.address : undefined;
  return address?.kind === "static" ? formatEndpoint(address.ip, stateStore.ports.api) : undefined;
}

/** By what clients call the store that Lifeboat makes: its address and its host's name. Of another service: nothing of ours. */
export function namesOfStore({ stateStore, guests }: Pick<Environment, "stateStore" | "guests">): string[] {
  const guest = stateStore?.kind === "container" ? guests.find(({ name }) => name === stateStore.guest) : undefined;
  return guest?.kind === "container" ? namesOfGuest(guest) : [];
}

/** The same of its container. */
export function namesOfGuest({ network, hostname }: Pick<ContainerGuest, "network" | "hostname">): string[] {
  const { address } = network;
  return [...new Set([...(address.kind === "static" ? [address.ip] : []), hostname])];
}

/** Where the state of an environment is in a store. */
export function locationOf({ store, endpoint }: DeclaredStore, environmentName: string): StateLocation {
  return { endpoint, region: store.region, bucket: bucketOf(store, environmentName) };
}

/**
 * The URL with which Pulumi keeps a state there: `s3://bucket?endpoint=…&region=…&use_path_style=true`.
 *
 * @param profile section of the file of AWS credentials that holds the key. Left out: Pulumi takes the key from the
 *   variables of AWS.
 */
export function s3Url({ endpoint, region, bucket }: StateLocation, profile?: string): string {
  const query = [
    `endpoint=${endpoint}`,
    "use_path_style=true",
    `region=${region}`,
    ...(profile === undefined ? [] : [`profile=${encodeURIComponent(profile)}`]),
  ];
  return `s3://${bucket}?${query.join("&")}`;
}
