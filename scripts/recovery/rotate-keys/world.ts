import { join } from "node:path";
import type { KeyPair, StateStoreKeys } from "../../../site/settings/environment";
import { parseStateStoreKeys } from "../../../site/state-store/keys";
import { MinioAdmin } from "../../clients/minio/minio-admin";
import type { ObjectStore } from "../../clients/object-store/object-store";
import { PulumiCli } from "../../clients/pulumi-cli/pulumi-cli";
import { storeUrl } from "../../project/backend";
import { pulumiPlace } from "../../project/pulumi-variables";
import type { Site } from "../../project/site";
import { openStateAt } from "../../project/state-backend";
import type { SiteStore } from "../../project/state-store";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { type StackSession, stateOf } from "../engine/session";
import type { StateAccess } from "../steps/state/state-access";
import type { RenewedKey } from "./plan";

/** A command at work on the keys of one environment. */
export interface RotationSession extends StackSession {
  readonly site: Site;
  readonly siteStore: SiteStore;
}

/** `lifeboat:stateStoreKeys` as the settings hold it now. @throws CommandError (12), (13) where it is not complete */
export async function keysNow({ site, siteStore, context }: RotationSession): Promise<CompleteKeys> {
  const owner = site.reread(siteStore.environment.name);
  const text = await owner.secret("stateStoreKeys");
  const keys = text === undefined ? undefined : parseStateStoreKeys(text);
  const { root, copier } = keys ?? {};
  if (keys === undefined || root === undefined || copier === undefined) {
    throw new CommandError(`lifeboat:stateStoreKeys in ${owner.file} does not hold the keys of the store`, {
      exitCode: exitCodes.refused,
      hint: `make what is missing: lifeboat up ${owner.name}`,
    });
  }
  for (const { secretKey } of pairsOf({ ...keys, root, copier })) context.redactor.remember(secretKey);
  return { ...keys, root, copier };
}

/** What the settings of the environment that makes the store hold once `lifeboat up` has made it. */
export type CompleteKeys = StateStoreKeys & { readonly root: KeyPair; readonly copier: KeyPair };

/** Every key to the store that the settings hold. */
export function pairsOf({ root, copier, identities, readers }: CompleteKeys): KeyPair[] {
  return [root, copier, ...Object.values(identities), ...Object.values(readers)];
}

/** The key that the settings have in a role. */
export function keyOf(keys: CompleteKeys, environment: string, role: RenewedKey["role"]): KeyPair | undefined {
  if (role === "copier") return keys.copier;
  return (role === "reader" ? keys.readers : keys.identities)[environment];
}

/** The bucket of an environment by a key, or by that of its settings. @throws CommandError (12) */
export async function bucketOf(
  { site, siteStore, context }: RotationSession,
  name: string,
  credentials?: KeyPair,
): Promise<ObjectStore> {
  const reach = { signal: context.signal, ...(credentials && { credentials }) };
  const store = await openStateAt(storeUrl(siteStore, name), site.environment(name), context.io.environment, reach);
  if (store === undefined) throw new Error("The URL of a bucket begins with s3://.");
  return store;
}

/** The state of an environment by the key of its settings. @throws CommandError (12) */
export async function accessTo(session: RotationSession, name: string): Promise<StateAccess> {
  const { project } = session.environment;
  return { store: await bucketOf(session, name), place: { project: project.name, stack: name } };
}

/** The server's administration by the store's own key. */
export function adminOf({ siteStore, context }: RotationSession, { root }: CompleteKeys): MinioAdmin {
  const { endpoint, authority: ca, store } = siteStore;
  return new MinioAdmin({ endpoint, region: store.region, ca, key: root, signal: context.signal });
}

/** Folder for what the `pulumi` of the environment with the store prints. */
export function logsOf({ site, siteStore, context }: RotationSession): string {
  return join(stateOf(site.environment(siteStore.environment.name), context).path, "pulumi");
}

/** The `pulumi` program on the stack that makes the store. */
export async function ownerCli(session: RotationSession): Promise<PulumiCli> {
  const { site, siteStore, context } = session;
  const { place } = await pulumiPlace(site.environment(siteStore.environment.name), context.io.environment);
  return new PulumiCli({ ...place, logs: logsOf(session) });
}
