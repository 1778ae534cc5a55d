import { X509Certificate } from "node:crypto";
import { readCertificate } from "../../../proxmox/api/certificate";
import { ProxmoxError } from "../../../proxmox/api/errors";
import type { Trust } from "../../../proxmox/api/trust";
import { monitoringGuest } from "../../../site/monitoring/guest";
import { ports, urlOf } from "../../../site/monitoring/services/places";
import type { Environment } from "../../../site/settings/environment";
import type { LoadedEnvironment } from "../../project/environment";

type Subject = "node" | "state store" | "grafana";

/** A certificate by what it is of, and its last moment in unix seconds. */
export interface CertificateEnd {
  readonly subject: Subject | `${Subject} authority`;
  readonly end: number;
}

/** The certificates that connections of an environment depend on. One that is not shown, or not trusted, is left out. */
export async function readCertificateEnds(environment: LoadedEnvironment): Promise<CertificateEnd[]> {
  const { settings } = environment;
  const store = environment.stateStore();
  const pages = pagesOf(settings);
  const trust = environment.trust();
  const ends = await Promise.all([
    endsOf("node", settings.proxmox.endpoint, trust),
    store && endsOf("state store", store.endpoint, trustIn(store.authority)),
    pages && endsOf("grafana", pages.endpoint, trustIn(pages.authority)),
  ]);
  return ends.flatMap((some) => some ?? []);
}

/** Grafana on its guest's address. Its authority is Lifeboat's own, as the state store's. */
function pagesOf(
  settings: Environment,
): { readonly endpoint: string; readonly authority: string | undefined } | undefined {
  const address = monitoringGuest(settings)?.network.address;
  if (settings.monitoring?.listen !== "tls" || address?.kind !== "static") return undefined;
  return { endpoint: urlOf(address.ip, ports.grafana, "https"), authority: settings.monitoringAuthority };
}

function trustIn(authority: string | undefined): Trust {
  return authority === undefined ? { kind: "system" } : { kind: "ca", pem: authority };
}

async function endsOf(subject: Subject, endpoint: string, trust: Trust): Promise<CertificateEnd[]> {
  return [
    ...known(subject, await endOf(endpoint, trust)),
    ...known(`${subject} authority`, trust.kind === "ca" ? firstEnd(trust.pem) : undefined),
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
