import { homedir } from "node:os";
import { join, resolve } from "node:path";
import * as z from "zod";
import { checkpointKeys } from "../../site/state/state-keys";
import { identityOf } from "../../site/state-store/names";
import { FolderStore } from "../clients/object-store/folder-store";
import { dropTornAttributes } from "../clients/object-store/torn-attributes";
import { NoSuchObject, type ObjectStore } from "../clients/object-store/object-store";
import type { S3StoreOptions } from "../clients/object-store/s3-client";
import { usageError } from "../terminal/command-error";
import { type Backend, backendOf } from "./backend";
import type { LoadedEnvironment } from "./environment";
import { readNamedFile } from "./named-file";

type Variables = Readonly<Record<string, string | undefined>>;

/** Where the state of an environment's stack lies, and the way to it. */
export interface StateBackend {
  readonly backend: Backend;
  /** Keys begin with `.pulumi/`, whatever path the backend's URL has. */
  readonly store: ObjectStore;
}

/** How to reach a bucket; with `credentials`, by another key than the settings have. */
export type ReachOptions = Pick<S3StoreOptions, "connectTimeout" | "attempts" | "signal" | "credentials">;

/**
 * Opens the place where Pulumi keeps the state of the environment: a folder or a bucket. Connects to nothing yet.
 *
 * @throws CommandError (2) where the backend is neither, (12) when the environment's own key pair cannot be opened.
 */
export async function openStateBackend(
  environment: LoadedEnvironment,
  variables: Variables,
  reach: ReachOptions = {},
): Promise<StateBackend> {
  const backend = backendOf(environment, variables);
  const store = await openStateAt(backend.url, environment, variables, reach);
  if (store !== undefined) return { backend, store };
  throw usageError(
    `the state of ${environment.name} is kept in ${withoutQuery(backend.url)} (${backend.origin}), and Lifeboat reads file:// and s3:// only`,
    "name its backend with PULUMI_BACKEND_URL, or restore it with the tools of that service",
  );
}

/** Whether Lifeboat itself can read such a backend. */
export function isReadable(url: string): boolean {
  return url.startsWith("file://") || url.startsWith("s3://");
}

/**
 * The store of a backend's URL, for the environment's own key pair. Connects to nothing yet.
 *
 * @returns undefined for a URL that is neither `file://` nor `s3://`.
 * @throws CommandError (12) when the environment's own key pair cannot be opened.
 */
export async function openStateAt(
  url: string,
  environment: LoadedEnvironment,
  variables: Variables,
  reach: ReachOptions = {},
): Promise<ObjectStore | undefined> {
  if (url.startsWith("file://")) return folderStore(url, variables);
  return url.startsWith("s3://") ? bucketStore(url, environment, variables, reach) : undefined;
}

/** What a killed `pulumi` has left that keeps the next one from reading a state in a folder is taken away. @throws Error */
export function readyForPulumi(url: string, variables: Variables): void {
  if (url.startsWith("file://")) dropTornAttributes(folderIn(url, variables).folder);
}

/** `file://` as Pulumi reads it (`massageBlobPath`): `~` is the home folder, and relative paths are allowed. */
function folderIn(url: string, { HOME }: Variables): { readonly folder: string; readonly query: URLSearchParams } {
  const [rest = "", query = ""] = url.slice("file://".length).split("?", 2);
  const path = decodeURIComponent(rest);
  const folder = path.startsWith("~") ? join(HOME ?? homedir(), path.slice(1)) : resolve(path);
  return { folder, query: new URLSearchParams(query) };
}

function folderStore(url: string, variables: Variables): ObjectStore {
  const { folder, query } = folderIn(url, variables);
  return new FolderStore(folder, { attributes: query.get("metadata") !== "skip" });
}

async function bucketStore(
  url: string,
  environment: LoadedEnvironment,
  variables: Variables,
  reach: ReachOptions,
): Promise<ObjectStore> {
  const options = { ...bucketOf(url, variables), ...(await accessOf(url, environment, variables)), ...reach };
  const ca = authorityOf(environment, variables);
  // Large, and only this needs it.
  const { S3Store } = await import("../clients/object-store/s3-store.js");
  return new S3Store({ ...options, ...(ca === undefined ? {} : { ca }) });
}

