import { createCipheriv, randomBytes } from "node:crypto";
import { passphraseKey } from "./passphrase-key";

/** Encrypts as `pulumi` does with a passphrase, so that tests have settings without the program. */
export class PulumiEncrypter {
  readonly salt: string;
  private readonly key: Buffer;

  constructor(passphrase: string, saltedWith?: string) {
    const { salt, key } = passphraseKey(passphrase, saltedWith);
    this.key = key;
    this.salt = `v1:${salt.toString("base64")}:${this.encrypt("pulumi")}`;
  }

  /** `v1:nonce:ciphertext` */
  encrypt(text: string): string {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", this.key, nonce);
    const data = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
    return `v1:${nonce.toString("base64")}:${data.toString("base64")}`;
  }
}
