import type { KeyPair, StateStoreKeys, StateStoreSettings } from "../settings/environment";
import {
  type Authority,
  createAuthority,
  authorityProblem,
  createServerKey,
  renewAuthority,
  whyAuthorityDue,
} from "./authority";
import { createKeyPair } from "./keys";
import { copierName, identityOf, readerOf, rootName } from "./names";

/** What the settings of a site hold of the keys to its state store. */
export interface PresentKeys {
  readonly kind: StateStoreSettings["kind"];
  /** `lifeboat:stateStoreKeys`, opened. */
  readonly keys: StateStoreKeys | undefined;
  /** `lifeboat:stateStoreAuthority` */
  readonly authority: string | undefined;
  /** `lifeboat:stateKey` of every environment, opened, by its name. */
  readonly own: Readonly<Record<string, KeyPair | undefined>>;
}

/** For whom and when keys are made. */
export interface KeyOccasion {
  /** Name of the project, for people who look at the authority's certificate. */
  readonly site: string;
  /** By what clients call the store that Lifeboat makes: its authority vouches for nothing else. */
  readonly names: readonly string[];
  readonly now: Date;
}

/** What the settings are to hold. Undefined: as it is. */
export interface KeyChanges {
  readonly keys: StateStoreKeys | undefined;
  readonly authority: string | undefined;
  /** By the environment's name. */
  readonly own: Readonly<Record<string, KeyPair>>;
  /** There were none before: nobody has made the store yet. */
  readonly first: boolean;
  /** What is new, one half sentence each. */
  readonly made: readonly string[];
  /** Environments whose key only the administrator of a service can give. */
  readonly absent: readonly string[];
}

/**
 * Works out which keys are missing, and makes them. What is there stays: run again, it makes nothing. An environment's own
 * key is the one that the store knows; where they differ, the store's goes first.
 */
export async function completeKeys(present: PresentKeys, occasion: KeyOccasion): Promise<KeyChanges> {
  return present.kind === "service" ? givenKeys(present) : madeKeys(present, occasion);
}

async function madeKeys({ keys, authority, own }: PresentKeys, occasion: KeyOccasion): Promise<KeyChanges> {
  const names = Object.keys(own).sort();
  const made: string[] = [];
  const take = <Value>(value: Value | undefined, what: string, make: () => Value): Value => {
    if (value !== undefined) return value;
    made.push(what);
    return make();
  };
  const signer = await signerOf(keys?.authorityKey, authority, occasion, made);
  const identities: Record<string, KeyPair> = { ...keys?.identities };
  const readers: Record<string, KeyPair> = { ...keys?.readers };
  for (const name of names) {
    identities[name] = take(identities[name] ?? own[name], `a key for ${name}`, () => createKeyPair(identityOf(name)));
    readers[name] = take(readers[name], `a key that reads the state of ${name}`, () => createKeyPair(readerOf(name)));
  }
  const complete: StateStoreKeys = {
    root: take(keys?.root, "the store's own key", () => createKeyPair(rootName)),
    authorityKey: signer.key,
    serverKey: keys?.serverKey ?? (await newServerKey(made)),
    copier: take(keys?.copier, "a key that copies the states", () => createKeyPair(copierName)),
    identities,
    readers,
  };
  return {
    keys: isSame(keys, complete) ? undefined : complete,
    authority: signer.certificate === authority ? undefined : signer.certificate,
    own: ownKeys(own, identities),
    first: keys === undefined,
    made,
    absent: [],
  };
}

/** A certificate without its key signs nothing, and a key without its certificate is trusted by nobody: both are made. */
async function signerOf(
  key: string | undefined,
  certificate: string | undefined,
  { site, names, now }: KeyOccasion,
  made: string[],
): Promise<Authority> {
  if (key === undefined || certificate === undefined) {
    made.push("a certificate authority for the store");
    return createAuthority(site, names, now);
  }
  const authority = { key, certificate };
  const due = whyAuthorityDue(certificate, names, now);
  // Which of two that do not belong together is the right one only people can say: the program refuses them.
  if (due === undefined || (due !== "ends" && authorityProblem(authority, now) !== undefined)) return authority;
  const why = due === "ends" ? "whose old one ends" : "whose old one vouches for other names than the store's";
  made.push(`a new certificate of the store's authority, ${why}`);
  return { key, certificate: await renewAuthority(authority, names, now) };
}

async function newServerKey(made: string[]): Promise<string> {
  made.push("the key of the store's certificate");
  return createServerKey();
}

/** A service's administrator makes its keys; they only have to come to the environment that they are for. */
function givenKeys({ keys, own }: PresentKeys): KeyChanges {
  const given = Object.fromEntries(
    Object.entries(own).flatMap(([name, key]) => {
      const pair = keys?.identities[name] ?? key;
      return pair === undefined ? [] : [[name, pair]];
    }),
  );
  const changed = ownKeys(own, given);
  return {
    keys: undefined,
    authority: undefined,
    own: changed,
    first: false,
    made: Object.keys(changed).map((name) => `the key of ${name} in its own settings`),
    absent: Object.keys(own)
      .filter((name) => given[name] === undefined)
      .sort(),
  };
}

function ownKeys(
  own: PresentKeys["own"],
  identities: Readonly<Record<string, KeyPair>>,
): Readonly<Record<string, KeyPair>> {
  return Object.fromEntries(
    Object.entries(own).flatMap(([name, present]) => {
      const key = identities[name];
      const isKnown = present?.accessKey === key?.accessKey && present?.secretKey === key?.secretKey;
      return key === undefined || isKnown ? [] : [[name, key]];
    }),
  );
}

/** Only what is missing is ever added, so that the same parts mean the same keys. */
function isSame(keys: StateStoreKeys | undefined, complete: StateStoreKeys): boolean {
  return keys !== undefined && JSON.stringify(partsOf(keys)) === JSON.stringify(partsOf(complete));
}

function partsOf({ root, authorityKey, serverKey, copier, identities, readers }: StateStoreKeys): unknown[] {
  const named = [identities, readers].map((keys) => Object.entries(keys).sort(([a], [b]) => (a < b ? -1 : 1)));
  return [root, authorityKey, serverKey, copier, ...named];
}
