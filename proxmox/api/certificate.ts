import { X509Certificate } from "node:crypto";
import { connect as connectTls } from "node:tls";
import { ProxmoxError } from "./errors";
import { ConnectionFailed, isTlsSocket, type Trust, trustedConnector, unreachableReason } from "./trust";

/** A node's certificate, after it was found to be trusted. */
export interface NodeCertificate {
  pem: string;
  /** SHA-256 as `AA:BB:…`. */
  fingerprint: string;
  /** Unix seconds. */
  validTo: number;
  /** Whether it was issued for the endpoint's name or address. A pinned certificate may be used without that here, not by Pulumi. */
  namesEndpoint: boolean;
}

/**
 * Connects, checks who is there and says what was shown. Nothing is sent.
 *
 * @throws ProxmoxError of kind `unreachable` or `untrusted`.
 */
export async function readCertificate(endpoint: string, trust: Trust, timeoutMs = 5_000): Promise<NodeCertificate> {
  const url = new URL(endpoint);
  const hostname = url.hostname.replace(/^\[|\]$/gu, "");
  const connect = trustedConnector(trust, timeoutMs);
  const raw = await new Promise<Buffer>((resolve, reject) => {
    connect({ hostname, host: url.host, protocol: url.protocol, port: url.port || "443" }, (error, socket) => {
      if (error !== null) return reject(asProxmoxError(endpoint, error));
      const shown = isTlsSocket(socket) ? socket.getPeerCertificate().raw : undefined;
      socket.destroy();
      return shown === undefined ? reject(new TypeError(`${endpoint} is not an https address.`)) : resolve(shown);
    });
  });
  const certificate = new X509Certificate(raw);
  return {
    pem: certificate.toString(),
    fingerprint: certificate.fingerprint256,
    validTo: Date.parse(certificate.validTo) / 1_000,
    namesEndpoint: (certificate.checkIP(hostname) ?? certificate.checkHost(hostname)) !== undefined,
  };
}

/** What a node shows of itself, whether or not anybody should believe it. */
export interface ShownCertificate {
  /** SHA-256 as `AA:BB:…`. */
  fingerprint: string;
  /** Who signed it, by its own words, in one line. */
  issuer: string;
  /** Names and addresses for which it was issued, by its own words. */
  names: string;
  /** Unix seconds. */
  validTo: number;
}

/**
 * The certificate that an endpoint shows, for a person to compare with the node's own. It is not verified, and that is why nothing
 * is ever sent on this connection and nothing else is read from it.
 *
 * @throws ProxmoxError of kind `unreachable`.
 */
export async function lookAtCertificate(endpoint: string, timeoutMs = 5_000): Promise<ShownCertificate> {
  const { hostname, port } = new URL(endpoint);
  const host = hostname.replace(/^\[|\]$/gu, "");
  const unreachable = (reason: string, cause?: unknown): ProxmoxError =>
    new ProxmoxError("unreachable", { endpoint, request: "connect", reason, cause });
  const raw = await new Promise<Buffer>((resolve, reject) => {
    const socket = connectTls({ host, port: Number(port || 443), rejectUnauthorized: false });
    socket.setTimeout(timeoutMs, () => {
      socket.destroy();
      reject(unreachable("no answer to the connection attempt"));
    });
    socket.once("error", (error) => reject(unreachable(unreachableReason(error), error)));
    socket.once("secureConnect", () => {
      const { raw: shown } = socket.getPeerCertificate();
      socket.destroy();
      resolve(shown);
    });
  });
  const certificate = new X509Certificate(raw);
  return {
    fingerprint: certificate.fingerprint256,
    issuer: certificate.issuer.split("\n").reverse().join(", "),
    names: certificate.subjectAltName ?? certificate.subject.split("\n").join(", "),
    validTo: Date.parse(certificate.validTo) / 1_000,
  };
}

function asProxmoxError(endpoint: string, error: Error): Error {
  if (!(error instanceof ConnectionFailed)) return error;
  return new ProxmoxError(error.reason, { endpoint, request: "connect", reason: error.message, cause: error });
}
