/** A file or folder that somebody else could have put there, or changed. */
export class UnsafePath extends Error {
  override readonly name = "UnsafePath";

  constructor(
    readonly path: string,
    reason: string,
    /** The command that mends it. */
    readonly mend: string,
  ) {
    super(`${path} is not safe: ${reason}`);
  }
}
