import { formatKeys, parseKeyPair, parseStateStoreKeys } from "../../../../site/state-store/keys";
import { completeKeys, type KeyChanges, type PresentKeys } from "../../../../site/state-store/missing-keys";
import { namesOfStore } from "../../../../site/state-store/location";
import { identityClashes } from "../../../../site/state-store/names";
import type { KeyPair, StateStoreKeys } from "../../../../site/settings/environment";
import { CommandError, usageError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";
import { writeSealed } from "../../../project/edit-settings";
import type { LoadedEnvironment } from "../../../project/environment";
import type { SettingValue } from "../../../project/set-settings";
import { readNamedFile } from "../../../project/named-file";
import type { Site } from "../../../project/site";
import type { SiteStore } from "../../../project/state-store";
import type { CommandContext } from "../../../project/context";
import { type RecoveryKeys, planRecoveryKeys, writeRecoveryKeys } from "./recovery-keys";

/** Names a file with the keys that a service's administrator has given, in the form of `lifeboat:stateStoreKeys`. */
const fileVariable = "LIFEBOAT_STATE_KEYS_FILE";

/** What the settings are to hold of the state store, and of the guests whose WAL goes to it. */
export interface SiteKeys extends KeyChanges {
  /** By environment: what comes into its `lifeboat:dataSecrets`. */
  readonly recovery: RecoveryKeys["own"];
}

/**
 * Reads the keys in the settings of all environments, and makes those that are missing. Nothing is written.
 *
 * @throws CommandError (2) for a key that is none, (12) without the passphrase, (13) when a service's key is missing, or a passphrase
 *   that opened an archive.
 */
export async function planKeys(site: Site, store: SiteStore, context: CommandContext): Promise<SiteKeys> {
  const clashes = identityClashes(site.environmentNames);
  if (clashes.length > 0) throw usageError(clashes.join("; "), "rename one of them");
  const present = await presentKeys(site, store, context);
  for (const secret of secretsOf(present)) context.redactor.remember(secret);
  const changes = await completeKeys(present, {
    site: site.name,
    names: namesOfStore(store.environment),
    now: new Date(),
  });
  if (changes.absent.length > 0) throw absentKeys(changes.absent, store);
  for (const secret of secretsOf(changes)) context.redactor.remember(secret);
  const keys = changes.keys ?? present.keys;
  const recovery = keys && store.store.kind === "container" ? await planRecoveryKeys(site, keys, context) : undefined;
  if (recovery === undefined) return { ...changes, recovery: {} };
  return {
    ...changes,
    keys: recovery.keys ?? changes.keys,
    made: [...changes.made, ...recovery.made],
    recovery: recovery.own,
  };
}

/** Writes what {@link planKeys} made: the store's own before those of the environments, which are made of them. */
export async function writeKeys(
  site: Site,
  store: SiteStore,
  changes: Pick<KeyChanges, "keys" | "authority" | "own"> & Partial<Pick<SiteKeys, "recovery">>,
): Promise<void> {
  // A passphrase is in its settings before the store's keys say that there is one.
  await writeRecoveryKeys(site, changes.recovery ?? {});
  const owner = store.environment.name;
  const names = [owner, ...site.environmentNames.filter((name) => name !== owner)];
  for (const name of names) {
    const own = changes.own[name];
    const keys = name === owner ? changes.keys : undefined;
    const authority = name === owner ? changes.authority : undefined;
    // Whose settings stay as they are needs no passphrase.
    if (own === undefined && keys === undefined && authority === undefined) continue;
    const environment = site.reread(name);
    const box = await environment.secretBox();
    const config: Record<string, SettingValue> = {};
    if (keys !== undefined) config["lifeboat:stateStoreKeys"] = { secure: box.seal(formatKeys(keys)) };
    if (authority !== undefined) config["lifeboat:stateStoreAuthority"] = authority;
    if (own !== undefined) config["lifeboat:stateKey"] = { secure: box.seal(formatKeys(own)) };
    writeSealed(environment, box, config);
    site.reread(name);
  }
}

/** Whether anything is to be written. */
export function isComplete({ keys, authority, own, recovery }: SiteKeys): boolean {
  return (
    keys === undefined && authority === undefined && Object.keys(own).length === 0 && Object.keys(recovery).length === 0
  );
}

async function presentKeys(site: Site, store: SiteStore, context: CommandContext): Promise<PresentKeys> {
  const owner = site.environment(store.environment.name);
  const text = await owner.secret("stateStoreKeys");
  const own: Record<string, KeyPair | undefined> = {};
  for (const name of site.environmentNames) own[name] = await ownKey(site.environment(name));
  return {
    kind: store.store.kind,
    keys:
      store.store.kind === "service" ? givenKeys(text, context) : text === undefined ? undefined : keysOf(text, owner),
    authority: await owner.secret("stateStoreAuthority"),
    own,
  };
}

async function ownKey(environment: LoadedEnvironment): Promise<KeyPair | undefined> {
  const text = await environment.secret("stateKey");
  if (text === undefined) return undefined;
  const key = parseKeyPair(text);
  if (key !== undefined) return key;
  throw usageError(
    `lifeboat:stateKey of ${environment.name} is no key`,
    `it is JSON: {"accessKey": …, "secretKey": …}; take it out of ${environment.file}, and lifeboat up makes it`,
  );
}

function keysOf(text: string, { file }: LoadedEnvironment): StateStoreKeys {
  const keys = parseStateStoreKeys(text);
  if (keys !== undefined) return keys;
  throw usageError(
    `lifeboat:stateStoreKeys in ${file} is not what lifeboat up writes`,
    `put it back as it was: git log -p ${file}`,
  );
}

function givenKeys(text: string | undefined, { io }: CommandContext): StateStoreKeys | undefined {
  const stored = text === undefined ? undefined : parseStateStoreKeys(text);
  const file = io.environment[fileVariable];
  if (file === undefined || file === "") return stored;
  const given = parseStateStoreKeys(readNamedFile(file, fileVariable));
  if (given === undefined)
    throw usageError(`the file that ${fileVariable} names holds no keys`, `its form: ${keysForm(["prod"])}`);
  return {
    ...stored,
    ...given,
    identities: { ...stored?.identities, ...given.identities },
    readers: { ...stored?.readers, ...given.readers },
  };
}

/** Only whoever administers the service can make them. */
function absentKeys(names: readonly string[], { endpoint }: SiteStore): CommandError {
  return new CommandError(`the key to the state store at ${endpoint} is missing for ${names.join(" and ")}`, {
    exitCode: exitCodes.refused,
    hint: `let the service's administrator make them, write them into a file that only you can read: ${keysForm(names)}; then: ${fileVariable}=FILE lifeboat up`,
    details: { missing: names.map((name) => `${name}: lifeboat:stateKey`) },
  });
}

function keysForm(names: readonly string[]): string {
  const keys = names.map((name) => `"${name}": {"accessKey": "…", "secretKey": "…"}`);
  return `{"identities": {${keys.join(", ")}}}`;
}

function secretsOf({ keys, own }: Pick<PresentKeys, "keys" | "own">): string[] {
  const pairs = [
    ...Object.values(own).flatMap((pair) => pair ?? []),
    ...(keys === undefined ? [] : [...Object.values(keys.identities), ...Object.values(keys.readers)]),
    ...[keys?.root, keys?.copier].flatMap((pair) => pair ?? []),
  ];
  return [
    ...pairs.map(({ secretKey }) => secretKey),
    ...[keys?.authorityKey, keys?.serverKey].flatMap((key) => key ?? []),
  ];
}
