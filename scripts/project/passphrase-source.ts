import { readFileSync } from "node:fs";
import { messageOf } from "../machine/error-code";

/** Whether a passphrase is given, and where from. */
export type FoundPassphrase =
  | { readonly kind: "given"; readonly passphrase: string }
  | { readonly kind: "none" }
  | { readonly kind: "unreadable"; readonly why: string };

/** The passphrase of a stack, in Pulumi's order: the variable, then the file that the second variable names. */
export function readPassphrase({
  PULUMI_CONFIG_PASSPHRASE: direct,
  PULUMI_CONFIG_PASSPHRASE_FILE: file,
}: Readonly<Record<string, string | undefined>>): FoundPassphrase {
  if (direct !== undefined) return { kind: "given", passphrase: direct };
  if (file === undefined || file === "") return { kind: "none" };
  try {
    // Pulumi strips white space around the passphrase in a file.
    return { kind: "given", passphrase: readFileSync(file, "utf8").trim() };
  } catch (error) {
    return { kind: "unreadable", why: `the passphrase file cannot be read: ${messageOf(error)}` };
  }
}
