import type { LoadedEnvironment } from "../../project/environment";
import { readPassphrase } from "../../project/passphrase-source";
import { CommandError } from "../../terminal/command-error";
import { type Check, ok, problem } from "./check";

const subject = "secrets";

/** Tries the passphrase on the settings. Where none is given, that is said of this machine. */
export async function inspectSecrets(
  environment: LoadedEnvironment,
  variables: Readonly<Record<string, string | undefined>>,
): Promise<Check[]> {
  if (environment.encryptionSalt() === undefined || readPassphrase(environment.name, variables).kind === "none")
    return [];
  try {
    await environment.secretBox();
    return [ok(subject, "the passphrase opens them")];
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return [problem(subject, error.message, error.hint)];
  }
}
