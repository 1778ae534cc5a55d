import { armor, Encrypter } from "age-encryption";
import { messageOf } from "../machine/error-code";
import { usageError } from "../terminal/command-error";

/**
 * Encrypts a text for public keys of age, as a file of text itself: `age -d -i IDENTITY FILE` opens it anywhere.
 *
 * @throws CommandError (2) for a key with a typing error: whether its checksum is right only age tells
 */
export async function sealedFor(recipients: readonly string[], content: string): Promise<string> {
  const encrypter = new Encrypter();
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch (error) {
      throw usageError(
        `${recipient} is no public key of age: ${messageOf(error)}`,
        "print it once more from its identity, and copy it whole: age-keygen -y IDENTITY",
      );
    }
  }
  return armor.encode(await encrypter.encrypt(content));
}
