import { pulumiLine } from "../../site/plain-pulumi";
import type { LoadedEnvironment } from "./environment";
import { usageError } from "../terminal/command-error";

/**
 * Secrets of the settings that are one text.
 *
 * @param key `monitoringSecrets`
 * @param parse undefined for a text that is none
 * @param none where the settings have none
 * @throws CommandError (2) for secrets that are none, (12) without the passphrase
 */
export async function sealedSecrets<Secrets>(
  environment: LoadedEnvironment,
  key: string,
  parse: (text: string) => Secrets | undefined,
  none: Secrets,
): Promise<Secrets> {
  const text = await environment.secret(key);
  const secrets = text === undefined ? none : parse(text);
  if (secrets !== undefined) return secrets;
  throw usageError(
    `lifeboat:${key} of ${environment.name} is not what its description says`,
    `put it right: ${pulumiLine(environment.name, `config get lifeboat:${key}`)}`,
  );
}
