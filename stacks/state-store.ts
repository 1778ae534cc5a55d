import { pulumiLine } from "../site/plain-pulumi";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Provider } from "@pulumi/minio/provider";
import * as pulumi from "@pulumi/pulumi";
import type { Container } from "../components/guests/container";
import type { GuestLogin } from "../components/install/connection";
import { refusal } from "../components/refusal";
import { HostKey } from "../components/state-store/host-key";
import { OffsiteTimer } from "../components/state-store/offsite-timer";
import { StateBucket } from "../components/state-store/state-bucket";
import { StateStore } from "../components/state-store/state-store";
import { StoreIdentity } from "../components/state-store/store-identity";
import type { SiteFacts } from "../site/preflight/facts";
import type { ContainerGuest, ContainerStateStore, Environment, KeyPair } from "../site/settings/environment";
import { authorityProblem, type Authority } from "../site/state-store/authority";
import { vouchesFor } from "../site/state-store/name-constraints";
import { declaredStore, type DeclaredStore, namesOfGuest } from "../site/state-store/location";
import { bucketOf, identityClashes } from "../site/state-store/names";
import { copierPolicy, identityPolicy, readerPolicy } from "../site/state-store/policies";
import {
  bucketResource,
  copierResource,
  readerResource,
  storeName,
  storeProviderName,
} from "../site/state-store/resource-names";
import { guestLogin } from "./guest-login";
import { type HostKeySource, willBeMade } from "./host-key";
import type { DeclareStore, Site } from "./program";
import { readNamedFile } from "./read-named-file";
import { declareRecovery, recoveryBuckets } from "./recovery-buckets";
import { requireAgent } from "./ssh-agent";
import { existingBuckets } from "./state-store-probe";
import { isApart, modeVariable } from "./store-mode";

/** What is needed to make the server; absent where a service is there already. */
interface ServerPlan {
  readonly guest: ContainerGuest;
  readonly store: ContainerStateStore;
  readonly root: KeyPair;
  readonly authority: Authority;
  readonly serverKey: string;
  readonly login: Omit<GuestLogin, "hostKey">;
  readonly file: string | undefined;
}

/** The container that a server is installed in, and how to log in to it. */
interface DeclaredGuest {
  readonly container: Container;
  readonly login: GuestLogin;
}

/** What is needed to make buckets and identities; absent where they are left out. */
interface ContentPlan {
  readonly root: KeyPair;
  readonly environments: readonly string[];
  /** Buckets that the store has. */
  readonly existing: ReadonlySet<string>;
}

/**
 * Reads and asks everything that the store needs, before anything is registered.
 *
 * @param environments names of all environments of the project
 * @param facts what Proxmox said; undefined where it did not answer
 * @param hostKeyOf the key by which the store's container is known
 * @throws pulumi.RunError with what is missing
 */
export async function prepareStateStore(
  environment: Environment,
  environments: readonly string[],
  facts: SiteFacts | undefined,
  hostKeyOf: HostKeySource,
): Promise<DeclareStore> {
  const declared = declaredStore(environment);
  if (declared === undefined) throw new Error(`${environment.name} declares no state store`);
  const server = serverPlan(environment);
  if (server !== undefined) await requireAgent(environment.name);
  const content = await contentPlan(declared, environments, facts);
  const offsite = server && offsitePlan(declared, environments);
  return (site, containers) => {
    const guest = server && declareGuest(server, containers, hostKeyOf);
    const store = server && guest && declareServer(server, site, guest);
    const timer = server && guest && offsite && declareOffsite(server, offsite, guest, store);
    const buckets = content && declareContent(declared, content, store);
    return {
      stateStoreEndpoint: store?.endpoint ?? pulumi.output(declared.endpoint),
      ...(timer && { stateStoreOffsiteCopies: timer.schedule }),
      ...(buckets && { stateStoreBuckets: pulumi.output(buckets) }),
      ...(server && { stateStoreAuthority: pulumi.output(server.authority.certificate) }),
    };
  };
}

