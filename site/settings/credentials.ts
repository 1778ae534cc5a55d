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

type Variables = Readonly<Record<string, string | undefined>>;

/** The passphrase of the settings' secrets and of the state, under the names that Pulumi gives it. */
export const passphraseSource = {
  variable: "PULUMI_CONFIG_PASSPHRASE",
  fileVariable: "PULUMI_CONFIG_PASSPHRASE_FILE",
} as const;

/** Variables that hold a credential, or the path of one, for one environment or for all. */
type ShellSource = Pick<CredentialSource, "variable" | "fileVariable">;

const shellSources: readonly ShellSource[] = [passphraseSource, tokenSource, rootPasswordSource, stateKeySource];

/** The variables of one environment: `LIFEBOAT_PROXMOX_TOKEN_FILE_PROD`. */
function ownSource({ variable, fileVariable }: ShellSource, environment: string): ShellSource {
  const suffix = environment.toUpperCase().replaceAll(/[^A-Z0-9]/gu, "_");
  // That of an environment `file` would be the general one with a path.
  const own = `${variable}_${suffix}`;
  return { variable: own === fileVariable ? `${own}_` : own, fileVariable: `${fileVariable}_${suffix}` };
}

/**
 * What the shell gives an environment; undefined where it gives nothing and the secret of the settings counts. Empty is not
 * given. One that names the environment goes before the one for all, which then reaches neither its node nor its store.
 */
export function shellCredential(
  source: ShellSource,
  environment: string,
  variables: Variables,
): ShellCredential | undefined {
  for (const { variable, fileVariable } of [ownSource(source, environment), source]) {
    const value = variables[variable] ?? "";
    if (value !== "") return { kind: "value", value: value.trim(), variable };
    const path = variables[fileVariable] ?? "";
    if (path !== "") return { kind: "file", path, variable: fileVariable };
  }
  return undefined;
}

/**
 * The variables for whatever works on one environment only, as `pulumi` does: what is its own bears the general name, and
 * what is another's is not there.
 */
export function ownVariables(environment: string, variables: Variables): Record<string, string | undefined> {
  const found = { ...variables };
  for (const source of shellSources) {
    const own = ownSource(source, environment);
    const value = variables[own.variable] ?? "";
    const path = variables[own.fileVariable] ?? "";
    const general = [source.variable, source.fileVariable];
    for (const name of Object.keys(found)) {
      if (name.startsWith(`${source.variable}_`) && !general.includes(name)) delete found[name];
    }
    if (value === "" && path === "") continue;
    for (const name of general) delete found[name];
    if (value === "") found[source.fileVariable] = path;
    else found[source.variable] = value;
  }
  return found;
}

/** The form of an API token, for messages. */
export const tokenForm = "USER@REALM!TOKENID=SECRET";

/** As Proxmox takes them: a user's name may hold `@` and `=`, a realm and a token's id have two characters at least. */
export const tokenPattern = /^([^\s:/!]+@[A-Za-z][\w.-]+![A-Za-z][\w.-]+)=(\S+)$/u;

/** A user of a backup server, or a token without its secret; its realms and tokens' ids may be shorter. */
export const backupUserPattern = /^[^\s:/!]+@\w[\w.-]*(?:!\w[\w.-]*)?$/u;

/** An API token by its parts; undefined for what is none. */
export function parseToken(text: string): { readonly id: string; readonly secret: string } | undefined {
  const [, id, secret] = tokenPattern.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}
