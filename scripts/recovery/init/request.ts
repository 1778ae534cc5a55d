import type { CommandContext } from "../../project/context";
import { failureOf } from "../../clients/failure";
import { Interrupted } from "../../terminal/command-error";
import type { Question } from "../../terminal/prompts";

/** What `lifeboat init` was given by flags. What is missing is asked, where somebody is there. */
export interface InitRequest {
  /** Of the settings: `home` for `Pulumi.home.yaml`. */
  readonly environment: string;
  /** Address of a node, or of any node of a cluster. */
  readonly endpoint?: string | undefined;
  /** PEM file of the authority that signed the node's certificate. */
  readonly ca?: string | undefined;
  /** SHA-256 of the node's certificate. */
  readonly fingerprint?: string | undefined;
  /** Name of the node on which guests live. */
  readonly node?: string | undefined;
  /** File that holds the API token. */
  readonly tokenFile?: string | undefined;
  /** File that holds the passphrase, or is to. */
  readonly passphraseFile?: string | undefined;
  /** Storage for backups. */
  readonly storage?: string | undefined;
  /** Nobody is to be asked whether to write. */
  readonly force: boolean;
  /** Words of the command line that follow those of all answers, for a line that does the same: `--adopt-all`. */
  readonly further: readonly string[];
}

/**
 * What a flag says, else what somebody answers: asked again until it is something that can be used.
 *
 * @param read makes something of the text. @throws CommandError, ProxmoxError
 */
export async function answered<Value>(
  given: string | undefined,
  ask: (question: Question) => Promise<string>,
  question: Question,
  read: (text: string) => Value | Promise<Value>,
  { talk }: Pick<CommandContext, "talk">,
): Promise<Value> {
  if (given !== undefined) return read(given);
  for (;;) {
    const text = await ask(question);
    try {
      return await read(text);
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      const failure = failureOf(error, undefined);
      if (failure.stack !== undefined) throw error;
      talk.line(failure.reason);
      if (failure.hint !== undefined) talk.hint(failure.hint);
    }
  }
}

/** `~` is for the shell, which a question has not. */
export function expandHome(path: string, variables: Readonly<Record<string, string | undefined>>): string {
  return path.replace(/^~(?=\/)/u, variables["HOME"] ?? "~");
}
