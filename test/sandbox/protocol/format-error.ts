/** A value that does not have its format. The text ends without a line break. */
export class FormatError extends Error {
  override readonly name = "FormatError";
  /** A text for each wrong key of a property string; empty for a value without keys. */
  readonly problems: ReadonlyMap<string, string>;

  constructor(message: string, problems: ReadonlyMap<string, string> = new Map()) {
    super(message);
    this.problems = problems;
  }
}
