/** What a look before an update comes to. */
export interface Verdict {
  /** Each a complete message with its hint. Any of them stops the program. */
  readonly refusals: readonly string[];
  readonly warnings: readonly string[];
}

export const fine: Verdict = { refusals: [], warnings: [] };

export function together(verdicts: readonly Verdict[]): Verdict {
  return {
    refusals: verdicts.flatMap(({ refusals }) => refusals),
    warnings: verdicts.flatMap(({ warnings }) => warnings),
  };
}

export function refuse(message: string, hint: string): Verdict {
  return { refusals: [`${message}\nHINT: ${hint}`], warnings: [] };
}

export function warn(message: string): Verdict {
  return { refusals: [], warnings: [message] };
}