/**
 * What tells the present state of an environment in a backend from every one that is written later, also from the same one.
 * Undefined for a backend that is no bucket. @throws StoreError
 */
export async function stateMarkAt(
  url: string,
  environment: LoadedEnvironment,
  variables: Variables,
  signal: AbortSignal,
): Promise<string | undefined> {
  // Who can write a folder of this machine needs no state for what he wants.
  if (!url.startsWith("s3://")) return undefined;
  const store = await openStateAt(url, environment, variables, { connectTimeout: 3_000, attempts: 2, signal });
  if (store === undefined) return undefined;
  const keys = checkpointKeys({ project: environment.project.name, stack: environment.name });
  const marks = keys.map(async (key) => {
    try {
      return `${key} ${await store.mark(key)}`;
    } catch (error) {
      if (error instanceof NoSuchObject) return key;
      throw error;
    }
  });
  return (await Promise.all(marks)).join("\n");
}

/** What the URL says: the parameters of go-cloud's `s3blob` and those older ones that Pulumi still translates. */
export function bucketOf(url: string, variables: Variables): S3StoreOptions {
  const parsed = new URL(url);
  const query = parsed.searchParams;
  const endpoint = query.get("endpoint");
  const plain = isTrue(query.get("disable_https")) || isTrue(query.get("disableSSL"));
  const region = query.get("region") ?? variables["AWS_REGION"] ?? variables["AWS_DEFAULT_REGION"] ?? "us-east-1";
  return {
    bucket: parsed.hostname,
    prefix: decodeURIComponent(parsed.pathname).replace(/^\/+|\/+$/gu, ""),
    region,
    ...(endpoint === null ? {} : { endpoint: withScheme(endpoint, plain) }),
    pathStyle: isTrue(query.get("use_path_style")) || isTrue(query.get("s3ForcePathStyle")),
  };
}

const keySchema = z.object({ accessKey: z.string().min(1), secretKey: z.string().min(1) });

/**
 * A profile in the URL is meant before the variables, as in the AWS SDK. The profile of the environment itself is its own
 * key pair in the settings.
 */
async function accessOf(
  url: string,
  environment: LoadedEnvironment,
  variables: Variables,
): Promise<Pick<S3StoreOptions, "credentials" | "profile">> {
  const profile = new URL(url).searchParams.get("profile");
  const isOwn = profile === null || profile === identityOf(environment.name);
  const { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey } = variables;
  if (profile === null && isSet(accessKey) && isSet(secretKey)) return { credentials: { accessKey, secretKey } };
  const own = isOwn ? await environment.stateKey() : undefined;
  if (own !== undefined) return { credentials: readKey(own, environment) };
  return profile === null ? {} : { profile };
}

function readKey(text: string, { file }: LoadedEnvironment): z.infer<typeof keySchema> {
  try {
    return keySchema.parse(JSON.parse(text));
  } catch {
    throw usageError(
      `the key for the state store (LIFEBOAT_STATE_KEY, or lifeboat:stateKey in ${file}) is not JSON with accessKey and secretKey`,
      `it is {"accessKey": …, "secretKey": …}`,
    );
  }
}

/** The state store's own authority, and those of `AWS_CA_BUNDLE`: whoever has set that wants them for every S3 service. */
function authorityOf(environment: LoadedEnvironment, { AWS_CA_BUNDLE: bundle }: Variables): string | undefined {
  const own = environment.stateStore()?.authority;
  if (!isSet(bundle)) return own;
  return [...(own === undefined ? [] : [own]), readNamedFile(bundle, "AWS_CA_BUNDLE")].join("\n");
}

function withScheme(endpoint: string, plain: boolean): string {
  if (/^https?:\/\//u.test(endpoint)) return endpoint;
  return `${plain ? "http" : "https"}://${endpoint}`;
}

function isTrue(text: string | null): boolean {
  return text === "true" || text === "1" || text === "t" || text === "T" || text === "TRUE" || text === "True";
}

function withoutQuery(url: string): string {
  return url.split("?", 1)[0] ?? url;
}

function isSet(text: string | undefined): text is string {
  return text !== undefined && text !== "";
}
