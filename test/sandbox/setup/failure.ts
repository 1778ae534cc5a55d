/** A failure that is told without a stack: what is wrong, and what to do about it. */
export class SandboxError extends Error {
  override readonly name = "SandboxError";
  readonly hint: string | undefined;
  /** 1 failed, 2 used wrongly. */
  readonly exitCode: number;

  constructor(message: string, options: { hint?: string; exitCode?: number } = {}) {
    super(message);
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? 1;
  }
}
