import type { DataSecrets, KeyPair, PointInTimeKeysGiven, RecoveryKey } from "../settings/environment";
import { createKeyPair, createSecret } from "./keys";
import { recoveryIdentity, recoveryName } from "./recovery-names";

/** A source whose WAL goes to the site's own store, and what the settings of its environment hold for that. */
export interface RecoverySource {
  readonly environment: string;
  readonly guest: string;
  readonly source: string;
  /** Where its archive lies in the bucket. */
  readonly folder: string;
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
 * Works out which keys and passphrases are missing, and makes them: one key for each guest, one passphrase for each folder of an
 * archive, which is never made twice. A folder that is new gets a passphrase of its own, and its guest another secret; what opened
 * the former folder stays beside it, and is taken again where that folder is named again.
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
  const opened = sources.filter((one) => !lost.includes(one));
  for (const name of new Set(opened.map(nameOf))) {
    const ofGuest = opened.filter((one) => nameOf(one) === name);
    const before = recovery[name];
    const { accessKey, secretKey } = keyOf(name, before, ofGuest, made);
    recovery[name] = {
      accessKey,
      secretKey,
      sources: together(
        before?.sources,
        ofGuest.map(({ source }) => source),
      ),
      folders: together(
        before?.folders,
        ofGuest.map(({ folder }) => folder),
      ),
    };
    for (const one of ofGuest) {
      const { environment, guest, source, keys } = one;
      const pointInTime = { accessKey, secretKey, ...passphraseOf(one, made) };
      if (keys !== undefined && isSame(keys, pointInTime)) continue;
      own[environment] = { ...own[environment], [guest]: { ...own[environment]?.[guest], [source]: { pointInTime } } };
    }
  }
  const isWritten = !isSame(known, recovery) || Object.keys(own).length > 0;
  // What is made of nothing new is written only where it is told, too.
  if (isWritten && made.length === 0) made.push("a note of what opens the WAL of guests now");
  return { recovery: isSame(known, recovery) ? undefined : recovery, own, made, lost };
}

const nameOf = ({ environment, guest }: RecoverySource): string => recoveryName(environment, guest);

function together(before: readonly string[] = [], now: readonly string[]): string[] {
  return [...new Set([...before, ...now])].sort();
}

function isKnown(known: Readonly<Record<string, RecoveryKey>>, one: RecoverySource): boolean {
  return known[nameOf(one)]?.sources.includes(one.source) === true;
}

/** A folder whose passphrase nobody has made yet. Of what was written before folders were noted, nothing is said. */
function isNew({ folder, keys }: RecoverySource): boolean {
  return keys?.folder !== undefined && keys.folder !== folder && keys.former?.[folder] === undefined;
}

/** The identity stays: whoever has the former secret is shut out once the store knows the new one. */
function keyOf(
  name: string,
  known: RecoveryKey | undefined,
  ofGuest: readonly RecoverySource[],
  made: string[],
): KeyPair {
  if (ofGuest.some(isNew)) {
    made.push(`another secret for the WAL of ${name}`);
    return createKeyPair(recoveryIdentity(name));
  }
  const given = ofGuest.flatMap(({ keys }) => (keys?.accessKey === recoveryIdentity(name) ? [keys] : []));
  // What an earlier run has written last, and not to the store's own keys.
  const newer = given.find(({ folder }) => folder !== undefined && known?.folders?.includes(folder) === false);
  const found = newer ?? known ?? given[0];
  if (found !== undefined) return found;
  made.push(`a key for the WAL of ${name}`);
  return createKeyPair(recoveryIdentity(name));
}

function passphraseOf(
  { environment, guest, source, folder, keys }: RecoverySource,
  made: string[],
): Pick<PointInTimeKeysGiven, "passphrase" | "folder" | "former"> {
  const where = `the WAL of ${source} in ${recoveryName(environment, guest)}`;
  if (keys === undefined) {
    made.push(`the passphrase for ${where}`);
    return { passphrase: createSecret(), folder };
  }
  const { passphrase, former = {} } = keys;
  if (keys.folder === undefined || keys.folder === folder) return { passphrase, folder, ...kept(former) };
  const { [folder]: again, ...others } = { ...former, [keys.folder]: passphrase };
  if (again === undefined) made.push(`another passphrase for ${where}, which begins anew in ${folder}`);
  return { passphrase: again ?? createSecret(), folder, ...kept(others) };
}

const kept = (former: Readonly<Record<string, string>>) => (Object.keys(former).length === 0 ? {} : { former });

function isSame(a: object, b: object): boolean {
  return inOrder(a) === inOrder(b);
}

/** As JSON, whatever the order of its members. */
const inOrder = (value: object): string => JSON.stringify(value, sorted);

function sorted(_key: string, one: unknown): unknown {
  if (typeof one !== "object" || one === null || Array.isArray(one)) return one;
  return Object.fromEntries(Object.entries(one).sort(([x], [y]) => (x < y ? -1 : 1)));
}
