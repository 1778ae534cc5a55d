import { createHash } from "node:crypto";
import { type Readable, Transform, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { type AgeIdentities, decrypted } from "./age-identity";

/** What is carried from one place to another. */
export interface Cargo {
  readonly from: Readable;
  readonly to: Writable;
  /** Of the bytes as they are stored. */
  readonly sha256: string;
  readonly size: number;
  /** Opens it on the way. Undefined: it goes on as it comes. */
  readonly identities?: AgeIdentities | undefined;
  readonly onBytes?: ((count: number) => void) | undefined;
}

/**
 * Carries a stream through this machine. Whoever takes it learns of its end only when every byte of it was the right one:
 * what is cut off, or another file than the manifest knows, ends without that end.
 *
 * @throws CommandError (1, 12)
 */
export async function carry(
  { from, to, sha256, size, identities, onBytes }: Cargo,
  signal: AbortSignal,
): Promise<void> {
  const hash = createHash("sha256");
  let count = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      count += chunk.length;
      onBytes?.(count);
      done(null, chunk);
    },
    flush(done) {
      const found = hash.digest("hex");
      done(found === sha256 && count === size ? null : otherBytes({ count, size }));
    },
  });
  // Without the signal the taker would wait for ever for what a broken connection has held back.
  const reading = pipeline(from, counted, { signal });
  reading.catch(() => undefined);
  const plain = identities === undefined ? counted : await decrypted(counted, identities);
  await pipeline(plain, to, { signal });
  await reading;
}

function otherBytes({ count, size }: { readonly count: number; readonly size: number }): CommandError {
  const what = count === size ? "its sum is another" : `${String(count)} of ${String(size)} bytes came`;
  return new CommandError(`what was read is not what the manifest tells: ${what}`, { exitCode: exitCodes.failed });
}