function serverPlan(environment: Environment): ServerPlan | undefined {
  const { name, stateStore: store, stateStoreKeys: keys, stateStoreAuthority: certificate } = environment;
  if (store?.kind !== "container") return undefined;
  const guest = environment.guests.find((one) => one.name === store.guest);
  if (guest?.kind !== "container") throw new Error(`${store.guest} is no container`);
  const { root, authorityKey, serverKey } = keys ?? {};
  if (root === undefined || authorityKey === undefined || serverKey === undefined || certificate === undefined) {
    const missing = certificate === undefined ? "lifeboat:stateStoreAuthority" : "lifeboat:stateStoreKeys";
    throw cannotDeclare(name, `${keys === undefined ? "lifeboat:stateStoreKeys" : missing} does not hold its keys`);
  }
  const authority = { key: authorityKey, certificate };
  const problem = authorityProblem(authority, new Date());
  if (problem !== undefined) throw cannotDeclare(name, `its authority is of no use: ${problem}`);
  if (!vouchesFor(certificate, namesOfGuest(guest))) {
    throw cannotDeclare(name, `its authority vouches for other names than ${namesOfGuest(guest).join(" and ")}`);
  }
  return { guest, store, root, authority, serverKey, login: guestLogin(environment), file: serverFile(store) };
}

/**
 * What copies the states elsewhere by itself; undefined where the settings name no second service, or not everything yet.
 * Part of runs without buckets, too: leaving it out would take it away.
 */
function offsitePlan({ environment, store, endpoint }: DeclaredStore, environments: readonly string[]) {
  const { stateStoreKeys: keys, stateStoreOffsiteKey: key, stateStoreAuthority: own } = environment;
  const { offsite } = store.copies;
  if (offsite === undefined) return undefined;
  if (key === undefined) {
    throw cannotDeclare(
      environment.name,
      "it has copies.offsite, and the secret lifeboat:stateStoreOffsiteKey is not set",
    );
  }
  const copier = keys?.copier;
  if (copier === undefined || own === undefined) return undefined;
  const known = environments.filter((name) => keys?.identities[name] !== undefined);
  const other =
    offsite.ca === undefined ? [] : [readNamedFile(offsite.ca, "the CA of lifeboat:stateStore.copies.offsite")];
  return {
    project: pulumi.getProject(),
    environments: known.map((name) => ({ name, bucket: bucketOf(store, name) })),
    bucket: offsite.bucket,
    schedule: offsite.schedule,
    authorities: [own, ...other],
    remotes: {
      store: { endpoint, region: store.region, ...copier },
      offsite: { endpoint: offsite.endpoint, region: offsite.region, ...key },
    },
  };
}

function cannotDeclare(environment: string, cause: string): pulumi.RunError {
  return refusal(`Unable to declare the state store of ${environment}: ${cause}\nHINT: lifeboat up ${environment}`);
}

function serverFile({ server }: ContainerStateStore): string | undefined {
  if (server.from === "url") return undefined;
  const file = resolve(pulumi.getRootDirectory(), server.file);
  if (existsSync(file)) return file;
  throw refusal(
    `Unable to install the state store: lifeboat:stateStore.server.file names ${file}, which does not exist`,
  );
}

async function contentPlan(
  declared: DeclaredStore,
  environments: readonly string[],
  facts: SiteFacts | undefined,
): Promise<ContentPlan | undefined> {
  const { name, stateStoreKeys: keys } = declared.environment;
  if (isApart()) {
    await pulumi.log.warn(
      `${modeVariable}=apart: buckets and identities of the state store are left out of this run; the store keeps them`,
    );
    return undefined;
  }
  if (keys?.root === undefined) return undefined;
  const clashes = identityClashes(environments);
  if (clashes.length > 0) throw refusal(`Unable to declare the state store of ${name}: ${clashes.join("; ")}`);
  const known = environments.filter((one) => keys.identities[one] !== undefined);
  for (const one of environments.filter((other) => !known.includes(other))) {
    await pulumi.log.warn(
      `Environment ${one} has no key in lifeboat:stateStoreKeys, so that it gets no bucket\nHINT: lifeboat up ${one}`,
    );
  }
  return { root: keys.root, environments: known, existing: await lookAtStore(declared, keys.root, known, facts) };
}

