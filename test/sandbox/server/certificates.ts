/**
 * Certificates of a site: one authority, and one certificate for each node, as files of a folder:
 * `ca.pem`, `ca.key`, `NODE.pem`, `NODE.key`.
 */
import "reflect-metadata";
import { randomBytes, webcrypto } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";

/** A node and how clients address it. */
export interface CertificateHolder {
  node: string;
  /** IP addresses and host names. */
  names: readonly string[];
}

export interface KeyPairFiles {
  /** Path of the PEM file. */
  certificate: string;
  key: string;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** Certificates are for test sites; ten years keep a sandbox usable for as long as anybody keeps one. */
const LIFETIME_DAYS = 3650;

/** Paths of a holder's files; `ca` is the authority itself. */
export function certificateFiles(folder: string, holder: string): KeyPairFiles {
  return { certificate: join(folder, `${holder}.pem`), key: join(folder, `${holder}.key`) };
}

/** Makes what is missing: the authority, and a certificate for each node. Returns the path of the authority's. */
export async function ensureCertificates(folder: string, holders: readonly CertificateHolder[]): Promise<string> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const authority = certificateFiles(folder, "ca");
  if (!existsSync(authority.certificate)) await makeAuthority(authority);
  const issuer = await readIssuer(authority);
  for (const holder of holders) {
    const files = certificateFiles(folder, holder.node);
    if (!existsSync(files.certificate)) await makeNodeCertificate(files, holder, issuer);
  }
  return authority.certificate;
}

interface Issuer {
  certificate: x509.X509Certificate;
  key: webcrypto.CryptoKey;
}

async function makeAuthority(files: KeyPairFiles): Promise<void> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(),
    name: "CN=Sandbox Virtual Environment CA",
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  await writeFiles(files, certificate.toString("pem"), keys.privateKey);
}

async function makeNodeCertificate(files: KeyPairFiles, holder: CertificateHolder, issuer: Issuer): Promise<void> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const names = [...new Set(["127.0.0.1", "::1", "localhost", holder.node, ...holder.names])];
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(),
    subject: `CN=${holder.node}`,
    issuer: issuer.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: issuer.key,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.certificate),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  await writeFiles(files, certificate.toString("pem"), keys.privateKey);
}

/** Valid from yesterday, so that a clock that is moved a little does no harm. */
function validity(): { serialNumber: string; notBefore: Date; notAfter: Date } {
  const day = 24 * 3600 * 1000;
  // A serial number is a positive integer: its first bit is 0.
  const serialNumber = `01${randomBytes(15).toString("hex")}`;
  return { serialNumber, notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + LIFETIME_DAYS * day) };
}

async function readIssuer(files: KeyPairFiles): Promise<Issuer> {
  const key = await webcrypto.subtle.importKey(
    "pkcs8",
    x509.PemConverter.decodeFirst(readFileSync(files.key, "utf8")),
    ALGORITHM,
    false,
    ["sign"],
  );
  return { certificate: new x509.X509Certificate(readFileSync(files.certificate, "utf8")), key };
}

/** The key first: a certificate in the folder means that both are there. */
async function writeFiles(files: KeyPairFiles, certificate: string, key: webcrypto.CryptoKey): Promise<void> {
  const exported = await webcrypto.subtle.exportKey("pkcs8", key);
  writeFileSync(files.key, `${x509.PemConverter.encode(exported, "PRIVATE KEY")}\n`, { mode: 0o600 });
  writeFileSync(files.certificate, `${certificate.trimEnd()}\n`);
}
