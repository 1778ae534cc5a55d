import { existsSync, readFileSync } from "node:fs";
import { rootCertificates, type TLSSocket } from "node:tls";
import { type buildConnector as BuildConnector, buildConnector } from "undici";

/**
 * Whose certificate is accepted. There is no "any": an API token sent to the wrong machine is lost.
 *
 * - `system`: the machine's certificate authorities (and Node's).
 * - `ca`: only what this authority (PEM, one or more certificates) has signed for the endpoint's name or address.
 * - `fingerprint`: exactly the certificate with this SHA-256 (`AA:BB:…`, as Proxmox's web interface shows it), whoever
 *   signed it and whatever name it bears.
 */
export type Trust = { kind: "system" } | { kind: "ca"; pem: string } | { kind: "fingerprint"; sha256: string };

/** A connection that could not be made: nothing was sent on it. */
export class ConnectionFailed extends Error {
  override readonly name = "ConnectionFailed";

  constructor(
    readonly reason: "unreachable" | "untrusted",
    message: string,
    cause: unknown,
  ) {
    super(message, { cause });
  }
}

/** The same certificate hash in one spelling: upper case, no separators. */
function normalizeFingerprint(fingerprint: string): string {
  return fingerprint.replace(/[^0-9a-f]/giu, "").toUpperCase();
}

/** Makes connections that are open only when the other side has proven who it is. */
export function trustedConnector(trust: Trust, connectTimeoutMs: number): BuildConnector.connector {
  const connect = buildConnector({ timeout: connectTimeoutMs, ...tlsOptions(trust) });
  return (options, callback) => {
    connect(options, (...result) => {
      const [error, socket] = result;
      if (error !== null) return callback(connectionFailed(error, trust), null);
      const mismatch = trust.kind === "fingerprint" ? fingerprintMismatch(socket, trust.sha256) : undefined;
      if (mismatch === undefined) return callback(null, socket);
      socket.destroy();
      return callback(mismatch, null);
    });
  };
}

/** Says itself that certificates are verified: `NODE_TLS_REJECT_UNAUTHORIZED=0` decides where nothing is said. */
function tlsOptions(trust: Trust): BuildConnector.BuildOptions {
  switch (trust.kind) {
    case "system":
      return { ca: systemAuthorities(), rejectUnauthorized: true };
    case "ca":
      return { ca: trust.pem, rejectUnauthorized: true };
    case "fingerprint":
      // The chain is not looked at because the certificate itself is compared, before the socket is handed out. A resumed
      // session would not show its certificate, so none is kept.
      return { rejectUnauthorized: false, maxCachedSessions: 0 };
  }
}

/** Places where Linux distributions keep their authorities in one file. */
const systemBundles = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/** Node looks only at its own list; the Pulumi provider (Go) at the machine's. Both must accept the same nodes. */
function systemAuthorities(): string[] {
  const named = [process.env["SSL_CERT_FILE"], process.env["NODE_EXTRA_CA_CERTS"]];
  // Often one and the same: a connection would parse it for each of its names.
  const files = new Set([...named, systemBundles.find((file) => existsSync(file))]);
  const found = [...files].filter((file): file is string => file !== undefined && file !== "" && existsSync(file));
  return [...rootCertificates, ...found.map((file) => readFileSync(file, "utf8"))];
}

function fingerprintMismatch(socket: object, expected: string): ConnectionFailed | undefined {
  const shown = isTlsSocket(socket) ? socket.getPeerCertificate().fingerprint256 : undefined;
  if (shown !== undefined && normalizeFingerprint(shown) === normalizeFingerprint(expected)) return undefined;
  const message = `its SHA-256 fingerprint is ${shown ?? "not shown"}, the settings expect ${expected}`;
  return new ConnectionFailed("untrusted", message, undefined);
}

/** Whether a connection is encrypted and so has a certificate to show. */
export function isTlsSocket(socket: object): socket is TLSSocket {
  return "getPeerCertificate" in socket;
}

/** Node's and OpenSSL's codes for a certificate that does not convince. */
const untrustedCode = /CERT|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)|ISSUER|ERR_TLS_CERT|HOSTNAME_MISMATCH/u;

/** Whether the code of an error says that somebody is there, whose certificate does not convince. */
export function isUntrusted(code: string): boolean {
  return untrustedCode.test(code);
}

function connectionFailed(error: Error, trust: Trust): ConnectionFailed {
  const code = codeOf(error);
  if (isUntrusted(code)) return new ConnectionFailed("untrusted", untrustedReason(code, error, trust), error);
  return new ConnectionFailed("unreachable", unreachableReason(error), error);
}

function untrustedReason(code: string, error: Error, trust: Trust): string {
  const signer =
    trust.kind === "ca" ? "the certificate authority in the settings (ca)" : "a certificate authority known here";
  if (code === "CERT_HAS_EXPIRED") return "it has expired";
  if (code === "CERT_NOT_YET_VALID") return "it is not valid yet (is a clock wrong?)";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return `it was issued for another name or address (${error.message})`;
  return `it was not signed by ${signer} (${code})`;
}

/** Why a connection was not made, in words. */
export function unreachableReason(error: Error): string {
  const code = codeOf(error);
  switch (code) {
    case "ECONNREFUSED":
      return "connection refused, nothing listens there";
    case "UND_ERR_CONNECT_TIMEOUT":
    case "ETIMEDOUT":
      return "no answer to the connection attempt";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "its name cannot be resolved";
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return "there is no route to it";
    case "ECONNRESET":
      return "it closed the connection at once";
    case "EPROTO":
      return "it does not speak TLS as expected";
    default:
      return code.startsWith("ERR_SSL") ? "it does not speak TLS as expected" : error.message;
  }
}

/** The code of an error, or of the first of several (Node tries IPv6 and IPv4, and gives an AggregateError). */
export function codeOf(error: unknown): string {
  // Looked at by its members: errors of Node itself are of another realm where code runs in a context of its own.
  if (typeof error !== "object" || error === null) return "";
  if ("errors" in error && Array.isArray(error.errors)) return codeOf(error.errors[0]);
  if ("code" in error && typeof error.code === "string") return error.code;
  return "cause" in error ? codeOf(error.cause) : "";
}
