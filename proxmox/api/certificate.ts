import { X509Certificate } from "node:crypto";
import { ProxmoxError } from "./errors";
import { ConnectionFailed, isTlsSocket, type Trust, trustedConnector } from "./trust";

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

function asProxmoxError(endpoint: string, error: Error): Error {
  if (!(error instanceof ConnectionFailed)) return error;
  return new ProxmoxError(error.reason, { endpoint, request: "connect", reason: error.message, cause: error });
}
