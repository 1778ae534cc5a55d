import { randomInt } from "node:crypto";
import { completeStateStoreKeys } from "../settings/complete-state-store";
import type { KeyPair, StateStoreKeys } from "../settings/environment";
import { keyPairSchema, stateStoreKeysSchema } from "../settings/state-keys-schema";
import type { Schema } from "../settings/schema-tools";

/** 40 of these are 238 bits. No character that a shell, a file of settings or a URL would read in its own way. */
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const length = 40;

/** A new key for an identity. */
export function createKeyPair(accessKey: string): KeyPair {
  return { accessKey, secretKey: createSecret() };
}

/** A secret that nobody has had before. */
export function createSecret(): string {
  return Array.from({ length }, () => alphabet.charAt(randomInt(alphabet.length))).join("");
}

/** The decrypted text of `lifeboat:stateStoreKeys`; undefined when it is none. */
export function parseStateStoreKeys(text: string): StateStoreKeys | undefined {
  const entry = parseJson(text, stateStoreKeysSchema);
  return entry && completeStateStoreKeys(entry);
}

/** The decrypted text of `lifeboat:stateKey` or `lifeboat:stateStoreOffsiteKey`; undefined when it is none. */
export function parseKeyPair(text: string): KeyPair | undefined {
  return parseJson(text, keyPairSchema);
}

/** The text of a setting that holds keys: the same keys give the same text. */
export function formatKeys(keys: StateStoreKeys | KeyPair): string {
  return JSON.stringify(keys);
}

/** What is wrong stays unsaid: it would be shown with the secret around it. */
function parseJson<T>(text: string, schema: Schema<T>): T | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