async function lookAtStore(
  { environment, store, endpoint }: DeclaredStore,
  key: KeyPair,
  environments: readonly string[],
  facts: SiteFacts | undefined,
): Promise<ReadonlySet<string>> {
  const recovery = recoveryBuckets(environment.stateStoreKeys ?? { identities: {}, readers: {} });
  const buckets = [...environments.map((name) => bucketOf(store, name)), ...recovery];
  // A store that is not there yet need not be asked.
  if (store.kind === "container" && willBeMade(store.guest, facts)) {
    await pulumi.log.info(
      `The guest of the state store, ${store.guest}, is not on its node: it is made by this run. If it was there before: lifeboat rebuild state-store`,
    );
    return new Set();
  }
  const result = await existingBuckets(
    { endpoint, region: store.region, key, authority: trustedBy(environment) },
    buckets,
  );
  if (result.kind === "answered") return result.existing;
  await pulumi.log.warn(
    `The state store at ${endpoint} does not answer: ${result.reason}. Its buckets and identities cannot be changed until it does` +
      `\nHINT: lifeboat status ${environment.name}; without the store: ${pulumiLine(environment.name, "up", `${modeVariable}=apart`)}`,
  );
  return new Set();
}

function trustedBy({ stateStore, stateStoreAuthority }: Environment): string | undefined {
  if (stateStore?.kind === "container") return stateStoreAuthority;
  return stateStore?.ca === undefined
    ? undefined
    : readNamedFile(stateStore.ca, "the CA of lifeboat:stateStore.service");
}

function declareGuest(
  { guest, login }: ServerPlan,
  containers: ReadonlyMap<string, Container>,
  hostKeyOf: HostKeySource,
): DeclaredGuest {
  const container = containers.get(guest.name);
  if (container === undefined) throw new Error(`${guest.name} was not declared`);
  const { macAddress } = container;
  const { key } = new HostKey(storeName, { macAddress, key: hostKeyOf(guest, storeName, macAddress) });
  return { container, login: { ...login, hostKey: key } };
}

function declareServer(plan: ServerPlan, { providerFor }: Site, guest: DeclaredGuest): StateStore {
  return new StateStore(storeName, { ...plan, ...guest, now: new Date() }, { provider: providerFor(plan.guest) });
}

function declareOffsite(
  { guest }: ServerPlan,
  offsite: NonNullable<ReturnType<typeof offsitePlan>>,
  { login }: DeclaredGuest,
  store: StateStore | undefined,
): OffsiteTimer {
  const { address } = guest.network;
  if (address.kind !== "static") throw new Error(`${guest.name} has no fixed address`);
  const args = { ...offsite, address: address.ip, login };
  return new OffsiteTimer(storeName, args, { dependsOn: store === undefined ? [] : [store] });
}

/** @returns buckets by the names of their environments */
function declareContent(
  { environment, store, endpoint }: DeclaredStore,
  { root, environments, existing }: ContentPlan,
  server: StateStore | undefined,
): Record<string, pulumi.Output<string>> {
  const provider = new Provider(storeProviderName, {
    minioServer: new URL(endpoint).host,
    minioUser: root.accessKey,
    minioPassword: pulumi.secret(root.secretKey),
    minioRegion: store.region,
    minioSsl: true,
  });
  const opts = { provider, dependsOn: server === undefined ? [] : [server] };
  const { identities = {}, readers = {}, copier } = environment.stateStoreKeys ?? {};
  const buckets = environments.map((name) => {
    const bucket = bucketOf(store, name);
    const made = new StateBucket(
      bucketResource(name),
      { environment: name, store, exists: existing.has(bucket) },
      opts,
    );
    // Identities are MinIO's own affair: a service that is there has its own.
    if (store.kind === "container") {
      declareIdentity(bucketResource(name), identities[name], identityPolicy(bucket), opts);
      declareIdentity(readerResource(name), readers[name], readerPolicy(bucket), opts);
    }
    return [name, made.bucket] as const;
  });
  if (store.kind === "container" && environments.length > 0) {
    declareIdentity(copierResource, copier, copierPolicy(environments.map((name) => bucketOf(store, name))), opts);
    if (environment.stateStoreKeys !== undefined) declareRecovery(environment.stateStoreKeys, existing, opts);
  }
  return Object.fromEntries(buckets);
}

function declareIdentity(
  name: string,
  key: KeyPair | undefined,
  policy: ReturnType<typeof identityPolicy>,
  opts: pulumi.ComponentResourceOptions,
): StoreIdentity | undefined {
  return key && new StoreIdentity(name, { key, policy }, opts);
}
