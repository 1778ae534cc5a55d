import { createHash } from "node:crypto";
import { Transform } from "node:stream";

/**
 * Lets bytes through, and ends with an error where they are not those that were told. The last of them wait for that: whoever takes a
 * known number of bytes has them all before a stream ends.
 *
 * @param failure made only where it is needed
 */
export function provenBytes(
  { sha256, bytes }: { readonly sha256: string; readonly bytes: number },
  failure: () => Error,
): Transform {
  const hash = createHash("sha256");
  let count = 0;
  let held: Buffer | undefined;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      count += chunk.length;
      const before = held;
      held = chunk;
      done(null, before);
    },
    flush(done) {
      if (hash.digest("hex") === sha256 && count === bytes) done(null, held);
      else done(failure());
    },
  });
}
