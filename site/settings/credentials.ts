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

/** The key that reads the bucket elsewhere, as JSON: restores from there need no other secret of the settings. */
export const offsiteReaderSource: CredentialSource = {
  variable: "LIFEBOAT_OFFSITE_READER",
  fileVariable: "LIFEBOAT_OFFSITE_READER_FILE",
  setting: "offsiteKeys",
};

/** The key of one mirrored bucket, as JSON, or those of all of them: a restore needs one that writes. */
export const bucketKeySource: CredentialSource = {
  variable: "LIFEBOAT_BUCKET_KEY",
  fileVariable: "LIFEBOAT_BUCKET_KEY_FILE",
  setting: "bucketKeys",
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

/**
 * For which environment `lifeboat env` has put a passphrase file under the general name, where plain `pulumi` looks: `lab:/keys/lab`.
 * Another environment does not try it.
 */
export const passphraseMark = "LIFEBOAT_PASSPHRASE_FILE_IS_OF";

/** The other environment of which the general passphrase file is, by {@link passphraseMark}; undefined: it is for all, or its own. */
export function otherPassphrase(environment: string, variables: Variables): string | undefined {
  const mark = variables[passphraseMark] ?? "";
  const [owner = ""] = mark.split(":", 1);
  const isOther = owner !== "" && owner !== environment;
  return isOther && variables[passphraseSource.fileVariable] === mark.slice(owner.length + 1) ? owner : undefined;
}

/** What the shell gives to an environment and to all. */
function withoutOthers(environment: string, variables: Variables): Variables {
  if (otherPassphrase(environment, variables) === undefined) return variables;
  return { ...variables, [passphraseSource.fileVariable]: undefined };
}

/** Variables that hold a credential, or the path of one, for one environment or for all. */
type ShellSource = Pick<CredentialSource, "variable" | "fileVariable">;

/** Every secret that the shell may give. */
export const secretSources: readonly ShellSource[] = [
  passphraseSource,
  tokenSource,
  rootPasswordSource,
  stateKeySource,
  offsiteReaderSource,
  bucketKeySource,
];

/** What a variable gives: the secret itself or the path of a file, for one environment, by its suffix, or for all. */
export interface SecretVariable {
  readonly source: ShellSource;
  readonly kind: ShellCredential["kind"];
  /** `PROD` of `LIFEBOAT_PROXMOX_TOKEN_FILE_PROD`; undefined for the one for all. */
  readonly suffix: string | undefined;
}

/** Undefined for a variable that gives no secret. What goes on with `_FILE` names a file, whatever environments are called. */
export function parseVariable(name: string): SecretVariable | undefined {
  for (const source of secretSources) {
    for (const [kind, general] of [["file", source.fileVariable] as const, ["value", source.variable] as const]) {
      if (name === general) return { source, kind, suffix: undefined };
      if (name.startsWith(`${general}_`)) return { source, kind, suffix: name.slice(general.length + 1) };
    }
  }
  return undefined;
}

/** How variables name an environment. Several may have one suffix: `a.b` and `a-b`, see {@link sharedVariable}. */
function suffixOf(environment: string): string {
  return environment.toUpperCase().replaceAll(/[^A-Z0-9]/gu, "_");
}

/** The variables of one environment. That of the secret itself would be a file's where the name begins with `file`. */
function ownSource({ variable, fileVariable }: ShellSource, environment: string): Partial<ShellSource> {
  const suffix = suffixOf(environment);
  const own = { fileVariable: `${fileVariable}_${suffix}` };
  return /^FILE(?:_|$)/u.test(suffix) ? own : { ...own, variable: `${variable}_${suffix}` };
}

/**
 * A variable of the environment that is set and names others as well; undefined where there is none. Nobody knows whose
 * secret it holds, and it may be sent to the node of neither by a guess.
 */
export function sharedVariable(
  environment: string,
  environments: readonly string[],
  variables: Variables,
): { readonly variable: string; readonly others: readonly string[] } | undefined {
  const suffix = suffixOf(environment);
  const others = environments.filter((name) => name !== environment && suffixOf(name) === suffix);
  if (others.length === 0) return undefined;
  const variable = Object.keys(variables).find(
    (name) => (variables[name] ?? "") !== "" && parseVariable(name)?.suffix === suffix,
  );
  return variable === undefined ? undefined : { variable, others };
}

/** Why nothing is done with a variable that names several environments, as a sentence. */
export function sharedVariableProblem(
  environment: string,
  found: NonNullable<ReturnType<typeof sharedVariable>>,
): string {
  const names = [environment, ...found.others].sort();
  return `${found.variable} names ${names.join(" and ")} alike: nobody can say whose secret it holds`;
}

/**
 * What the shell gives an environment; undefined where it gives nothing and the secret of the settings counts. Empty is not
 * given. One that names the environment goes before the one for all, which then reaches neither its node nor its store.
 */
export function shellCredential(
  source: ShellSource,
  environment: string,
  given: Variables,
): ShellCredential | undefined {
  const variables = withoutOthers(environment, given);
  for (const { variable = "", fileVariable = "" } of [ownSource(source, environment), source]) {
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
export function ownVariables(environment: string, given: Variables): Record<string, string | undefined> {
  const variables = withoutOthers(environment, given);
  const found = Object.fromEntries(
    Object.entries(variables).filter(([name]) => parseVariable(name)?.suffix === undefined),
  );
  for (const source of secretSources) {
    const own = ownSource(source, environment);
    const value = variables[own.variable ?? ""] ?? "";
    const path = variables[own.fileVariable ?? ""] ?? "";
    if (value === "" && path === "") continue;
    for (const name of [source.variable, source.fileVariable]) delete found[name];
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
