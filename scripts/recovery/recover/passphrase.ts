import { openSecrets, UnreadableSecret, WrongPassphrase } from "../../project/passphrase";
import { passphraseOrigin, readPassphrase } from "../../project/passphrase-source";
import type { CommandContext } from "../../project/context";
import type { LoadedEnvironment } from "../../project/site";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";

/**
 * Why the secrets of an environment, and of its state, stay shut in this run: nobody has given the passphrase. Guests come back
 * without it. Undefined: it is there and opens the settings, as far as they hold anything to try it on.
 *
 * @throws CommandError (12) for a wrong one: whoever gave it believes that it is right, and corrects it first
 */
export async function whyLocked(
  environment: LoadedEnvironment,
  { io, redactor }: Pick<CommandContext, "io" | "redactor">,
): Promise<string | undefined> {
  const { name, file } = environment;
  const found = readPassphrase(name, io.environment);
  if (found.kind === "none") return "no passphrase is set";
  if (found.kind === "unreadable") return found.why;
  const salt = environment.encryptionSalt();
  if (salt === undefined) return undefined;
  try {
    await openSecrets(salt, redactor.remember(found.passphrase));
  } catch (error) {
    if (error instanceof WrongPassphrase) {
      const { variable, words } = passphraseOrigin(name, io.environment);
      throw new CommandError(`the passphrase of ${name} is wrong: it does not open ${file}${words}`, {
        exitCode: exitCodes.passphrase,
        hint: `set ${variable} to the passphrase of ${name}; nobody has it now: unset it, and what comes back without one comes back`,
      });
    }
    // A salt that is damaged is told by whatever needs what is behind it.
    if (!(error instanceof UnreadableSecret)) throw error;
  }
  return undefined;
}

/** What is to be done about a missing passphrase. */
export function givePassphrase(environment: string): string {
  return `set PULUMI_CONFIG_PASSPHRASE_FILE to a file with the passphrase of ${environment}`;
}
