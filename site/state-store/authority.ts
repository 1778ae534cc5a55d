import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  webcrypto,
  X509Certificate,
} from "node:crypto";
import { promisify } from "node:util";
import { parseIp } from "../settings/values/addresses";
import { isLimitedTo, nameConstraints } from "./name-constraints";

/** The site's own authority: it signs the certificate of the state store, and clients believe it for no other names. */
export interface Authority {
  /** Private key (PEM, PKCS#8). Secret. */
  readonly key: string;
  /** Certificate (PEM), which clients trust. Public. */
  readonly certificate: string;
}

/** What a server's certificate says. */
export interface ServerIdentity {
  /** The server's private key (PEM, PKCS#8). Secret. */
  readonly key: string;
  /** IP addresses and DNS names by which clients call it, at least one. */
  readonly names: readonly string[];
  /** What it is, for people who look at the certificate. Default: the state store. */
  readonly title?: string;
}

const day = 86_400_000;
const years = 365 * day;

/** A certificate of the authority is for ten years, and a new one with the same key is due two years before its end. */
const authorityLife = 10 * years;
const authorityReserve = 2 * years;

/** Every program run within one period issues the same certificate of the server; the next period's is another. */
const period = 90 * day;

/** The longest that clients of today accept. An update in any period renews it with more than 300 days to go. */
const serverLife = 397 * day;

const signature = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };

const generate = promisify(generateKeyPair);

/**
 * A new authority. RSA, because its signatures are the same each time for the same content: an update without a change
 * must not issue another certificate.
 *
 * @param site name of the project, for people who look at the certificate
 * @param names IP addresses and DNS names of the store
 */
export async function createAuthority(site: string, names: readonly string[], now: Date): Promise<Authority> {
  const { privateKey } = await generate("rsa", { modulusLength: 3072 });
  const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return { key, certificate: await certify(key, `CN=${escapeName(`Lifeboat authority of ${site}`)}`, names, now) };
}

/** Why a new certificate of the authority is due. Before the old one ends every client has years to get it. */
export function whyAuthorityDue(
  certificate: string,
  names: readonly string[],
  now: Date,
): "ends" | "not limited to the store" | undefined {
  if (Date.parse(new X509Certificate(certificate).validTo) - now.getTime() < authorityReserve) return "ends";
  return isLimitedTo(certificate, names) ? undefined : "not limited to the store";
}

/**
 * A new certificate for the same key and name: what the authority has signed stays valid, for clients with the old
 * certificate as for those with the new one.
 */
export async function renewAuthority(
  { key, certificate }: Authority,
  names: readonly string[],
  now: Date,
): Promise<string> {
  const { X509Certificate: Certificate } = await library();
  return certify(key, new Certificate(certificate).subject, names, now);
}

/** What is wrong with an authority's key and certificate together; undefined when nothing is. */
export function authorityProblem({ key, certificate }: Authority, now: Date): string | undefined {
  const parsed = new X509Certificate(certificate);
  if (!parsed.ca) return "the certificate is not that of an authority";
  if (!parsed.checkPrivateKey(createPrivateKey(key))) return "key and certificate do not belong together";
  const end = new Date(parsed.validTo);
  return end.getTime() < now.getTime() ? `the certificate has expired on ${end.toISOString().slice(0, 10)}` : undefined;
}

/** A new private key for the server (PEM, PKCS#8). */
export async function createServerKey(): Promise<string> {
  const { privateKey } = await generate("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/**
 * The server's certificate (PEM). The same in every run of one period of 90 days; the one that the next period brings is
 * installed by any update, long before this one ends.
 */
export async function issueServerCertificate(authority: Authority, server: ServerIdentity, now: Date): Promise<string> {
  const x509 = await library();
  const { X509CertificateGenerator } = x509;
  const issuer = new x509.X509Certificate(authority.certificate);
  const begin = Math.floor(now.getTime() / period) * period;
  const publicKey = createPublicKey(createPrivateKey(server.key)).export({ type: "spki", format: "der" });
  const names = [...server.names].sort();
  // A day earlier: the clock of a client may be behind.
  const validity = { notBefore: new Date(begin - day), notAfter: endOf(begin - day + serverLife, issuer.notAfter) };
  const certificate = await X509CertificateGenerator.create({
    // No name: some clients would take an address there for a DNS name, which the authority may not vouch for.
    subject: `CN=Lifeboat ${server.title ?? "state store"}`,
    issuer: issuer.subjectName,
    ...validity,
    publicKey,
    signingKey: await importKey(authority.key),
    signingAlgorithm: signature,
    serialNumber: serialOf([authority.certificate, publicKey, ...names, String(begin)]),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: parseIp(value) === undefined ? "dns" : "ip", value })),
      ),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return pem(certificate.toString("pem"));
}

async function certify(key: string, subject: string, names: readonly string[], now: Date): Promise<string> {
  const x509 = await library();
  const publicKey = createPublicKey(createPrivateKey(key)).export({ type: "spki", format: "der" });
  const constraints = nameConstraints(names);
  const notBefore = new Date(Math.floor(now.getTime() / day) * day - day);
  const certificate = await x509.X509CertificateGenerator.create({
    subject,
    issuer: subject,
    notBefore,
    notAfter: new Date(notBefore.getTime() + authorityLife),
    publicKey,
    signingKey: await importKey(key),
    signingAlgorithm: signature,
    serialNumber: serialOf([publicKey, constraints, String(notBefore.getTime())]),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      new x509.Extension("2.5.29.30", true, constraints),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  return pem(certificate.toString("pem"));
}

/** Loaded where a certificate is issued: most runs of program and command line never do. */
async function library() {
  await import("reflect-metadata");
  return await import("@peculiar/x509");
}

function importKey(key: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(key).export({ type: "pkcs8", format: "der" });
  return webcrypto.subtle.importKey("pkcs8", der, signature, false, ["sign"]);
}

/** A certificate must not outlive the one that vouches for it. */
function endOf(wanted: number, issuerEnd: Date): Date {
  return new Date(Math.min(wanted, issuerEnd.getTime()));
}

/** 16 bytes: positive, and never without a leading digit. */
function serialOf(parts: readonly (string | Buffer)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(createHash("sha256").update(part).digest());
  return `40${hash.digest("hex").slice(0, 30)}`;
}

/** For the text form of a distinguished name. */
function escapeName(text: string): string {
  return text.replaceAll(/[",+<>;=\\#]/gu, String.raw`\$&`);
}

/** One line break at the end, and no carriage returns: a settings file keeps it as it is. */
function pem(text: string): string {
  return `${text.replaceAll("\r\n", "\n").trim()}\n`;
}
