import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import type { StateStoreKeys } from "../../../site/settings/environment";
import { createAuthority, createServerKey } from "../../../site/state-store/authority";
import { createKeyPair, formatKeys } from "../../../site/state-store/keys";
import { copierName, identityOf, readerOf, rootName } from "../../../site/state-store/names";
import { sealSettings } from "../../support/sealed-settings";

/** Keys as `lifeboat up` makes them, and the certificate of their authority. */
export interface MadeKeys {
  readonly keys: StateStoreKeys & { readonly root: NonNullable<StateStoreKeys["root"]> };
  readonly authority: string;
}

/** New keys for a store with these environments. */
export async function makeKeys(environments: readonly string[]): Promise<MadeKeys> {
  const authority = await createAuthority("rehearsal", ["192.0.2.132", "store"], new Date());
  const keys = {
    root: createKeyPair(rootName),
    authorityKey: authority.key,
    serverKey: await createServerKey(),
    copier: createKeyPair(copierName),
    identities: Object.fromEntries(environments.map((name) => [name, createKeyPair(identityOf(name))])),
    readers: Object.fromEntries(environments.map((name) => [name, createKeyPair(readerOf(name))])),
  };
  return { keys, authority: authority.certificate };
}

/** Puts keys into a settings file, the secret ones sealed with the sandbox's passphrase. */
export function sealKeys(site: string, file: string, { keys, authority }: MadeKeys): Promise<void> {
  const secrets = { "lifeboat:stateStoreKeys": formatKeys(keys) };
  return sealSettings(file, join(site, "keys", "passphrase"), secrets, { "lifeboat:stateStoreAuthority": authority });
}

/** Changes settings of a file; a value of undefined removes the key. */
export function changeSettings(
  file: string,
  changes: readonly (readonly [path: readonly string[], value: unknown])[],
): void {
  const document = parseDocument(readFileSync(file, "utf8"));
  for (const [path, value] of changes) {
    if (value === undefined) document.deleteIn(path);
    else document.setIn(path, document.createNode(value));
  }
  writeFileSync(file, document.toString({ lineWidth: 0 }));
}
