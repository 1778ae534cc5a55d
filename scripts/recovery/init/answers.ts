import { shellCredential, tokenSource } from "../../../site/settings/credentials";
import type { CommandContext } from "../../project/context";
import { readPassphrase } from "../../project/passphrase-source";
import { usualPassphraseFile } from "./passphrase";
import type { InitRequest } from "./request";

/** An answer that a script gives by a flag. */
export interface Answer {
  readonly flags: string;
  /** The words that give it; undefined: it is missing. */
  readonly words: readonly string[] | undefined;
  /** What could stand there, in the line that is printed. */
  readonly example: readonly string[];
}

/** By either of them the node proves itself. */
export const trustFlags = "--ca or --fingerprint";

/** What else a script has to say, in a hint that is about the certificate; empty where there is nothing. */
export function alsoMissing(request: InitRequest, context: CommandContext): string {
  const missing = answersOf(request, context).filter(({ flags, words }) => words === undefined && flags !== trustFlags);
  return missing.length === 0 ? "" : `; ${namesOf(missing)} ${missing.length === 1 ? "is" : "are"} missing as well`;
}

/** Every answer that a line without questions needs, in the order of its words; some are given by the shell. */
export function answersOf(request: InitRequest, { io }: Pick<CommandContext, "io">): Answer[] {
  const { environment, endpoint, ca, fingerprint, node, tokenFile, storage, passphraseFile, force } = request;
  const token = shellCredential(tokenSource, environment, io.environment);
  const passphrase = readPassphrase(environment, io.environment);
  const trust = fingerprint === undefined ? answer("--ca", ca, "") : answer("--fingerprint", fingerprint, "");
  return [
    answer("--endpoint", endpoint, "192.0.2.11"),
    { ...trust, flags: trustFlags, example: ["--ca", "pve-root-ca.pem"] },
    answer("--token-file", tokenFile, "token", token !== undefined),
    answer("--passphrase-file", passphraseFile, usualPassphraseFile(io.environment), passphrase.kind !== "none"),
    answer("--node", node, "", true),
    answer("--storage", storage, "backup"),
    { flags: "--force", words: force ? ["--force"] : undefined, example: ["--force"] },
  ];
}

function answer(flag: string, value: string | undefined, example: string, isElsewhere = false): Answer {
  const words = value === undefined ? (isElsewhere ? [] : undefined) : [flag, value];
  return { flags: flag, words, example: [flag, example] };
}

/** `--endpoint, --storage and --force`. */
export function namesOf(missing: readonly Answer[]): string {
  const names = missing.map(({ flags }) => flags);
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`;
}
