import { parseDataSecrets } from "../../../../site/data/data-secrets";
import type { DataSecrets, StateStoreKeys } from "../../../../site/settings/environment";
import { completeRecovery, type RecoverySource } from "../../../../site/state-store/recovery-keys";
import { recoveryName } from "../../../../site/state-store/recovery-names";
import type { CommandContext } from "../../../project/context";
import { writeSealed } from "../../../project/edit-settings";
import type { LoadedEnvironment } from "../../../project/environment";
import { sealedSecrets } from "../../../project/sealed-secrets";
import type { Site } from "../../../project/site";
import { CommandError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";

const key = "dataSecrets";

/** What the settings are to hold for guests whose WAL goes to the site's own store. */
export interface RecoveryKeys {
  /** The store's keys with theirs. Undefined: as they are. */
  readonly keys: StateStoreKeys | undefined;
  /** By environment: what comes into its `lifeboat:dataSecrets`. */
  readonly own: Readonly<Record<string, DataSecrets>>;
  /** What is new, one half sentence each. */
  readonly made: readonly string[];
}

/**
 * Works out what is missing. Nothing is written.
 *
 * @param keys those of the store, complete but for this
 * @throws CommandError (2) for secrets that are none, (12) without the passphrase, (13) where a passphrase is gone that was made before
 */
export async function planRecoveryKeys(
  site: Site,
  keys: StateStoreKeys,
  { redactor }: CommandContext,
): Promise<RecoveryKeys> {
  const sources = (await Promise.all(site.environmentNames.map((name) => sourcesOf(site.environment(name))))).flat();
  const { recovery, own, made, lost } = completeRecovery(keys.recovery ?? {}, sources);
  const [gone] = lost;
  if (gone !== undefined) throw lostPassphrase(site, gone);
  for (const { secretKey } of Object.values(recovery ?? keys.recovery ?? {})) redactor.remember(secretKey);
  for (const { passphrase, former = {} } of pairsIn(own)) {
    for (const secret of [passphrase, ...Object.values(former)]) redactor.remember(secret);
  }
  return { keys: recovery && { ...keys, recovery }, own, made };
}

/** Writes what is new beside what is there. */
export async function writeRecoveryKeys(site: Site, own: RecoveryKeys["own"]): Promise<void> {
  for (const [name, guests] of Object.entries(own)) {
    const environment = site.reread(name);
    const secrets: Record<string, DataSecrets[string]> = { ...(await secretsOf(environment)) };
    for (const [guest, sources] of Object.entries(guests)) {
      const merged = Object.entries(sources).map(([source, made]) => [
        source,
        { ...secrets[guest]?.[source], ...made },
      ]);
      secrets[guest] = { ...secrets[guest], ...Object.fromEntries(merged) };
    }
    const box = await environment.secretBox();
    writeSealed(environment, box, { [`lifeboat:${key}`]: { secure: box.seal(JSON.stringify(secrets)) } });
    site.reread(name);
  }
}

/** Settings without such a source need no passphrase for this. */
async function sourcesOf(environment: LoadedEnvironment): Promise<RecoverySource[]> {
  const found = environment.settings.guests.flatMap(({ name: guest, data }) =>
    data.flatMap((source) =>
      source.kind === "postgres" && source.pointInTime !== undefined && source.pointInTime.store === undefined
        ? [{ guest, source: source.name, folder: source.pointInTime.folder ?? recoveryName(environment.name, guest) }]
        : [],
    ),
  );
  if (found.length === 0) return [];
  const secrets = await secretsOf(environment);
  return found.map((one) => {
    const keys = secrets[one.guest]?.[one.source]?.pointInTime;
    return { environment: environment.name, ...one, keys };
  });
}

function secretsOf(environment: LoadedEnvironment): Promise<DataSecrets> {
  return sealedSecrets(environment, key, parseDataSecrets, {});
}

function pairsIn(own: RecoveryKeys["own"]) {
  const sources = Object.values(own).flatMap((guests) => Object.values(guests).flatMap((one) => Object.values(one)));
  return sources.flatMap(({ pointInTime }) => pointInTime ?? []);
}

/** Another passphrase would not read what is archived, and pgBackRest would refuse it only in the guest. */
function lostPassphrase(site: Site, { environment, guest, source }: RecoverySource): CommandError {
  const { file } = site.environment(environment);
  return new CommandError(
    `the passphrase for the WAL of ${source} in ${environment}/${guest} is no longer in lifeboat:dataSecrets of ${file}: without it nobody reads what is archived`,
    {
      exitCode: exitCodes.refused,
      hint: `put it back: git log -p ${file}; where it is lost for good, another name for the source begins another archive`,
    },
  );
}
