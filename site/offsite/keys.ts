import { pulumiLine } from "../plain-pulumi";
import type { KeyPair, OffsiteKeys, OffsiteSettings } from "../settings/environment";
import { offsiteKeysSchema } from "../settings/offsite-schema";
import { parseKeyPair } from "../state-store/keys";

/** Top-level setting with the keys, below `lifeboat:`. */
export const offsiteKeysSetting = "offsiteKeys";

/** The decrypted text of `lifeboat:offsiteKeys`; undefined when it is none. What is wrong stays unsaid: it would be shown with the secrets. */
function parseOffsiteKeys(text: string): OffsiteKeys | undefined {
  try {
    const parsed = offsiteKeysSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** The key that reads, of a text with it alone or with all keys; undefined when it is none. */
export function parseOffsiteReader(text: string): KeyPair | undefined {
  return parseKeyPair(text) ?? parseOffsiteKeys(text)?.reader;
}

/** The key that writes, of the text of all keys; undefined when it is none. */
export function parseOffsiteWriter(text: string): KeyPair | undefined {
  return parseOffsiteKeys(text)?.writer;
}

/** Why what is declared cannot be copied to, as the end of a sentence: an offsite copy without keys is never silently none (J2). */
export function missingOffsiteKeys(offsite: OffsiteSettings, keys: OffsiteKeys | undefined): string | undefined {
  if (keys === undefined) return `it has lifeboat:offsite, and the secret lifeboat:${offsiteKeysSetting} is not set`;
  if (!offsite.adopt && keys.admin === undefined) {
    return `lifeboat:${offsiteKeysSetting} has no key admin to make the bucket ${offsite.bucket} with, and lifeboat:offsite has no adopt: true`;
  }
  return undefined;
}

/** How the keys are given. */
export function offsiteKeysHint(environment: string): string {
  return `${pulumiLine(environment, `config set --secret lifeboat:${offsiteKeysSetting}`)} <keys.json, with admin, writer and reader, each { accessKey, secretKey }`;
}
