import { armor, Encrypter } from "age-encryption";

/** Encrypts a text for public keys of age, as a file of text itself: `age -d -i IDENTITY FILE` opens it anywhere. */
export async function sealedFor(recipients: readonly string[], content: string): Promise<string> {
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  return armor.encode(await encrypter.encrypt(content));
}
