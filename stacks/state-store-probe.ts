import { request } from "node:https";
import type { KeyPair } from "../site/settings/environment";
import { mapLimited } from "../site/map-limited";
import { signRequest } from "../site/state-store/sign-request";

/** Where to ask, and with which key. */
export interface ProbedStore {
  /** `https://192.0.2.132:9000` */
  readonly endpoint: string;
  readonly region: string;
  readonly key: KeyPair;
  /** What the key is called, for messages. Default: that of the state store. */
  readonly keyName?: string;
  /** PEM of the authority. Absent: those of the system. */
  readonly authority?: string | undefined;
}

export type ProbeResult =
  | { readonly kind: "answered"; readonly existing: ReadonlySet<string> }
  /** One line. */
  | { readonly kind: "silent"; readonly reason: string };

/** A program must not hang over a store that is down. Milliseconds. */
const patience = 3_000;

/** Which of the buckets are there already. */
export async function existingBuckets(store: ProbedStore, buckets: readonly string[]): Promise<ProbeResult> {
  try {
    const found = await mapLimited(buckets, async (bucket) => ((await isThere(store, bucket)) ? [bucket] : []));
    return { kind: "answered", existing: new Set(found.flat()) };
  } catch (error) {
    return { kind: "silent", reason: reasonOf(error) };
  }
}

async function isThere(store: ProbedStore, bucket: string): Promise<boolean> {
  const status = await statusOf(store, `/${bucket}`);
  if (status === 200) return true;
  if (status === 404) return false;
  throw new Error(
    status === 403
      ? `it refuses the key ${store.keyName ?? "root of lifeboat:stateStoreKeys"}`
      : `it answers with the status ${String(status)}`,
  );
}

function statusOf({ endpoint, region, key, authority }: ProbedStore, path: string): Promise<number> {
  const { host } = new URL(endpoint);
  const headers = signRequest({ method: "HEAD", host, path, region }, key, new Date());
  return new Promise((resolve, reject) => {
    const trust = { rejectUnauthorized: true, ...(authority === undefined ? {} : { ca: authority }) };
    const sent = request(`${endpoint}${path}`, { method: "HEAD", headers, agent: false, ...trust }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    const timer = setTimeout(() => sent.destroy(new Error(`no answer in ${String(patience / 1000)} s`)), patience);
    sent.on("close", () => clearTimeout(timer));
    sent.on("error", reject);
    sent.end();
  });
}

/** A refused connection to a name with several addresses has its reasons inside. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}
