import { at, isMapping } from "../settings/schema-tools";
import { parseHostAddress } from "../settings/values/addresses";

/**
 * Addresses of the guests that watch, by the settings of all environments as they stand there: those of others may hold mistakes of
 * their own, which are not this environment's business.
 *
 * @param configurations the `config` of each environment's file
 */
export function watchersIn(configurations: readonly unknown[]): string[] {
  const found = configurations.flatMap((config) => {
    const name = at(at(config, "lifeboat:monitoring"), "guest");
    const guests = at(config, "lifeboat:guests");
    if (typeof name !== "string" || !isMapping(guests)) return [];
    return parseHostAddress(at(at(at(guests, name), "network"), "address"))?.ip ?? [];
  });
  return [...new Set(found)].sort();
}
