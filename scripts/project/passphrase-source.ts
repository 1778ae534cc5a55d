import { readFileSync } from "node:fs";
import { ownVariables, passphraseSource, shellCredential } from "../../site/settings/credentials";
import { messageOf } from "../machine/error-code";

const { variable: direct, fileVariable: named } = passphraseSource;

/** Whether a passphrase is given, and where from. */
export type FoundPassphrase =
  | { readonly kind: "given"; readonly passphrase: string }
  | { readonly kind: "none" }
  | { readonly kind: "unreadable"; readonly why: string };

/**
 * The passphrase of an environment, in Pulumi's order: the variable, then the file that the second variable names. Those
 * that name the environment go before the general ones.
 */
export function readPassphrase(
  environment: string,
  variables: Readonly<Record<string, string | undefined>>,
): FoundPassphrase {
  const { [direct]: passphrase, [named]: file } = ownVariables(environment, variables);
  if (passphrase !== undefined) return { kind: "given", passphrase };
  if (file === undefined || file === "") return { kind: "none" };
  try {
    // Pulumi strips white space around the passphrase in a file.
    return { kind: "given", passphrase: readFileSync(file, "utf8").trim() };
  } catch (error) {
    return { kind: "unreadable", why: `the passphrase file cannot be read: ${messageOf(error)}` };
  }
}

/** Where the passphrase of an environment is taken from. */
export interface PassphraseOrigin {
  /** The variable that gives it, or should. */
  readonly variable: string;
  /** ` (from PULUMI_CONFIG_PASSPHRASE_FILE: /keys/prod)`, after a sentence; nothing where none is given. */
  readonly words: string;
}

export function passphraseOrigin(
  environment: string,
  variables: Readonly<Record<string, string | undefined>>,
): PassphraseOrigin {
  const given = shellCredential(passphraseSource, environment, variables);
  if (given === undefined) return { variable: passphraseSource.fileVariable, words: "" };
  const { variable } = given;
  return { variable, words: ` (from ${variable}${given.kind === "file" ? `: ${given.path}` : ""})` };
}
