import type { DumpManifest } from "../../../../site/data/manifest";
import { readIdentities, requireRecipient } from "../../../clients/data-program/age-identity";
import { CommandError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";

/**
 * The file with the identity is read, and fits: found out before anything is begun, and asked again of the dump when it is opened.
 *
 * @param identity the file; undefined: none is named
 * @throws CommandError (12)
 */
export async function requireIdentity(
  { name, recipients }: Pick<DumpManifest, "name" | "recipients">,
  identity: string | undefined,
): Promise<void> {
  if (recipients.length === 0) return;
  if (identity === undefined) {
    throw new CommandError(`${name} is encrypted, and no identity is named`, {
      exitCode: exitCodes.passphrase,
      hint: "name the file with the age identity, which stays on this machine: --identity FILE or LIFEBOAT_AGE_IDENTITY_FILE",
    });
  }
  await requireRecipient(name, recipients, readIdentities(identity));
}
