/**
 * In the place of `@clack/prompts` in the kit: whoever sits at the terminal of a run says yes to every question, types what it
 * names again, and takes what is offered. Real terminals have the real library: `test/support/conversation.ts`.
 */

interface Asked {
  readonly message: string;
  readonly initialValue?: string;
}

export async function confirm(): Promise<boolean> {
  return true;
}

export async function text({ message, initialValue = "" }: Asked): Promise<string> {
  return /Type '(.*)' to go on\.$/u.exec(message)?.[1] ?? initialValue;
}
