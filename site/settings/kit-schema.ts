import { recipients } from "./data-schema";
import { at, checked, type Finding, list, mapping, optional } from "./schema-tools";
import { fileName, sentence } from "./values/names";

/** `lifeboat:kit` */
export const kitSchema = checked(
  mapping({
    /**
     * Where `lifeboat up` keeps the break-glass file; a relative path starts at the folder of the project. The name's end says what it
     * is: `.txt`, `.md` or `.html`, and encrypted with `.age` behind it. Default: it is made only by `lifeboat kit`.
     */
    file: optional(fileName),
    /** Public keys of age that a file with `.age` at its end is encrypted for. */
    recipients,
    /** Where a copy of each secret is kept besides the operator's machine, in your words: never the secret itself. */
    kept: optional(
      mapping({
        /** Passphrase of Pulumi: it opens every secret in the settings, and the states. */
        passphrase: optional(sentence),
        /** API tokens, where the settings do not hold them. */
        token: optional(sentence),
        /** Password of root on the nodes. */
        rootPassword: optional(sentence),
        /** Private key of SSH to nodes and guests. */
        sshKey: optional(sentence),
        /** Identity of age that opens encrypted dumps. */
        ageIdentity: optional(sentence),
        /** Passphrases of the WAL of PostgreSQL clusters, besides `lifeboat:dataSecrets`, which holds them encrypted. */
        recoveryPassphrase: optional(sentence),
        /** Account of the S3 service elsewhere. */
        offsiteAccount: optional(sentence),
        /** The repository with the settings and the program. */
        repository: optional(sentence),
      }),
    ),
    /** Who is called, in this order: a line each. */
    contacts: optional(list("contacts", sentence)),
  }),
  fileIsOfAForm,
);

/** Forms of the file, and whether it is encrypted. */
export const kitFilePattern = /\.(txt|md|html)(\.age)?$/u;

function fileIsOfAForm(raw: unknown): Finding[] {
  const file = at(raw, "file");
  if (typeof file !== "string") return [];
  const match = kitFilePattern.exec(file);
  const allowed = "a name that ends with .txt, .md or .html, and .age behind it where it is to be encrypted";
  if (match === null) return [{ path: ["file"], message: "nobody can tell of what form the file is", allowed }];
  const keys = at(raw, "recipients");
  const isFor = Array.isArray(keys) && keys.length > 0;
  if (match[2] !== undefined && !isFor) {
    return [{ path: ["recipients"], message: "an encrypted file is for nobody", allowed: "at least one age1… key" }];
  }
  if (match[2] === undefined && isFor) {
    return [
      { path: ["file"], message: "a file for recipients is not encrypted", allowed: "a name that ends with .age" },
    ];
  }
  return [];
}
