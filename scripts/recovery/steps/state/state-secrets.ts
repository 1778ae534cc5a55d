import type { SecretsKeeper } from "../../../../site/state/checkpoint";
import type { OpenSecret } from "../../../../site/state/state-diff";
import { CommandError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";
import { openSecrets, UnreadableSecret, WrongPassphrase } from "../../../project/passphrase";
import { passphraseOrigin, readPassphrase } from "../../../project/passphrase-source";
import type { Redactor } from "../../../terminal/redactor";

/** What opening the secrets of a state came to. */
export type Opening =
  | { readonly kind: "open"; readonly open: OpenSecret }
  /** Nothing to prove here: there are no secrets, or a service outside keeps them. */
  | { readonly kind: "no-passphrase"; readonly why: string }
  | {
      readonly kind: "shut";
      readonly why: string;
      /** It is the passphrase that fails, and not the state. */
      readonly byPassphrase: boolean;
    };

/** Opens the secrets of an environment's states with the passphrase that the operator gave. A salt is worked on once: it takes a while. */
export class StateSecrets {
  private readonly openings = new Map<string, Promise<Opening>>();

  constructor(
    private readonly environment: string,
    private readonly variables: Readonly<Record<string, string | undefined>>,
    private readonly redactor: Redactor,
  ) {}

  /** Tries the passphrase on a state. */
  try(keeper: SecretsKeeper): Promise<Opening> {
    switch (keeper.kind) {
      case "none":
        return Promise.resolve({ kind: "no-passphrase", why: "it holds no secrets" });
      case "other":
        return Promise.resolve({ kind: "no-passphrase", why: `its secrets are kept by ${keeper.type}` });
      case "passphrase":
        return this.ofSalt(keeper.salt);
    }
  }

  /**
   * Proves that the passphrase opens a state.
   *
   * @param which `the restore point 3f2a…`, for the message.
   * @throws CommandError (12)
   */
  async prove(keeper: SecretsKeeper, which: string): Promise<Exclude<Opening, { kind: "shut" }>> {
    const opening = await this.try(keeper);
    if (opening.kind !== "shut") return opening;
    throw new CommandError(`${opening.why} (${which})`, {
      exitCode: exitCodes.passphrase,
      hint: "set PULUMI_CONFIG_PASSPHRASE_FILE (or PULUMI_CONFIG_PASSPHRASE) to the passphrase that the stack had then; nothing was changed",
    });
  }

  /**
   * Of many states that were tried: says so where the passphrase has opened none, which tells of the passphrase and not of
   * the states.
   *
   * @throws CommandError (12)
   */
  async requireAny(): Promise<void> {
    const all = await Promise.all(this.openings.values());
    const [first] = all;
    if (first?.kind !== "shut" || !all.every((opening) => opening.kind === "shut" && opening.byPassphrase)) return;
    const { variable, words } = passphraseOrigin(this.environment, this.variables);
    throw new CommandError(`no state of ${this.environment} can be opened: ${first.why}${words}`, {
      exitCode: exitCodes.passphrase,
      hint: `set ${variable} to the passphrase of ${this.environment}; whether its states are good is not known`,
    });
  }

  private ofSalt(salt: string): Promise<Opening> {
    const known = this.openings.get(salt);
    if (known !== undefined) return known;
    const opening = this.work(salt);
    this.openings.set(salt, opening);
    return opening;
  }

  private async work(salt: string): Promise<Opening> {
    const found = readPassphrase(this.environment, this.variables);
    if (found.kind === "none")
      return { kind: "shut", why: "no passphrase is set, and the state is encrypted with one", byPassphrase: true };
    if (found.kind === "unreadable") return { kind: "shut", why: found.why, byPassphrase: true };
    try {
      const decrypt = await openSecrets(salt, this.redactor.remember(found.passphrase));
      return { kind: "open", open: (ciphertext) => orUndefined(() => decrypt(ciphertext)) };
    } catch (error) {
      if (error instanceof WrongPassphrase)
        return { kind: "shut", why: "the passphrase does not open the state", byPassphrase: true };
      if (error instanceof UnreadableSecret)
        return { kind: "shut", why: `the state's salt is damaged: ${error.message}`, byPassphrase: false };
      throw error;
    }
  }
}

/** A state that nobody could open is compared as it is: every secret counts as changed. */
export const shut: OpenSecret = () => undefined;

function orUndefined(open: () => string): string | undefined {
  try {
    return open();
  } catch (error) {
    if (error instanceof UnreadableSecret) return undefined;
    throw error;
  }
}
