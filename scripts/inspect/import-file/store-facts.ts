import * as z from "zod";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import type { StoreContents } from "../../../site/import-file/plan";
import {
  type BucketOnSite,
  contentOf,
  type StoreContent,
  type StoreOnSite,
} from "../../../site/import-file/store-plan";
import type { Environment, KeyPair, StateStoreKeys } from "../../../site/settings/environment";
import { parseStateStoreKeys } from "../../../site/state-store/keys";
import { declaredStore, type DeclaredStore } from "../../../site/state-store/location";
import { StoreError } from "../../clients/object-store/object-store";
import { usageError } from "../../terminal/command-error";
import type { LoadedEnvironment } from "../../project/environment";
import type { Redactor } from "../../terminal/redactor";

/** A state store that an environment declares, with the keys in its settings. */
export interface KnownStore {
  readonly declared: DeclaredStore;
  readonly keys: StateStoreKeys;
}

/**
 * The store that the environment declares, if it does.
 *
 * @throws CommandError (2) for keys that are none, (12) without the passphrase.
 */
export async function knownStore(environment: LoadedEnvironment, redactor: Redactor): Promise<KnownStore | undefined> {
  const declared = declaredStore(environment.settings);
  if (declared === undefined) return undefined;
  const text = await environment.secret("stateStoreKeys");
  if (text === undefined) return { declared, keys: { identities: {}, readers: {} } };
  const keys = parseStateStoreKeys(text);
  if (keys === undefined) {
    throw usageError(
      `lifeboat:stateStoreKeys in ${environment.file} does not hold keys`,
      `lifeboat up ${environment.name}`,
    );
  }
  const { root, copier, identities, readers, recovery = {} } = keys;
  for (const key of [root, copier, ...[identities, readers, recovery].flatMap((all) => Object.values(all))]) {
    if (key !== undefined) redactor.remember(key.secretKey);
  }
  return { declared, keys };
}

/** What there is of a store and in it; read only. A store that does not answer is no error: it may be what was lost. */
export async function readStore(
  { declared, keys }: KnownStore,
  environments: readonly string[],
  client: ProxmoxClient,
  authority: string | undefined,
): Promise<StoreContents> {
  const content = contentOf(declared, keys, environments);
  const hasRules = await hasOwnRules(client, declared.environment);
  const reach = { ...declared, authority, root: keys.root };
  try {
    return { content, found: { hasRules, ...(await readContents(reach, content)) } };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { content, found: { hasRules, silent: error.message, buckets: new Map(), identities: new Set() } };
  }
}

interface Reach {
  readonly store: DeclaredStore["store"];
  readonly endpoint: string;
  readonly authority: string | undefined;
  readonly root: KeyPair | undefined;
}

async function readContents(reach: Reach, content: StoreContent): Promise<Pick<StoreOnSite, "buckets" | "identities">> {
  const { root } = reach;
  const buckets = new Map<string, BucketOnSite>();
  if (root === undefined) return { buckets, identities: new Set() };
  for (const { resource, bucket } of content.buckets) {
    const settings = await unless("no-bucket", (await open(reach, bucket, root)).bucketSettings());
    if (settings !== undefined) buckets.set(resource, settings);
  }
  const identities = await Promise.all(
    content.identities.map(async ({ resource, key, bucket }) => ((await opens(reach, key, bucket)) ? [resource] : [])),
  );
  return { buckets, identities: new Set(identities.flat()) };
}

/** Nobody but the server's own administration lists identities; a key that opens its bucket is one. */
async function opens(reach: Reach, key: KeyPair, bucket: string): Promise<boolean> {
  try {
    await (await open(reach, bucket, key)).list(".pulumi/meta.yaml");
    return true;
  } catch (error) {
    if (error instanceof StoreError && (error.kind === "denied" || error.kind === "no-bucket")) return false;
    throw error;
  }
}

async function open({ store, endpoint, authority }: Reach, bucket: string, credentials: KeyPair) {
  // Large, and only this needs it.
  const { S3Store } = await import("../../clients/object-store/s3-store.js");
  const trust = authority === undefined ? {} : { ca: authority };
  return new S3Store({ bucket, endpoint, region: store.region, credentials, attempts: 1, ...trust });
}

async function unless<Value>(kind: StoreError["kind"], answer: Promise<Value>): Promise<Value | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof StoreError && error.kind === kind) return undefined;
    throw error;
  }
}

const rulesAnswer = z.array(z.object({ comment: z.string().optional() }));

/** Whether the firewall of the store's guest has rules that Lifeboat wrote. */
async function hasOwnRules(client: ProxmoxClient, { stateStore, guests }: Environment): Promise<boolean> {
  const name = stateStore?.kind === "container" ? stateStore.guest : undefined;
  const guest = guests.find((one) => one.name === name);
  if (guest === undefined) return false;
  const rules = rulesAnswer.parse(await client.get(["nodes", guest.node, "lxc", guest.id, "firewall", "rules"]));
  return rules.some(({ comment = "" }) => comment.startsWith("lifeboat: "));
}
