import type { ContainerGuest, KeyPair, StateStoreKeys } from "../settings/environment";
import type { DeclaredStore } from "../state-store/location";
import { bucketOf } from "../state-store/names";
import { recoveryBucket, recoveryResource } from "../state-store/recovery-names";
import { bucketResource, copierResource, readerResource } from "../state-store/resource-names";
import type { LeftOut } from "./left-out";

/** A bucket that the program makes. */
export interface DeclaredBucket {
  /** Name of its component. */
  readonly resource: string;
  readonly bucket: string;
}

/** An identity that the program makes. */
export interface DeclaredIdentity {
  /** Name of its component. */
  readonly resource: string;
  readonly key: KeyPair;
  /** One that it may look at. */
  readonly bucket: string;
}

/** What the program makes in a store. */
export interface StoreContent {
  readonly buckets: readonly DeclaredBucket[];
  readonly identities: readonly DeclaredIdentity[];
}

/** @param environments names of all environments of the project */
export function contentOf(
  declared: DeclaredStore,
  keys: StateStoreKeys,
  environments: readonly string[],
): StoreContent {
  const { buckets, identities } = contentOfStates(declared, keys, environments);
  if (declared.store.kind === "service" || keys.root === undefined) return { buckets, identities };
  const recovery = Object.entries(keys.recovery ?? {}).map(([guest, { accessKey, secretKey }]) => ({
    resource: recoveryResource(guest),
    bucket: recoveryBucket(guest),
    key: { accessKey, secretKey },
  }));
  return {
    buckets: [...buckets, ...recovery.map(({ resource, bucket }) => ({ resource, bucket }))],
    identities: [...identities, ...recovery],
  };
}

function contentOfStates(
  { store }: DeclaredStore,
  keys: StateStoreKeys,
  environments: readonly string[],
): StoreContent {
  if (keys.root === undefined) return { buckets: [], identities: [] };
  const known = environments.filter((name) => keys.identities[name] !== undefined);
  const buckets = known.map((name) => ({ resource: bucketResource(name), bucket: bucketOf(store, name) }));
  const [first] = buckets;
  if (store.kind === "service" || first === undefined) return { buckets, identities: [] };
  const ofEnvironments = known.flatMap((name) => [
    { resource: bucketResource(name), key: keys.identities[name], bucket: bucketOf(store, name) },
    { resource: readerResource(name), key: keys.readers[name], bucket: bucketOf(store, name) },
  ]);
  const all = [...ofEnvironments, { resource: copierResource, key: keys.copier, bucket: first.bucket }];
  return { buckets, identities: all.flatMap(({ key, ...rest }) => (key === undefined ? [] : [{ ...rest, key }])) };
}

/** What a bucket has of what the program sets. */
export interface BucketOnSite {
  readonly isVersioned: boolean;
  /** It has rules after which old versions expire. */
  readonly hasLifecycle: boolean;
}

/** What there is on the site of a state store. */
export interface StoreOnSite {
  /** Lifeboat's rules are on the firewall of its guest. */
  readonly hasRules: boolean;
  /** Why nobody could look into it: one line. */
  readonly silent?: string | undefined;
  /** By the name of the component. */
  readonly buckets: ReadonlyMap<string, BucketOnSite>;
  /** Names of components whose key opens a bucket. */
  readonly identities: ReadonlySet<string>;
}

/** What of a state store goes into a new state. */
export interface StorePlan {
  /** The guest whose firewall is taken in. */
  readonly guarded: ContainerGuest | undefined;
  readonly buckets: readonly (DeclaredBucket & BucketOnSite)[];
  readonly identities: readonly DeclaredIdentity[];
  readonly leftOut: readonly LeftOut[];
}

/** @param guest the guest of the store, if it is taken in */
export function planStore(
  { store }: DeclaredStore,
  content: StoreContent,
  found: StoreOnSite,
  guest: ContainerGuest | undefined,
): StorePlan {
  const guarded = found.hasRules ? guest : undefined;
  const buckets = content.buckets.flatMap((declared) => {
    const there = found.buckets.get(declared.resource);
    return there === undefined ? [] : [{ ...declared, ...there }];
  });
  const identities = content.identities.filter(({ resource }) => found.identities.has(resource));
  const leftOut = [
    ...(store.kind === "container" ? [installation] : []),
    ...(store.kind === "container" && guest !== undefined && guarded === undefined ? [rulesLeftOut(guest)] : []),
    ...(found.silent === undefined ? contentLeftOut(content, found) : silentStore(content, found.silent)),
  ];
  return { guarded, buckets, identities, leftOut };
}

const installation: LeftOut = {
  what: "the server of the state store",
  why: "an installation is nothing that could be taken in",
  next: "the next update runs it again: a server that is as it should be goes on as it is, with its data",
  isMade: true,
};

function rulesLeftOut({ name, id }: ContainerGuest): LeftOut {
  const what = `firewall of ${name} (${String(id)})`;
  return { what, why: "it has no rules of Lifeboat's", next: "the next update writes them", isMade: true };
}

function contentLeftOut({ buckets, identities }: StoreContent, found: StoreOnSite): LeftOut[] {
  const gone = buckets.filter(({ resource }) => !found.buckets.has(resource));
  const unknown = identities.filter(({ resource }) => !found.identities.has(resource));
  return [
    ...gone.map(({ bucket }) => ({
      what: `bucket ${bucket}`,
      why: "it is not in the store",
      next: "the next update makes it",
      isMade: true,
    })),
    ...unknown.map(({ key }) => ({
      what: `identity ${key.accessKey}`,
      why: "its key in the settings does not open its bucket",
      next: "the next update makes it, with that key",
      isMade: true,
    })),
  ];
}

function silentStore({ buckets }: StoreContent, why: string): LeftOut[] {
  if (buckets.length === 0) return [];
  const next = "the next update takes its buckets in and writes its identities again, with the keys of the settings";
  return [{ what: "buckets and identities of the state store", why, next, isMade: true }];
}
