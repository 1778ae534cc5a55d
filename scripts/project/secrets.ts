import { pulumiLine } from "../../site/plain-pulumi";
import * as z from "zod";
import { otherPassphrase } from "../../site/settings/credentials";
import type { CredentialFolder } from "./credential-folder";
import { CommandError } from "../terminal/command-error";
import { exitCodes } from "../terminal/exit-codes";
import { createSecretBox, openSecretBox, type SecretBox, UnreadableSecret, WrongPassphrase } from "./passphrase";
import { passphraseOrigin, readPassphrase } from "./passphrase-source";
import type { StackFile } from "./pulumi-project";
import type { Redactor } from "../terminal/redactor";

const secureSchema = z.strictObject({ secure: z.string() });

/** What stands for a secret that nobody has asked for yet. */
const sealed = "[secret]";

/** The secrets of one environment. Nothing is decrypted before it is asked for, so that most commands need no passphrase. */
export class Secrets {
  private opened: Promise<SecretBox> | undefined;

  constructor(
    private readonly stack: StackFile,
    /** Name of the environment. */
    readonly environment: string,
    private readonly variables: Readonly<Record<string, string | undefined>>,
    private readonly redactor: Redactor,
    /** Stands for the secrets in the settings, which are not opened then. */
    private readonly folder?: CredentialFolder,
  ) {}

  /** `encryptionsalt`, where the settings have one. */
  get salt(): string | undefined {
    return this.stack.encryptionSalt;
  }

  /** Whether the settings hold this key at all, encrypted or not. */
  has(key: string): boolean {
    return this.stack.settings[key] !== undefined;
  }

  /** Where {@link read} finds it, for messages: a file of the folder, or the settings. */
  originOf(key: string): string {
    return this.folder?.pathOf(this.environment, key) ?? `lifeboat:${key}`;
  }

  /**
   * A top-level setting, decrypted if it is a secret; undefined when it is not set.
   *
   * @throws CommandError (12) when the passphrase is missing or wrong.
   */
  async read(key: string): Promise<string | undefined> {
    if (this.folder?.pathOf(this.environment, key) !== undefined) return this.given(this.folder, key);
    const value = this.stack.settings[key];
    if (typeof value === "string") return this.redactor.remember(value);
    if (this.folder !== undefined) return undefined;
    if (!isSecure(value) && !isAllSecure(value)) return undefined;
    const { open } = await this.box();
    const opened = this.guarded(() => unsealed(value, (text) => this.redactor.remember(open(text))));
    return typeof opened === "string" ? opened : JSON.stringify(opened);
  }

  /**
   * What opens these secrets and makes new ones; with a salt of its own where the settings hold none yet.
   *
   * @throws CommandError (12) when the passphrase is missing or wrong, or another keeper has the secrets.
   */
  box(): Promise<SecretBox> {
    return (this.opened ??= this.open());
  }

  /**
   * The settings with every secret replaced by a placeholder, and without those keys that are secrets as a whole, or hold nothing
   * but secrets.
   */
  sealedSettings(): Record<string, unknown> {
    const entries = Object.entries(this.stack.settings).filter(([, value]) => !isSecure(value) && !isAllSecure(value));
    return Object.fromEntries(entries.map(([key, value]) => [key, seal(value)]));
  }

  private given(folder: CredentialFolder, key: string): string | undefined {
    const found = folder.read(this.environment, key);
    return found === undefined ? undefined : this.redactor.remember(found);
  }

  private async open(): Promise<SecretBox> {
    const { encryptionSalt, secretsProvider, file } = this.stack;
    if (secretsProvider !== undefined) {
      throw this.error(
        `the secrets of ${this.environment} are kept by ${secretsProvider}, which needs pulumi`,
        `keep them by a passphrase: ${pulumiLine(this.environment, "stack change-secrets-provider passphrase")}`,
      );
    }
    const passphrase = this.redactor.remember(this.passphrase());
    if (encryptionSalt === undefined && this.holdsSecrets()) {
      throw this.error(`${file} holds secrets but no encryptionsalt`, this.formerFile());
    }
    try {
      return await (encryptionSalt === undefined
        ? createSecretBox(passphrase)
        : openSecretBox(encryptionSalt, passphrase));
    } catch (error) {
      if (error instanceof WrongPassphrase) throw this.wrong();
      if (error instanceof UnreadableSecret) throw this.error(`${file}: ${error.message}`, this.formerFile());
      throw error;
    }
  }

  private wrong(): CommandError {
    const { variable, words } = passphraseOrigin(this.environment, this.variables);
    return new CommandError(`the passphrase does not open the secrets in ${this.stack.file}${words}`, {
      exitCode: exitCodes.passphrase,
      hint: `set ${variable} to the passphrase of ${this.environment}`,
    });
  }

  private holdsSecrets(): boolean {
    return Object.values(this.stack.settings).some(isSecure);
  }

  private passphrase(): string {
    const found = readPassphrase(this.environment, this.variables);
    if (found.kind === "given") return found.passphrase;
    if (found.kind === "unreadable") throw this.error(found.why, this.rightPassphrase());
    const need = this.holdsSecrets() ? "holds an encrypted value that is needed" : "needs one for its secrets";
    const other = otherPassphrase(this.environment, this.variables);
    const set =
      other === undefined ? "is set" : `of ${this.environment} is set, but that of ${other} (lifeboat env ${other})`;
    throw this.error(`no passphrase ${set}, and ${this.stack.file} ${need}`, this.rightPassphrase());
  }

  private guarded<Value>(read: () => Value): Value {
    try {
      return read();
    } catch (error) {
      if (error instanceof UnreadableSecret)
        throw this.error(`${this.stack.file}: ${error.message}`, this.formerFile());
      throw error;
    }
  }

  private rightPassphrase(): string {
    return `set PULUMI_CONFIG_PASSPHRASE_FILE to a file with the passphrase of ${this.environment}`;
  }

  /** No passphrase opens what was damaged. */
  private formerFile(): string {
    return `put back what it was: git log -p ${this.stack.file}`;
  }

  private error(message: string, hint: string): CommandError {
    return new CommandError(message, { exitCode: exitCodes.passphrase, hint });
  }
}

function isSecure(value: unknown): boolean {
  return secureSchema.safeParse(value).success;
}

/** A mapping in which `pulumi config set --secret --path` has put each secret by itself. */
function isAllSecure(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const inner = Object.values(value);
  return inner.length > 0 && inner.every((one) => isSecure(one) || isAllSecure(one));
}

function unsealed(value: unknown, open: (text: string) => string): unknown {
  const secure = secureSchema.safeParse(value);
  if (secure.success) return open(secure.data.secure);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unsealed(inner, open)]));
}

function seal(value: unknown): unknown {
  if (isSecure(value)) return sealed;
  if (Array.isArray(value)) return value.map(seal);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, seal(inner)]));
}
