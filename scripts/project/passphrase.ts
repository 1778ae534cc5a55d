import { createCipheriv, createDecipheriv, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";

/**
 * Pulumi's passphrase secrets, without the `pulumi` program.
 *
 * `encryptionsalt` is `v1:<salt>:<verifier>`, a secret value `v1:<nonce>:<ciphertext>`, all base64; the key is
 * PBKDF2-HMAC-SHA256 of the passphrase with that salt; the cipher is AES-256-GCM with its tag at the end; the verifier is
 * the encrypted text `pulumi`. Source: pulumi `sdk/go/common/resource/config/crypt.go` and `pkg/secrets/passphrase`.
 */
const rounds = 1_000_000;
const keyLength = 32;
const tagLength = 16;
const nonceLength = 12;
const saltLength = 8;
const verifierText = "pulumi";

/** A passphrase that does not open the settings. */
export class WrongPassphrase extends Error {
  override readonly name = "WrongPassphrase";
}

/** A salt or a secret value that is not in Pulumi's form. */
export class UnreadableSecret extends Error {
  override readonly name = "UnreadableSecret";
}

/** Opens secret values. */
export type Decrypter = (ciphertext: string) => string;

/** Opens secret values and makes new ones. */
export interface SecretBox {
  /** What `encryptionsalt` says. */
  readonly salt: string;
  readonly open: Decrypter;
  /** `v1:<nonce>:<ciphertext>`: another one each time. */
  readonly seal: (text: string) => string;
}

/**
 * Proves a passphrase against `encryptionsalt` and gives what opens the secrets. Takes a fifth of a second, on purpose.
 *
 * @throws WrongPassphrase, UnreadableSecret
 */
export async function openSecrets(encryptionSalt: string, passphrase: string): Promise<Decrypter> {
  return (await openSecretBox(encryptionSalt, passphrase)).open;
}

/** The same as {@link openSecrets}, for whoever also makes secrets. @throws WrongPassphrase, UnreadableSecret */
export async function openSecretBox(encryptionSalt: string, passphrase: string): Promise<SecretBox> {
  const [version, salt, ...verifier] = encryptionSalt.split(":");
  if (version !== "v1" || salt === undefined || verifier.length !== 3) {
    throw new UnreadableSecret("encryptionsalt is not of the form v1:salt:v1:nonce:ciphertext");
  }
  const key = await keyOf(passphrase, Buffer.from(salt, "base64"));
  if (decrypt(key, verifier.join(":")) !== verifierText) {
    throw new WrongPassphrase("the passphrase does not open the secrets");
  }
  return boxOf(encryptionSalt, key);
}

/** A salt of its own for settings that have none yet, as `pulumi stack init` makes it. */
export async function createSecretBox(passphrase: string): Promise<SecretBox> {
  const salt = randomBytes(saltLength);
  const key = await keyOf(passphrase, salt);
  return boxOf(`v1:${salt.toString("base64")}:${encrypt(key, verifierText)}`, key);
}

/** Keys that this process has worked out: settings that are read again need not cost that time again. */
const known = new Map<string, Promise<Buffer>>();

function keyOf(passphrase: string, salt: Buffer): Promise<Buffer> {
  const name = `${salt.toString("hex")} ${passphrase}`;
  const key = known.get(name) ?? promisify(pbkdf2)(passphrase, salt, rounds, keyLength, "sha256");
  known.set(name, key);
  return key;
}

function boxOf(salt: string, key: Buffer): SecretBox {
  return {
    salt,
    open: (ciphertext) => {
      const text = decrypt(key, ciphertext);
      if (text === undefined) throw new UnreadableSecret("a secret was encrypted with another passphrase or salt");
      return text;
    },
    seal: (text) => encrypt(key, text),
  };
}

function encrypt(key: Buffer, text: string): string {
  const nonce = randomBytes(nonceLength);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const data = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `v1:${nonce.toString("base64")}:${data.toString("base64")}`;
}

/** The text, or undefined when the key does not fit. */
function decrypt(key: Buffer, ciphertext: string): string | undefined {
  const [version, nonce, data, ...rest] = ciphertext.split(":");
  if (version !== "v1" || nonce === undefined || data === undefined || rest.length > 0) {
    throw new UnreadableSecret("a secret is not of the form v1:nonce:ciphertext");
  }
  const bytes = Buffer.from(data, "base64");
  if (bytes.length < tagLength) throw new UnreadableSecret("a secret is cut off");
  const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "base64"));
  decipher.setAuthTag(bytes.subarray(-tagLength));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(0, -tagLength)), decipher.final()]).toString("utf8");
  } catch {
    return undefined;
  }
}
