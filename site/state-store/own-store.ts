import type { PointInTimeStore } from "../settings/environment";
import { at, isMapping } from "../settings/schema-tools";
import { parseHostAddress } from "../settings/values/addresses";
import { formatEndpoint } from "../settings/values/endpoints";
import { recoveryBucket, recoveryName } from "./recovery-names";

/** The store that one of a site's environments makes, as other guests of the site reach it. */
export interface OwnStore {
  /** Name of its guest, which its certificate has. */
  readonly hostname: string;
  /** IP address of its guest. */
  readonly address: string;
  readonly port: number;
  /** Who vouches for it (PEM); undefined: not made yet. */
  readonly authority: string | undefined;
}

/**
 * By the settings of all environments as they stand there: those of others may hold mistakes of their own. Undefined: none of them
 * makes a store in a container with a fixed address.
 *
 * @param configurations the `config` of each environment's file
 */
export function ownStoreIn(configurations: readonly unknown[]): OwnStore | undefined {
  const [found] = configurations.flatMap((config): OwnStore[] => {
    const store = at(config, "lifeboat:stateStore");
    const name = at(store, "guest");
    const guests = at(config, "lifeboat:guests");
    if (typeof name !== "string" || !isMapping(guests)) return [];
    const guest = at(guests, name);
    const address = parseHostAddress(at(at(guest, "network"), "address"))?.ip;
    const hostname = at(guest, "hostname") ?? name;
    const port = Number(at(at(store, "ports"), "api") ?? 9000);
    const authority = at(config, "lifeboat:stateStoreAuthority");
    if (address === undefined || typeof hostname !== "string") return [];
    return [{ hostname, address, port, authority: typeof authority === "string" ? authority : undefined }];
  });
  return found;
}

/** Where a guest's WAL goes in it. pgBackRest believes no address in a certificate: the guest is given the name's. */
export function recoveryPlace(
  { hostname, address, port }: OwnStore,
  environment: string,
  guest: string,
): PointInTimeStore {
  const endpoint = formatEndpoint(hostname, port);
  const bucket = recoveryBucket(recoveryName(environment, guest));
  return { endpoint, address, region: "us-east-1", bucket };
}
