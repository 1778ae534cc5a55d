import { request } from "node:https";
import { setTimeout } from "node:timers/promises";
import { createSecureContext, rootCertificates, type SecureContext } from "node:tls";
import { codeOf, isUntrusted } from "../../proxmox/api/trust";
import { messageOf } from "../machine/error-code";
import type { SiteStore } from "./state-store";

/** Milliseconds for the whole question: a store on the site answers in a few. */
const patience = 4_000;

/** Milliseconds until one that did not answer is asked again. */
const pause = 200;

/** What a state store says of itself. */
export interface StoreHealth {
  /** Why it cannot be used, as half a sentence. Undefined: it is well. */
  readonly trouble: string | undefined;
  /** Something answers there, though perhaps not what was expected. */
  readonly isThere: boolean;
}

/** {@link storeHealth} for whoever only wants to use it. */
export async function storeTrouble(store: SiteStore, signal?: AbortSignal): Promise<string | undefined> {
  return (await storeHealth(store, signal)).trouble;
}

/**
 * {@link storeHealth} for whoever would go on without it: one that does not answer once is asked again. A connection that broke is
 * no store that is lost.
 */
export async function lastingHealth(store: SiteStore, signal?: AbortSignal): Promise<StoreHealth> {
  const first = await storeHealth(store, signal);
  if (first.trouble === undefined) return first;
  await setTimeout(pause, undefined, signal === undefined ? {} : { signal });
  return storeHealth(store, signal);
}

/** Asks a state store whether it is there; without a key. MinIO says so itself; of another service any answer will do. */
export async function storeHealth(store: SiteStore, signal?: AbortSignal): Promise<StoreHealth> {
  const { endpoint, authority, store: settings } = store;
  const path = settings.kind === "container" ? "/minio/health/live" : "/";
  try {
    const status = await statusOf(new URL(path, endpoint), authority, signal);
    const isWell = settings.kind === "container" ? status === 200 : status < 500;
    return { trouble: isWell ? undefined : `the state store at ${endpoint} answers ${String(status)}`, isThere: true };
  } catch (error) {
    signal?.throwIfAborted();
    const code = codeOf(error);
    const isThere = isUntrusted(code);
    const what = isThere ? "is not to be trusted" : "does not answer";
    return { trouble: `the state store at ${endpoint} ${what}: ${code || messageOf(error)}`, isThere };
  }
}

const contexts = new Map<string, SecureContext>();

/** Trust in Node's authorities and one more. Kept: to read them takes longer than the whole question. */
function contextOf(authority: string): SecureContext {
  const context = contexts.get(authority) ?? createSecureContext({ ca: [...rootCertificates, authority] });
  contexts.set(authority, context);
  return context;
}

function statusOf(url: URL, authority: string | undefined, signal: AbortSignal | undefined): Promise<number> {
  const timeout = AbortSignal.timeout(patience);
  const options = {
    agent: false,
    rejectUnauthorized: true,
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    ...(authority === undefined ? {} : { secureContext: contextOf(authority) }),
  } as const;
  return new Promise((resolve, reject) => {
    const asked = request(url, options, (answer) => {
      answer.resume();
      answer.once("end", () => resolve(answer.statusCode ?? 0));
      answer.once("error", reject);
    });
    asked.once("error", (error) => reject(timeout.aborted ? new Error("no answer in time") : error));
    asked.end();
  });
}
