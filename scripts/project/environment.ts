import {
  bucketKeySource,
  offsiteReaderSource,
  sharedVariable,
  sharedVariableProblem,
  stateKeySource,
  tokenSource,
} from "../../site/settings/credentials";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { createClient, type ProxmoxClient } from "../../proxmox/api/client";
import type { Trust } from "../../proxmox/api/trust";
import type { Environment, TrustSettings } from "../../site/settings/environment";
import { parseSettings } from "../../site/settings/parse-settings";
import { formatProblems } from "../../site/settings/problem";
import { CommandError, usageError } from "../terminal/command-error";
import { exitCodes } from "../terminal/exit-codes";
import type { SecretBox } from "./passphrase";
import type { CredentialFolder } from "./credential-folder";
import { findCredential, type FoundCredential } from "./credential-source";
import { environmentNames, type PulumiProject, readStackFile } from "./pulumi-project";
import type { Redactor } from "../terminal/redactor";
import { hasRootPassword, readRootPassword } from "./root-password";
import { Secrets } from "./secrets";
import { findSiteStore, type SiteStore } from "./state-store";
import { type ApiToken, readToken } from "./token";

/** An environment with its settings, and the way to its node. */
export interface LoadedEnvironment {
  readonly name: string;
  /** The settings file. */
  readonly file: string;
  readonly project: PulumiProject;
  /** Secrets inside are placeholders: {@link secret} opens the ones at the top. */
  readonly settings: Environment;
  /** Whether the settings hold a top-level key, encrypted or not; needs no passphrase. */
  holds(key: string): boolean;
  /** A top-level setting of the namespace, decrypted if it is a secret; undefined when it is not set. @throws CommandError (12) */
  secret(key: string): Promise<string | undefined>;
  /** `encryptionsalt` of the settings, where they have one. */
  encryptionSalt(): string | undefined;
  /** What opens and makes the secrets of the settings. @throws CommandError (12) */
  secretBox(): Promise<SecretBox>;
  /** The state store of the site, whichever environment declares it. @throws CommandError (2) */
  stateStore(): SiteStore | undefined;
  /** Whether the password of root@pam is given anywhere; needs no passphrase. */
  hasRootPassword(): boolean;
  /** The password of root@pam; undefined where it is not given. @throws CommandError (2, 12) */
  rootPassword(): Promise<string | undefined>;
  /** @throws CommandError (2, 12) */
  token(): Promise<ApiToken>;
  /**
   * The key to this environment's bucket of the site's store, as text: from LIFEBOAT_STATE_KEY, the file that
   * LIFEBOAT_STATE_KEY_FILE names, or the settings; undefined where there is none. @throws CommandError (2, 12)
   */
  stateKey(): Promise<string | undefined>;
  /**
   * The key that reads the bucket elsewhere, or all of its keys, as text: from LIFEBOAT_OFFSITE_READER, the file that
   * LIFEBOAT_OFFSITE_READER_FILE names, or the settings; undefined where there is none. @throws CommandError (2, 12)
   */
  offsiteKey(): Promise<FoundCredential | undefined>;
  /**
   * The key of a mirrored bucket, or those of all, as text: from LIFEBOAT_BUCKET_KEY, the file that LIFEBOAT_BUCKET_KEY_FILE names, or the
   * settings; undefined where there is none. @throws CommandError (2, 12)
   */
  bucketKey(): Promise<FoundCredential | undefined>;
  /** How the node proves itself. @throws CommandError (2) when the file of the authority cannot be read. */
  trust(): Trust;
  /** The client with the API token; made once, closed with the site. @throws CommandError (2, 12) */
  client(): Promise<ProxmoxClient>;
  /** A client signed in as root@pam, for what no token may do; undefined where its password is not given. @throws CommandError (2, 12) */
  rootClient(): Promise<ProxmoxClient | undefined>;
  /** Absolute path of a file that the settings name: relative ones start at the project's folder. */
  path(file: string): string;
}

/** The settings' own file plus what its connections need. */
export interface ClosableEnvironment extends LoadedEnvironment {
  close(): Promise<void>;
}

export interface EnvironmentOptions {
  environment: Readonly<Record<string, string | undefined>>;
  redactor: Redactor;
  /** A folder with credentials. Then nothing but it gives any: neither the shell nor the settings. */
  credentials?: CredentialFolder | undefined;
}

