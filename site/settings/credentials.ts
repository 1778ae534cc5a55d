/** The places where a credential may be given, in the order in which they are asked. */
export interface CredentialSource {
  /** Variable with the credential itself: `LIFEBOAT_PROXMOX_TOKEN`. */
  readonly variable: string;
  /** Variable with the path of a file that holds it: `LIFEBOAT_PROXMOX_TOKEN_FILE`. */
  readonly fileVariable: string;
  /** Secret of the settings, below `lifeboat:`. */
  readonly setting: string;
}

/** The API token. */
export const tokenSource: CredentialSource = {
  variable: "LIFEBOAT_PROXMOX_TOKEN",
  fileVariable: "LIFEBOAT_PROXMOX_TOKEN_FILE",
  setting: "proxmoxToken",
};

/**
 * The password of root@pam, for the few things that Proxmox allows to no token, such as a folder of the node mounted in a
 * container.
 */
export const rootPasswordSource: CredentialSource = {
  variable: "LIFEBOAT_PROXMOX_ROOT_PASSWORD",
  fileVariable: "LIFEBOAT_PROXMOX_ROOT_PASSWORD_FILE",
  setting: "proxmoxRootPassword",
};

/** The environment's key to its bucket. A run with rights to look only can be given one that only reads. */
export const stateKeySource: CredentialSource = {
  variable: "LIFEBOAT_STATE_KEY",
  fileVariable: "LIFEBOAT_STATE_KEY_FILE",
  setting: "stateKey",
};

/** A credential that the shell gives. */
export type ShellCredential =
  | { readonly kind: "value"; readonly value: string; readonly variable: string }
  | { readonly kind: "file"; readonly path: string; readonly variable: string };

/** What the shell gives; undefined where it gives nothing and the secret of the settings counts. Empty is not given. */
export function shellCredential(
  { variable, fileVariable }: CredentialSource,
  variables: Readonly<Record<string, string | undefined>>,
): ShellCredential | undefined {
  const value = variables[variable] ?? "";
  if (value !== "") return { kind: "value", value: value.trim(), variable };
  const path = variables[fileVariable] ?? "";
  return path === "" ? undefined : { kind: "file", path, variable: fileVariable };
}

/** The form of an API token, for messages. */
export const tokenForm = "USER@REALM!TOKENID=SECRET";

/** As Proxmox takes them: a user's name may hold `@` and `=`, a realm and a token's id have two characters at least. */
export const tokenPattern = /^([^\s:/!]+@[A-Za-z][\w.-]+![A-Za-z][\w.-]+)=(\S+)$/u;

/** An API token by its parts; undefined for what is none. */
export function parseToken(text: string): { readonly id: string; readonly secret: string } | undefined {
  const [, id, secret] = tokenPattern.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}
