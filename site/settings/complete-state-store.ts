import type { StateCopies, StateStoreKeys, StateStoreSettings } from "./environment";
import type { StateKeysEntry } from "./state-keys-schema";
import type { StateStoreEntry } from "./state-store-schema";

const day = 86_400;
const defaultRegion = "us-east-1";

/** Fills in every default of `lifeboat:stateStore`. */
export function completeStateStore(entry: StateStoreEntry): StateStoreSettings {
  const common = {
    buckets: entry.buckets ?? "lifeboat-state",
    expire: entry.expire ?? 90 * day,
    copies: completeCopies(entry.copies),
  };
  if (entry.as === "service") {
    const { endpoint, region = defaultRegion, ca } = entry.service;
    return { kind: "service", endpoint, region, ca, ...common };
  }
  return {
    kind: "container",
    region: defaultRegion,
    guest: entry.guest,
    disk: entry.disk ?? "data",
    server: entry.server,
    allow: entry.allow,
    allowSsh: entry.allowSsh,
    ports: { api: entry.ports?.api ?? 9000, console: entry.ports?.console },
    ...common,
  };
}

function completeCopies(
  { folder, offsite }: NonNullable<StateStoreEntry["copies"]> = { folder: undefined, offsite: undefined },
): StateCopies {
  if (offsite === undefined) return { folder };
  return {
    folder,
    offsite: { ...offsite, region: offsite.region ?? defaultRegion, schedule: offsite.schedule ?? "04:15" },
  };
}

/** Keys by the names of their environments. */
export function completeStateStoreKeys({
  identities = [],
  readers = [],
  recovery,
  ...rest
}: StateKeysEntry): StateStoreKeys {
  return {
    ...rest,
    identities: Object.fromEntries(identities),
    readers: Object.fromEntries(readers),
    ...(recovery === undefined ? {} : { recovery: Object.fromEntries(recovery) }),
  };
}
