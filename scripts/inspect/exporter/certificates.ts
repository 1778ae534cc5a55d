import { X509Certificate } from "node:crypto";
import { readCertificate } from "../../../proxmox/api/certificate";
import { ProxmoxError } from "../../../proxmox/api/errors";
import type { Trust } from "../../../proxmox/api/trust";
import type { LoadedEnvironment } from "../../project/environment";

/** A certificate by what it is of, and its last moment in unix seconds. */
export interface CertificateEnd {
  readonly subject: "node" | "node authority" | "state store" | "state store authority";
  readonly end: number;
}

/** The certificates that connections of an environment depend on. One that is not shown, or not trusted, is left out. */
export async function readCertificateEnds(environment: LoadedEnvironment): Promise<CertificateEnd[]> {
  const { endpoint } = environment.settings.proxmox;
  const store = environment.stateStore();
  const storeTrust: Trust = store?.authority === undefined ? { kind: "system" } : { kind: "ca", pem: store.authority };
  const [node, ofStore] = await Promise.all([
    endOf(endpoint, environment.trust()),
    store === undefined ? undefined : endOf(store.endpoint, storeTrust),
  ]);
  const trust = environment.trust();
  return [
    ...known("node", node),
    ...known("node authority", trust.kind === "ca" ? firstEnd(trust.pem) : undefined),
    ...known("state store", ofStore),
    ...known("state store authority", store?.authority === undefined ? undefined : firstEnd(store.authority)),
  ];
}

function known(subject: CertificateEnd["subject"], end: number | undefined): CertificateEnd[] {
  return end === undefined ? [] : [{ subject, end }];
}

async function endOf(endpoint: string, trust: Trust): Promise<number | undefined> {
  if (!endpoint.startsWith("https://")) return undefined;
  try {
    return (await readCertificate(endpoint, trust)).validTo;
  } catch (error) {
    if (error instanceof ProxmoxError) return undefined;
    throw error;
  }
}

/** Of several authorities the one that ends first: nobody knows here which of them is needed. */
function firstEnd(pem: string): number | undefined {
  const texts = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/gu) ?? [];
  const ends = texts.map((text) => Date.parse(new X509Certificate(text).validTo) / 1_000);
  return ends.length === 0 ? undefined : Math.min(...ends);
}