/** @throws CommandError (2) with every problem of the settings, and where a variable with a secret names another one as well. */
export function loadEnvironment(
  project: PulumiProject,
  name: string,
  options: EnvironmentOptions,
): ClosableEnvironment {
  const stack = readStackFile(project, name);
  const shared = sharedVariable(name, environmentNames(project), options.environment);
  if (shared !== undefined) {
    throw usageError(sharedVariableProblem(name, shared), "rename one of them, or keep their secrets in the settings");
  }
  const secrets = new Secrets(stack, name, options.environment, options.redactor, options.credentials);
  const parsed = parseSettings(secrets.sealedSettings(), { environment: name });
  if (!parsed.ok) {
    throw new CommandError(formatProblems(parsed.problems, name), {
      exitCode: exitCodes.usage,
      complete: true,
      hint: `edit ${stack.file}`,
      details: { environment: name, problems: parsed.problems },
    });
  }
  return new ConnectedEnvironment(name, stack.file, project, parsed.environment, secrets, options);
}

class ConnectedEnvironment implements ClosableEnvironment {
  private readonly clients: ProxmoxClient[] = [];
  private siteStore: { readonly found: SiteStore | undefined } | undefined;
  private tokenClient: Promise<ProxmoxClient> | undefined;
  private passwordClient: Promise<ProxmoxClient | undefined> | undefined;

  constructor(
    readonly name: string,
    readonly file: string,
    readonly project: PulumiProject,
    readonly settings: Environment,
    private readonly secrets: Secrets,
    private readonly options: EnvironmentOptions,
  ) {}

  holds(key: string): boolean {
    return this.secrets.has(key);
  }

  secret(key: string): Promise<string | undefined> {
    return this.secrets.read(key);
  }

  encryptionSalt(): string | undefined {
    return this.secrets.salt;
  }

  secretBox(): Promise<SecretBox> {
    return this.secrets.box();
  }

  stateStore(): SiteStore | undefined {
    this.siteStore ??= { found: findSiteStore(this.project) };
    return this.siteStore.found;
  }

  hasRootPassword(): boolean {
    return hasRootPassword(this.secrets, this.options.environment);
  }

  rootPassword(): Promise<string | undefined> {
    return readRootPassword(this.secrets, this.options.environment, this.options.redactor);
  }

  async token(): Promise<ApiToken> {
    const path = this.options.credentials?.pathOf(this.name, tokenSource.setting);
    if (path !== undefined && (await this.secrets.read(tokenSource.setting)) === undefined) {
      throw usageError(`there is no API token of ${this.name}: ${path}`, "write it there: USER@REALM!TOKENID=SECRET");
    }
    return readToken(this.secrets, this.options.environment, this.options.redactor);
  }

  async stateKey(): Promise<string | undefined> {
    const { environment, redactor } = this.options;
    return (await findCredential(stateKeySource, this.secrets, environment, redactor))?.value;
  }

  offsiteKey(): Promise<FoundCredential | undefined> {
    const { environment, redactor } = this.options;
    return findCredential(offsiteReaderSource, this.secrets, environment, redactor);
  }

  bucketKey(): Promise<FoundCredential | undefined> {
    const { environment, redactor } = this.options;
    return findCredential(bucketKeySource, this.secrets, environment, redactor);
  }

  trust(): Trust {
    return readTrust(this.settings.proxmox.trust, (file) => this.path(file));
  }

  client(): Promise<ProxmoxClient> {
    return (this.tokenClient ??= this.token().then(({ value }) => this.connect({ kind: "token", value })));
  }

  rootClient(): Promise<ProxmoxClient | undefined> {
    return (this.passwordClient ??= this.rootPassword().then((password) =>
      password === undefined ? undefined : this.connect({ kind: "password", username: "root@pam", password }),
    ));
  }

  path(file: string): string {
    return resolve(this.project.folder, file);
  }

  async close(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()));
  }

  private connect(credential: Parameters<typeof createClient>[0]["credential"]): ProxmoxClient {
    const { endpoint } = this.settings.proxmox;
    const patience = patienceOf(this.options.environment);
    const client = createClient({ endpoint, trust: this.trust(), credential, ...(patience && { patience }) });
    this.clients.push(client);
    return client;
  }
}

/** `LIFEBOAT_NODE_PATIENCE`: seconds that a node may be silent while it works on a task. @throws CommandError (2) */
function patienceOf({
  LIFEBOAT_NODE_PATIENCE: text,
}: Readonly<Record<string, string | undefined>>): number | undefined {
  if (text === undefined || text === "") return undefined;
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds > 0) return seconds * 1_000;
  throw usageError(`LIFEBOAT_NODE_PATIENCE is '${text}', and not a whole number of seconds`, "unset it, or write 120");
}

function readTrust(trust: TrustSettings, path: (file: string) => string): Trust {
  if (trust.kind !== "ca") return trust;
  const file = path(trust.file);
  try {
    return { kind: "ca", pem: readFileSync(file, "utf8") };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw usageError(
      `the certificate authority of the site cannot be read: ${reason}`,
      `put its certificate there (a node has it as /etc/pve/pve-root-ca.pem), or change 'ca' in lifeboat:proxmox`,
    );
  }
}
