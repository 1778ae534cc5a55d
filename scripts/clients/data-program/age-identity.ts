import { readFileSync, statSync } from "node:fs";
import { Readable } from "node:stream";
import { Decrypter, identityToRecipient } from "age-encryption";
import { messageOf } from "../../machine/error-code";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";

/** Identities that open what was encrypted for a recipient. They stay on this machine. */
export interface AgeIdentities {
  /** Where they come from, for people. */
  readonly file: string;
  /** The secret texts. */
  readonly keys: readonly string[];
}

const keyPattern = /^AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]+$/u;

/**
 * Reads a file as `age-keygen` writes it: an identity on each line, comments and empty lines aside.
 *
 * @throws CommandError (12) for a file that cannot be read, that others may read, or that holds none
 */
export function readIdentities(file: string): AgeIdentities {
  const refuse = (why: string, hint: string): CommandError =>
    new CommandError(`the age identities in ${file} ${why}`, { exitCode: exitCodes.passphrase, hint });
  let text: string;
  try {
    text = readFileSync(file, "utf8");
    if ((statSync(file).mode & 0o077) !== 0) {
      throw refuse("can be read by others than you", `chmod 600 '${file}', and think about who has read it`);
    }
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw refuse(`cannot be read: ${messageOf(error)}`, "name the file with --identity or LIFEBOAT_AGE_IDENTITY_FILE");
  }
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (lines.length === 0) throw refuse("are none", "a file of identities is made with: age-keygen -o FILE");
  if (!lines.every((line) => keyPattern.test(line))) {
    throw refuse(
      "are of a form that is not read",
      "lines of AGE-SECRET-KEY-1… are; with a key of SSH or of a plugin, decrypt by hand: docs/guides/databases.md",
    );
  }
  return { file, keys: lines };
}

/**
 * By the public keys that a manifest names, before any byte of the dump is read.
 *
 * @throws CommandError (12) where it was encrypted for none of these identities
 */
export async function requireRecipient(
  what: string,
  recipients: readonly string[],
  { file, keys }: AgeIdentities,
): Promise<void> {
  const own = await Promise.all(keys.map((key) => identityToRecipient(key)));
  if (own.some((recipient) => recipients.includes(recipient))) return;
  throw foreign(what, file);
}

function foreign(what: string, file: string): CommandError {
  return new CommandError(`${what} is encrypted for another identity than those in ${file}`, {
    exitCode: exitCodes.passphrase,
    hint: "name the file with the right one: --identity FILE or LIFEBOAT_AGE_IDENTITY_FILE",
  });
}

/**
 * Decrypts a stream. Nothing of it can be trusted before it has ended: a stream that is cut off throws at its end.
 *
 * @throws CommandError (12) where no identity fits, (1) for what is no age file
 */
export async function decrypted(stored: Readable, { file, keys }: AgeIdentities): Promise<Readable> {
  const decrypter = new Decrypter();
  for (const key of keys) decrypter.addIdentity(key);
  try {
    return Readable.from(chunksOf(await decrypter.decrypt(webStreamOf(stored))), { objectMode: false });
  } catch (error) {
    if (error instanceof CommandError) throw error;
    if (!/no identity matched/u.test(messageOf(error))) {
      throw new CommandError(`it cannot be read as an age file: ${messageOf(error)}`, { exitCode: exitCodes.failed });
    }
    throw foreign("it", file);
  }
}

/** As the library wants it: Node's `Readable.toWeb` has types of its own. */
function webStreamOf(stored: Readable): ReadableStream<Uint8Array> {
  const chunks: AsyncIterator<Uint8Array> = stored[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await chunks.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
  });
}

async function* chunksOf(plain: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = plain.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
