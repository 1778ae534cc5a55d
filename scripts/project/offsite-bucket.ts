import { offsiteKeysHint, offsiteKeysSetting, parseOffsiteReader, parseOffsiteWriter } from "../../site/offsite/keys";
import { offsiteReaderSource } from "../../site/settings/credentials";
import type { KeyPair, OffsiteSettings } from "../../site/settings/environment";
import type { S3Versions } from "../clients/object-store/s3-versions";
import { CommandError, usageError } from "../terminal/command-error";
import { exitCodes } from "../terminal/exit-codes";
import type { LoadedEnvironment } from "./environment";
import { type ReachOptions } from "./state-backend";
import { readNamedFile } from "./named-file";

/** What the settings say of it. @throws CommandError (2) where they have none */
export function requireOffsite(environment: LoadedEnvironment): OffsiteSettings {
  const { offsite } = environment.settings;
  if (offsite !== undefined) return offsite;
  throw usageError(
    `${environment.name} has no lifeboat:offsite`,
    `say where the copies lie: lifeboat:offsite in ${environment.file}, docs/guides/offsite.md`,
  );
}

/**
 * The bucket elsewhere, for the key that reads: no other key of it is asked for. Connects to nothing yet.
 *
 * @throws CommandError (2) where the settings have no bucket, or nobody gives the key, (12) when it cannot be opened
 */
export async function openOffsite(environment: LoadedEnvironment, reach: ReachOptions): Promise<S3Versions> {
  const offsite = requireOffsite(environment);
  const { bucket, endpoint, region, ca } = offsite;
  const credentials = await readerOf(environment);
  const authority = ca === undefined ? {} : { ca: readNamedFile(environment.path(ca), "'ca' of lifeboat:offsite") };
  // Large, and only this needs it.
  const { S3Versions } = await import("../clients/object-store/s3-versions.js");
  return new S3Versions({ bucket, endpoint, region, credentials, ...reach, ...authority });
}

/** The key that writes there: guests have it, and who mirrors a bucket. @throws CommandError (2, 12) */
export async function offsiteWriter(environment: LoadedEnvironment): Promise<KeyPair> {
  const text = await environment.secret(offsiteKeysSetting);
  const writer = text === undefined ? undefined : parseOffsiteWriter(text);
  if (writer !== undefined) return writer;
  throw new CommandError(`lifeboat:${offsiteKeysSetting} of ${environment.name} has no key writer`, {
    exitCode: exitCodes.usage,
    hint: offsiteKeysHint(environment.name),
  });
}

async function readerOf(environment: LoadedEnvironment) {
  const { setting, fileVariable } = offsiteReaderSource;
  const found = await environment.offsiteKey();
  const reader = found === undefined ? undefined : parseOffsiteReader(found.value);
  if (reader !== undefined) return reader;
  const why =
    found === undefined
      ? `it has lifeboat:offsite, and the secret lifeboat:${setting} is not set`
      : `${found.origin} is no key: { "accessKey": "…", "secretKey": "…" } is one`;
  const hint = `name a file with the key that reads, { accessKey, secretKey }, in ${fileVariable}, or: ${offsiteKeysHint(environment.name)}`;
  throw new CommandError(why, { exitCode: exitCodes.usage, hint });
}
