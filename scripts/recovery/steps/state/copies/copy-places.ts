import { pulumiLine } from "../../../../../site/plain-pulumi";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseKeyPair } from "../../../../../site/state-store/keys";
import { FolderStore } from "../../../../clients/object-store/folder-store";
import type { ObjectStore } from "../../../../clients/object-store/object-store";
import type { S3StoreOptions } from "../../../../clients/object-store/s3-client";
import { Damaged } from "../../../../clients/unpack";
import { unpackTar } from "../../../../clients/unpack-tar";
import { usageError } from "../../../../terminal/command-error";
import { dataHome } from "../../../../project/backend";
import type { Site } from "../../../../project/site";
import { findSiteStore, type SiteStore } from "../../../../project/state-store";
import { bucketOf, type ReachOptions } from "../../../../project/state-backend";
import { readNamedFile } from "../../../../project/named-file";

type Variables = Readonly<Record<string, string | undefined>>;

/** A place with copies of states: below it one folder for each environment, with the keys that its store has. */
export interface CopyPlace {
  /** `folder` and `offsite` are those of the settings. */
  readonly kind: "folder" | "offsite" | "other";
  /** For messages. */
  readonly name: string;
  /** What names it on a command line: `offsite`, a folder or a URL. */
  readonly argument: string;
  of(environment: string): ObjectStore;
}

/** What reads and writes places with. */
export interface PlaceContext {
  readonly site: Site;
  readonly variables: Variables;
  /** Relative folders of a command line start here. */
  readonly workingDirectory: string;
  readonly reach?: ReachOptions;
}

/** The word of a command line that means the second S3 service of the settings. */
const offsiteWord = "offsite";

/**
 * The place that a command line names: `offsite`, `s3://bucket/path?endpoint=…`, or a folder; the settings' folder without
 * a name.
 *
 * @param defer set for a place that is only read from: then it may also be a tar file of such a folder.
 * @throws CommandError (2, 12)
 */
export async function copyPlace(
  text: string | undefined,
  context: PlaceContext,
  defer?: (cleanUp: () => void) => void,
): Promise<CopyPlace> {
  if (text === undefined) return folderOfSettings(context);
  if (text === offsiteWord) return offsiteOfSettings(requireStore(context), context);
  if (text.startsWith("s3://")) return bucketPlace(text, context);
  const path = resolve(context.workingDirectory, text);
  const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  if (!isFile) return folderPlace("other", path);
  if (defer === undefined) throw usageError(`${path} is a file`, "name a folder");
  return { ...folderPlace("other", await unpackedFolder(path, defer)), name: path, argument: text };
}

/** A tar file of a folder of copies, or of a folder with such a one in it, unpacked until the command has ended. */
async function unpackedFolder(file: string, defer: (cleanUp: () => void) => void): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "lifeboat-copies-"));
  defer(() => rmSync(folder, { recursive: true, force: true }));
  try {
    await unpackTar(file, folder);
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
    throw usageError(`${file} cannot be unpacked: ${error.message}`, "name a tar file, or a folder");
  }
  const [only, ...others] = readdirSync(folder);
  const isWrapped = only !== undefined && others.length === 0 && !existsSync(join(folder, only, ".pulumi"));
  return isWrapped ? join(folder, only) : folder;
}

/** The folder on this machine: of the settings, or `$XDG_DATA_HOME/lifeboat/<project>/state-copies`. */
export function folderOfSettings({ site, variables }: PlaceContext): CopyPlace {
  const named = findSiteStore(site.project)?.store.copies.folder;
  const folder =
    named === undefined
      ? join(dataHome(variables), "lifeboat", site.name, "state-copies")
      : resolve(site.project.folder, named);
  return folderPlace("folder", folder);
}

/**
 * The second S3 service of the settings.
 *
 * @throws CommandError (2) where the settings name none, (12) when its key cannot be opened.
 */
export async function offsiteOfSettings(
  { environment, store }: SiteStore,
  { site, reach = {} }: PlaceContext,
): Promise<CopyPlace> {
  const owner = site.environment(environment.name);
  const { offsite } = store.copies;
  if (offsite === undefined) {
    throw usageError(
      `lifeboat:stateStore of ${owner.name} names no second S3 service`,
      `add copies: { offsite: { endpoint, bucket } } there, in ${owner.file}`,
    );
  }
  const text = await owner.secret("stateStoreOffsiteKey");
  const credentials = text === undefined ? undefined : parseKeyPair(text);
  if (credentials === undefined) {
    throw usageError(
      `the key of the second S3 service is not set`,
      `set it to JSON with accessKey and secretKey: ${pulumiLine(owner.name, "config set --secret lifeboat:stateStoreOffsiteKey")}`,
    );
  }
  const { endpoint, region, bucket, ca } = offsite;
  const options = {
    endpoint,
    region,
    bucket,
    credentials,
    ...reach,
    ...(ca === undefined ? {} : { ca: readNamedFile(owner.path(ca), `'ca' of copies.offsite in ${owner.file}`) }),
  };
  return bucketsPlace({ kind: "offsite", name: `s3://${bucket} at ${endpoint}`, argument: offsiteWord }, options);
}

async function bucketPlace(url: string, { variables, reach = {} }: PlaceContext): Promise<CopyPlace> {
  const { AWS_CA_BUNDLE: bundle } = variables;
  const ca = bundle === undefined || bundle === "" ? {} : { ca: readNamedFile(bundle, "AWS_CA_BUNDLE") };
  const profile = new URL(url).searchParams.get("profile");
  const options = { ...bucketOf(url, variables), ...(profile === null ? {} : { profile }), ...ca, ...reach };
  return bucketsPlace({ kind: "other", name: url.split("?", 1)[0] ?? url, argument: url }, options);
}

async function bucketsPlace(place: Omit<CopyPlace, "of">, options: S3StoreOptions): Promise<CopyPlace> {
  // Large, and only this needs it.
  const { S3Store } = await import("../../../../clients/object-store/s3-store.js");
  const { prefix = "" } = options;
  const below = (environment: string) => (prefix === "" ? environment : `${prefix}/${environment}`);
  return { ...place, of: (environment) => new S3Store({ ...options, prefix: below(environment) }) };
}

function folderPlace(kind: CopyPlace["kind"], folder: string): CopyPlace {
  const of = (environment: string) => new FolderStore(join(folder, environment), { attributes: false });
  return { kind, name: folder, argument: folder, of };
}

function requireStore({ site }: PlaceContext): SiteStore {
  const store = findSiteStore(site.project);
  if (store !== undefined) return store;
  throw usageError("no settings declare a state store", "add lifeboat:stateStore to the environment that makes it");
}
