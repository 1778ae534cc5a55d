import { request } from "node:https";
import { rootCertificates } from "node:tls";
import { codeOf } from "../../proxmox/api/trust";
import { messageOf } from "../recovery/engine/error-code";
import type { SiteStore } from "../project/state-store";

/** Milliseconds for the whole question: a store on the site answers in a few. */
const patience = 4_000;

/**
 * Asks a state store whether it is there; without a key. MinIO says so itself; of another service any answer will do.
 *
 * @returns undefined when it is, otherwise why not, as half a sentence.
 */
export async function storeTrouble(store: SiteStore, signal?: AbortSignal): Promise<string | undefined> {
  const { endpoint, authority, store: settings } = store;
  const path = settings.kind === "container" ? "/minio/health/live" : "/";
  try {
    const status = await statusOf(new URL(path, endpoint), authority, signal);
    const isWell = settings.kind === "container" ? status === 200 : status < 500;
    return isWell ? undefined : `the state store at ${endpoint} answers ${String(status)}`;
  } catch (error) {
    signal?.throwIfAborted();
    return `the state store at ${endpoint} does not answer: ${codeOf(error) || messageOf(error)}`;
  }
}

function statusOf(url: URL, authority: string | undefined, signal: AbortSignal | undefined): Promise<number> {
  const timeout = AbortSignal.timeout(patience);
  const options = {
    agent: false,
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    ...(authority === undefined ? {} : { ca: [...rootCertificates, authority] }),
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
