import type { DataSecrets, KeyPair, PointInTimeKeysGiven, RecoveryKey } from "../settings/environment";
import { createKeyPair, createSecret } from "./keys";
import { recoveryIdentity, recoveryName } from "./recovery-names";

/** A source whose WAL goes to the site's own store, and what the settings of its environment hold for that. */
export interface RecoverySource {
  readonly environment: string;
  readonly guest: string;
  readonly source: string;
  readonly keys: PointInTimeKeysGiven | undefined;
}

/** What the settings are to hold. */
export interface RecoveryChanges {
  /** By the guest's archive, beside those of guests that the settings do not have any more. Undefined: as it is. */
  readonly recovery: Readonly<Record<string, RecoveryKey>> | undefined;
  /** By environment: what comes into its `lifeboat:dataSecrets`. */
  readonly own: Readonly<Record<string, DataSecrets>>;
  /** What is new, one half sentence each. */
  readonly made: readonly string[];
  /** Sources that had a passphrase: with another one nobody reads what they have archived. */
  readonly lost: readonly RecoverySource[];
}

/**
 * Works out which keys and passphrases are missing, and makes them: one key for each guest, one passphrase for each source, which
 * is never made twice.
 *
 * @param known what the store's own keys hold
 */
export function completeRecovery(
  known: Readonly<Record<string, RecoveryKey>>,
  sources: readonly RecoverySource[],
): RecoveryChanges {
  const recovery: Record<string, RecoveryKey> = { ...known };
  const own: Record<string, Record<string, DataSecrets[string]>> = {};
  const made: string[] = [];
  const lost = sources.filter((one) => one.keys === undefined && isKnown(known, one));
  for (const one of sources.filter((other) => !lost.includes(other))) {
    const { environment, guest, source, keys } = one;
    const name = recoveryName(environment, guest);
    const { accessKey, secretKey } = recovery[name] ?? pairOf(name, keys) ?? newPair(name, made);
    const before = recovery[name]?.sources ?? [];
    recovery[name] = { accessKey, secretKey, sources: [...new Set([...before, source])].sort() };
    if (keys?.accessKey === accessKey && keys.secretKey === secretKey) continue;
    if (keys === undefined) made.push(`the passphrase for the WAL of ${source} in ${name}`);
    const pointInTime = { accessKey, secretKey, passphrase: keys?.passphrase ?? createSecret() };
    own[environment] = { ...own[environment], [guest]: { ...own[environment]?.[guest], [source]: { pointInTime } } };
  }
  return { recovery: isSame(known, recovery) ? undefined : recovery, own, made, lost };
}

function isKnown(
  known: Readonly<Record<string, RecoveryKey>>,
  { environment, guest, source }: RecoverySource,
): boolean {
  return known[recoveryName(environment, guest)]?.sources.includes(source) === true;
}

/** What an earlier run has written last, and not to the store's own keys. A key to another store is none to this one. */
function pairOf(name: string, keys: PointInTimeKeysGiven | undefined): KeyPair | undefined {
  return keys?.accessKey === recoveryIdentity(name) ? keys : undefined;
}

function newPair(name: string, made: string[]): KeyPair {
  made.push(`a key for the WAL of ${name}`);
  return createKeyPair(recoveryIdentity(name));
}

function isSame(a: Readonly<Record<string, RecoveryKey>>, b: Readonly<Record<string, RecoveryKey>>): boolean {
  const parts = (keys: typeof a) =>
    Object.entries(keys)
      .map(([name, { accessKey, secretKey, sources }]) => [name, accessKey, secretKey, ...sources])
      .sort(([x = ""], [y = ""]) => (x < y ? -1 : 1));
  return JSON.stringify(parts(a)) === JSON.stringify(parts(b));
}
