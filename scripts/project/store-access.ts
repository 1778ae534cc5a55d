import { readFileSync } from "node:fs";
import { join } from "node:path";
import { identityOf } from "../../site/state-store/names";
import { parseKeyPair } from "../../site/state-store/keys";
import { CommandError } from "../terminal/command-error";
import type { LoadedEnvironment } from "./environment";
import type { SiteStore } from "./state-store";
import { makePrivateFolder, writeDurably } from "../machine/durable-file";

type Variables = Readonly<Record<string, string | undefined>>;

/** What a program needs to use an environment's bucket of the state store. */
export interface StoreAccess {
  /** To export. No value is a secret. */
  readonly exports: Readonly<Record<string, string>>;
  /** What is missing, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * Writes the environment's own key into a file of AWS credentials below its state folder, which only its owner can read,
 * under the profile that the backend's URL names. A profile goes before stray `AWS_ACCESS_KEY_ID` and `AWS_PROFILE`.
 */
export async function grantStoreAccess(
  environment: LoadedEnvironment,
  store: SiteStore,
  folder: string,
  variables: Variables,
): Promise<StoreAccess> {
  makePrivateFolder(folder);
  const file = join(folder, "aws-credentials");
  const note = await writeCredentials(environment, file);
  return {
    exports: { AWS_SHARED_CREDENTIALS_FILE: file, ...bundleOf(store, folder, variables) },
    notes: note === undefined ? [] : [note],
  };
}

async function writeCredentials(environment: LoadedEnvironment, file: string): Promise<string | undefined> {
  const { name } = environment;
  try {
    const text = await environment.stateKey();
    if (text === undefined) return `${name} has no key for the state store yet: lifeboat up makes it`;
    const key = parseKeyPair(text);
    if (key === undefined) return `the key of ${name} for the state store is no key: {"accessKey", "secretKey"}`;
    const lines = [
      `[${identityOf(name)}]`,
      `aws_access_key_id = ${key.accessKey}`,
      `aws_secret_access_key = ${key.secretKey}`,
    ];
    writeDurably(file, `${lines.join("\n")}\n`);
    return undefined;
  } catch (error) {
    if (error instanceof CommandError) return `the key for the state store is not written down: ${error.message}`;
    throw error;
  }
}

/**
 * The AWS SDK trusts nobody but `AWS_CA_BUNDLE` where that is set, whatever `SSL_CERT_DIR` says: then a bundle that holds
 * the store's authority, too, takes its place.
 */
function bundleOf(
  { authority }: SiteStore,
  folder: string,
  { AWS_CA_BUNDLE: bundle }: Variables,
): Record<string, string> {
  if (authority === undefined || bundle === undefined || bundle === "") return {};
  const present = readFileSync(bundle, "utf8");
  if (present.includes(authority.trim())) return { AWS_CA_BUNDLE: bundle };
  const file = join(folder, "aws-authorities.pem");
  writeDurably(file, `${present.trimEnd()}\n${authority}`, 0o644);
  return { AWS_CA_BUNDLE: file };
}
