import { createCipheriv, pbkdf2Sync, randomBytes } from "node:crypto";

/** Encrypts as `pulumi` does with a passphrase, so that tests have settings without the program. */
export class PulumiEncrypter {
  readonly salt: string;
  private readonly key: Buffer;

  constructor(passphrase: string) {
    const salt = randomBytes(8);
    this.key = pbkdf2Sync(passphrase, salt, 1_000_000, 32, "sha256");
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
