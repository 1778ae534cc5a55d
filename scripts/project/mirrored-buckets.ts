import { mirrorOf, offsitePlace } from "../../site/offsite/places";
import { bucketKeysSchema } from "../../site/settings/bucket-schema";
import { bucketKeySource } from "../../site/settings/credentials";
import type { KeyPair, MirroredBucket } from "../../site/settings/environment";
import { parseKeyPair } from "../../site/state-store/keys";
import { pulumiLine } from "../../site/plain-pulumi";
import { StoreError } from "../clients/object-store/object-store";
import type { S3Contents } from "../clients/object-store/s3-contents";
import type { S3Store } from "../clients/object-store/s3-store";
import { OffsiteMirror } from "../clients/offsite-mirrors";
import { CommandError, usageError } from "../terminal/command-error";
import { exitCodes } from "../terminal/exit-codes";
import type { LoadedEnvironment } from "./environment";
import { offsiteWriter, openOffsite, requireOffsite } from "./offsite-bucket";
import type { Site } from "./site";
import { readNamedFile } from "./named-file";

/** A bucket of the site, in both ways in which it is asked. */
export interface OpenBucket {
  /** `s3://shop-uploads at https://192.0.2.132:9000` */
  readonly place: string;
  readonly listing: S3Store;
  readonly contents: S3Contents;
}

/** Both ends of a mirror. */
export interface OpenMirror {
  readonly source: OpenBucket;
  /** What lies elsewhere, by the key that reads. */
  readonly far: OffsiteMirror;
  /** The key that writes there. */
  readonly writer: S3Contents;
  /** Folder of the mirror elsewhere. */
  readonly folder: string;
}

/** A mirror of the settings. */
export interface ChosenMirror {
  readonly environment: LoadedEnvironment;
  readonly bucket: MirroredBucket;
  /** `prod/uploads` */
  readonly selector: string;
}

/** The mirrors that are meant: one by its name or `environment/name`, or all. @throws CommandError (2, 10) */
export function chooseMirrors(site: Site, name: string | undefined): ChosenMirror[] {
  const all = site.environments().usable.flatMap((environment) =>
    environment.settings.buckets.map((bucket) => ({
      environment,
      bucket,
      selector: `${environment.name}/${bucket.name}`,
    })),
  );
  if (all.length === 0) {
    throw new CommandError("no settings name buckets to mirror", {
      exitCode: exitCodes.nothing,
      hint: "name them in lifeboat:buckets: docs/guides/offsite.md",
    });
  }
  if (name === undefined) return all;
  const found = all.filter(({ selector, bucket }) => selector === name || bucket.name === name);
  if (found.length === 1) return found;
  const known = all.map(({ selector }) => selector).join(", ");
  if (found.length > 1) throw usageError(`${name} is in several environments`, `name one of them: ${known}`);
  throw usageError(`there is no bucket ${name} to mirror`, `the settings name ${known}`);
}

/** What lies elsewhere of a mirror. Connects to nothing yet. @throws CommandError (2, 12) */
export async function openFarMirror(
  { environment, bucket }: ChosenMirror,
  signal: AbortSignal,
): Promise<OffsiteMirror> {
  return new OffsiteMirror(await openOffsite(environment, { signal }), mirrorOf(environment.name, bucket.name));
}

/**
 * A bucket of the settings, or another one of the same service. Connects to nothing yet.
 *
 * @throws CommandError (2) where nobody gives its key, (12)
 */
export async function openBucket(
  mirror: ChosenMirror,
  into: string | undefined,
  signal: AbortSignal,
): Promise<OpenBucket> {
  const { environment, bucket } = mirror;
  const { endpoint, region, ca, bucket: own } = bucket;
  const name = into ?? own;
  const credentials = await keyOf(mirror);
  const authority =
    ca === undefined ? {} : { ca: readNamedFile(environment.path(ca), `'ca' of the bucket ${bucket.name}`) };
  const options = { endpoint, region, bucket: name, credentials, signal, ...authority };
  const place = offsitePlace({ bucket: name, endpoint });
  // Large, and only this needs it.
  const [{ S3Store }, { S3Contents }] = await Promise.all([
    import("../clients/object-store/s3-store.js"),
    import("../clients/object-store/s3-contents.js"),
  ]);
  return { place, listing: new S3Store(options), contents: new S3Contents(options, place) };
}

/** Whether a bucket keeps what is replaced; the first that is asked of it. @throws CommandError (14) where there is none, StoreError */
export async function keepsVersions({ listing, place }: OpenBucket): Promise<boolean> {
  try {
    return await listing.isVersioned();
  } catch (error) {
    if (!(error instanceof StoreError) || error.kind !== "no-bucket") throw error;
    throw new CommandError(`there is no such bucket (${place})`, {
      exitCode: exitCodes.unavailable,
      hint: "is its name right in lifeboat:buckets? If it is lost, make it, with versions, and restore it",
    });
  }
}

/** Both ends of a mirror, to write it. Connects to nothing yet. @throws CommandError (2, 12) */
export async function openMirror(mirror: ChosenMirror, signal: AbortSignal): Promise<OpenMirror> {
  const { environment } = mirror;
  const { endpoint, region, bucket, ca } = requireOffsite(environment);
  const credentials = await offsiteWriter(environment);
  const authority = ca === undefined ? {} : { ca: readNamedFile(environment.path(ca), "'ca' of lifeboat:offsite") };
  const { S3Contents } = await import("../clients/object-store/s3-contents.js");
  const options = { endpoint, region, bucket, credentials, signal, ...authority };
  const far = await openFarMirror(mirror, signal);
  return {
    source: await openBucket(mirror, undefined, signal),
    far,
    writer: new S3Contents(options, offsitePlace({ endpoint, bucket })),
    folder: far.folder,
  };
}

async function keyOf({ environment, bucket }: ChosenMirror): Promise<KeyPair> {
  const found = await environment.bucketKey();
  const pair = found === undefined ? undefined : (parseKeyPair(found.value) ?? parseKeys(found.value)[bucket.name]);
  if (pair !== undefined) return pair;
  const { setting, fileVariable } = bucketKeySource;
  const why =
    found === undefined ? `the secret lifeboat:${setting} is not set` : `${found.origin} has no key ${bucket.name}`;
  const line = pulumiLine(environment.name, `config set --secret lifeboat:${setting}`);
  throw new CommandError(`nobody gives the key of the bucket ${bucket.name}: ${why}`, {
    exitCode: exitCodes.usage,
    hint: `${line} <keys.json, with ${bucket.name}: { accessKey, secretKey }; or name a file with its key in ${fileVariable}`,
  });
}

/** What is wrong stays unsaid: it would be shown with the secrets. */
function parseKeys(text: string): Readonly<Record<string, KeyPair>> {
  try {
    const parsed = bucketKeysSchema.safeParse(JSON.parse(text));
    return parsed.success ? Object.fromEntries(parsed.data) : {};
  } catch {
    return {};
  }
}
