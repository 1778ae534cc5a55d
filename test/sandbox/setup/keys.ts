import { generateKeyPairSync, randomBytes, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Layout } from "./layout";

/** Secrets of a new sandbox. They are made for it, lie in its folder, and go with it. */
export interface Secrets {
  /** `user@realm!name=secret`, as `LIFEBOAT_PROXMOX_TOKEN` holds it. */
  token: string;
  rootPassword: string;
}

/** The API user of the sandbox and its token's name. */
export const API_USER = "lifeboat@pve";
export const API_TOKEN = "lifeboat";

/** Writes the files with the site's secrets: API token, root's password, passphrase of the settings, SSH key pair. */
export function makeSecrets(layout: Layout): Secrets {
  mkdirSync(dirname(layout.sshKey), { recursive: true, mode: 0o700 });
  const secrets = {
    token: `${API_USER}!${API_TOKEN}=${randomUUID()}`,
    rootPassword: randomBytes(18).toString("base64url"),
  };
  writeSecret(layout.tokenFile, secrets.token);
  writeSecret(layout.rootPasswordFile, secrets.rootPassword);
  writeSecret(layout.passphraseFile, randomBytes(18).toString("base64url"));
  if (!existsSync(layout.sshKey)) makeSshKey(layout);
  return secrets;
}

function writeSecret(file: string, secret: string): void {
  writeFileSync(file, `${secret}\n`, { mode: 0o600 });
}

/** An ECDSA pair: of the types that every OpenSSH reads, the one that Node writes in a form OpenSSH knows. */
function makeSshKey(layout: Layout): void {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  writeFileSync(layout.sshKey, privateKey.export({ type: "sec1", format: "pem" }), { mode: 0o600 });
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
  const blob = Buffer.concat(["ecdsa-sha2-nistp256", "nistp256", point].map(sshString));
  writeFileSync(layout.sshPublicKey, `ecdsa-sha2-nistp256 ${blob.toString("base64")} sandbox\n`);
}

/** A string of the SSH wire format: four bytes of length, then the bytes (RFC 4251, section 5). */
function sshString(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
