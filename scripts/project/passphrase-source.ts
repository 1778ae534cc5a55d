import { readFileSync } from "node:fs";
import { ownVariables, passphraseSource } from "../../site/settings/credentials";
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
