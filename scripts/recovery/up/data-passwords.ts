import { randomBytes } from "node:crypto";
import { lacksPassword, parseDataSecrets } from "../../../site/data/data-secrets";
import type { DataSecrets } from "../../../site/settings/environment";
import { writeSealed } from "../../project/edit-settings";
import type { LoadedEnvironment } from "../../project/environment";
import { sealedSecrets } from "../../project/sealed-secrets";
import type { StackWork } from "./stack-work";

const key = "dataSecrets";

/**
 * Sources of data whose database user has no password yet, one half sentence each. Nothing is written.
 *
 * @throws CommandError (2) for secrets that are none, (12) without the passphrase
 */
export async function missingDataPasswords({ environment }: StackWork): Promise<string[]> {
  const { settings } = environment;
  if (settings.guests.every(({ data }) => data.length === 0)) return [];
  return lacksPassword(settings, await secretsOf(environment)).map(
    ({ guest, source }) => `the password of ${source} in ${guest}`,
  );
}

/** Makes what is missing now, and writes all of it encrypted into the settings. */
export async function writeDataPasswords({ site, selector, environment }: StackWork): Promise<void> {
  const secrets: Record<string, DataSecrets[string]> = { ...(await secretsOf(environment)) };
  const missing = lacksPassword(environment.settings, secrets);
  if (missing.length === 0) return;
  for (const { guest, source } of missing) {
    const own = { ...secrets[guest]?.[source], password: randomBytes(24).toString("base64url") };
    secrets[guest] = { ...secrets[guest], [source]: own };
  }
  const box = await environment.secretBox();
  writeSealed(environment, box, { [`lifeboat:${key}`]: { secure: box.seal(JSON.stringify(secrets)) } });
  site.reread(selector);
}

function secretsOf(environment: LoadedEnvironment): Promise<DataSecrets> {
  return sealedSecrets(environment, key, parseDataSecrets, {});
}
