import type { ContainerGuest } from "../settings/environment";
import { childName, storeName, stateStoreComponents, stateStoreTypes } from "../state-store/resource-names";
import { type Child, family, type ImportEntry } from "./entries";
import { providerEntryNames } from "./providers";
import type { StorePlan } from "./store-plan";

/** Ids by which the providers find things again. Sources: bpg's provider 0.112, aminueza's provider 2.5, their importers. */
const ids = {
  firewall: ({ node, id }: ContainerGuest) => `container/${node}/${String(id)}`,
  attachment: (accessKey: string) => `${accessKey}/${accessKey}`,
};

/**
 * What of a state store goes into an import file. Its server is no entry: it is installed by a command.
 *
 * @param provider entry of the provider of the store's guest
 */
export function storeEntries({ guarded, buckets, identities }: StorePlan, provider: string): ImportEntry[] {
  return [
    ...(guarded === undefined ? [] : firewallEntries(guarded, provider)),
    ...buckets.flatMap(bucketEntries),
    ...identities.flatMap(({ resource, key }) => identityEntries(resource, key.accessKey)),
  ];
}

function firewallEntries(guest: ContainerGuest, provider: string): ImportEntry[] {
  const id = ids.firewall(guest);
  return family(stateStoreComponents.store, storeName, [
    child(storeName, "rules", id, provider),
    child(storeName, "firewall", id, provider),
  ]);
}

function bucketEntries({ resource, bucket, isVersioned, hasLifecycle }: StorePlan["buckets"][number]): ImportEntry[] {
  return family(stateStoreComponents.bucket, resource, [
    child(resource, "bucket", bucket),
    ...(isVersioned ? [child(resource, "versioning", bucket)] : []),
    ...(hasLifecycle ? [child(resource, "lifecycle", bucket)] : []),
  ]);
}

function identityEntries(resource: string, accessKey: string): ImportEntry[] {
  return family(stateStoreComponents.identity, resource, [
    child(resource, "user", accessKey),
    child(resource, "policy", accessKey),
    child(resource, "attachment", ids.attachment(accessKey)),
  ]);
}

function child(
  resource: string,
  role: keyof typeof stateStoreTypes,
  id: string,
  provider: string = providerEntryNames.store,
): Child {
  return { type: stateStoreTypes[role], name: childName(resource, role), id, provider };
}
