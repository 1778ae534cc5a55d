import { entries, list, mapping, optional, text } from "./schema-tools";

/** Name of a stack, as Pulumi allows it. */
export const stackName = text(
  "an environment's name",
  "a stack's name: letters, digits, -, _ and ., such as prod",
  /^[A-Za-z0-9_.-]{1,100}$/,
);

export const privateKey = text(
  "a private key",
  "a private key in PEM (PKCS#8), as `lifeboat up` writes it",
  /^-----BEGIN PRIVATE KEY-----\n[A-Za-z0-9+/=\n]+-----END PRIVATE KEY-----\n?$/,
  16_384,
);

const accessKey = text(
  "an access key",
  "3 to 128 letters, digits and . _ + @ -, such as lifeboat-prod",
  /^[A-Za-z0-9._+@-]{3,128}$/,
);
const secretKey = text("a secret key", "8 to 128 printable characters without spaces", /^[\x21-\x7e]{8,128}$/);

/** An S3 key: whoever has both halves can do what the identity may. */
export const keyPairSchema = mapping({
  /** Name of the identity at the object store. Example: `lifeboat-prod`. */
  accessKey,
  /** The secret half. */
  secretKey,
});

const archiveName = text(
  "an archive",
  "environment/guest, such as prod/db",
  /^[A-Za-z0-9_.-]{1,100}\/[A-Za-z0-9-]{1,63}$/,
);

const recoveryKeySchema = mapping({
  /** Name of the identity at the object store. */
  accessKey,
  /** The secret half. */
  secretKey,
  /** Sources of the guest whose passphrase has been made: none of them ever gets another one. */
  sources: list("names of sources", text("a source", "a name of a source, such as shop", /^[a-z0-9-]{1,63}$/)),
  /** Folders of its archives for which a passphrase has been made. */
  folders: optional(list("names of folders", text("a folder", "a folder in the bucket", /^[a-z0-9./-]{1,200}$/))),
});

/** `lifeboat:stateStoreKeys`, decrypted. */
export const stateStoreKeysSchema = mapping({
  /** The key that may do everything on the store. With a service of your own: one that may make buckets and users; left out, they have to exist. */
  root: optional(keyPairSchema),
  /** Private key of the authority that signs the store's certificate. It survives a rebuild, so that clients go on trusting the store. */
  authorityKey: optional(privateKey),
  /** Private key of the store's own certificate. */
  serverKey: optional(privateKey),
  /** The key that copies all buckets to another place: it reads them and nothing else. */
  copier: optional(keyPairSchema),
  /** The key of each environment, by the environment's name: it reads and writes that environment's bucket and no other. */
  identities: optional(entries("identities", stackName, keyPairSchema)),
  /** A key for each environment that reads its bucket and cannot write, for previews of pull requests. */
  readers: optional(entries("readers", stackName, keyPairSchema)),
  /** The key of each guest whose WAL goes to this store, by environment and guest: it reads and writes that guest's bucket and no other. */
  recovery: optional(entries("recovery", archiveName, recoveryKeySchema)),
});

/** `lifeboat:stateStoreAuthority` */
export const certificateSchema = text(
  "a certificate",
  "a certificate in PEM, as `lifeboat up` writes it",
  /^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n?$/,
  16_384,
);

export type StateKeysEntry = ReturnType<typeof stateStoreKeysSchema.parse>;
