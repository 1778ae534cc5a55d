import { once } from "node:events";
import { Interrupted, usageError } from "./command-error";
import type { InputOutput } from "./input-output";
import { plainText } from "../../proxmox/api/plain-text";

/** A question whose answer a script gives with a flag. */
export interface Question {
  /** One sentence that ends in a question mark. */
  text: string;
  /** The flag that answers it, such as `--force`. */
  flag: string;
}

/** One of several answers. */
export interface Choice {
  readonly value: string;
  readonly hint: string;
}

/** Asks on a terminal. Anywhere else a missing answer is an error that names the flag. */
export class Prompts {
  constructor(
    private readonly io: InputOutput,
    private readonly json: boolean,
  ) {}

  /** Whether somebody is there to be asked. */
  get canAsk(): boolean {
    return this.io.isTerminal.input && this.io.isTerminal.error && !this.json;
  }

  /** Why there is nobody to be asked, as the beginning of an error. */
  get whyNobody(): string {
    return `nobody can be asked (${this.json ? "--json was given" : "there is no terminal"})`;
  }

  /**
   * Yes or no; "no" is the answer of the Return key.
   *
   * @throws CommandError (exit code 2) when nobody can be asked.
   */
  async confirm(question: Question): Promise<boolean> {
    this.require(question);
    const { confirm } = await import("@clack/prompts");
    const message = plainText(question.text);
    const answer = await answerOf(confirm({ message, initialValue: false, output: process.stderr }), question);
    return typeof answer === "boolean" ? answer : interrupted();
  }

  /**
   * Wants a name typed again, before something that cannot be taken back.
   *
   * @returns whether it was typed exactly.
   * @throws CommandError (exit code 2) when nobody can be asked.
   */
  async retype(question: Question, expected: string): Promise<boolean> {
    this.require(question);
    const { text } = await import("@clack/prompts");
    const message = `${plainText(question.text)} Type '${plainText(expected)}' to go on.`;
    const answer = await answerOf(text({ message, output: process.stderr }), question);
    return typeof answer === "string" ? answer.trim() === expected : interrupted();
  }

  /**
   * Wants a line of text.
   *
   * @throws CommandError (exit code 2) when nobody can be asked.
   */
  async ask(question: Question, initial = ""): Promise<string> {
    this.require(question);
    const { text } = await import("@clack/prompts");
    const options = { message: plainText(question.text), initialValue: initial, output: process.stderr };
    const answer = await answerOf(text(options), question);
    return typeof answer === "symbol" ? interrupted() : (answer ?? "").trim();
  }

  /**
   * Wants a secret, which the terminal does not show.
   *
   * @throws CommandError (exit code 2) when nobody can be asked.
   */
  async secret(question: Question): Promise<string> {
    this.require(question);
    const { password } = await import("@clack/prompts");
    const answer = await answerOf(password({ message: plainText(question.text), output: process.stderr }), question);
    return typeof answer === "symbol" ? interrupted() : (answer ?? "").trim();
  }

  /**
   * Wants one of several.
   *
   * @param choices what is chosen, and what is said of it.
   * @throws CommandError (exit code 2) when nobody can be asked.
   */
  async choose(question: Question, choices: readonly Choice[]): Promise<string> {
    this.require(question);
    const { select } = await import("@clack/prompts");
    const options = choices.map(({ value, hint }) => ({ value, label: plainText(value), hint: plainText(hint) }));
    const message = plainText(question.text);
    const answer = await answerOf(select({ message, options, output: process.stderr }), question);
    return typeof answer === "string" ? answer : interrupted();
  }

  private require(question: Question): void {
    if (this.canAsk) return;
    throw usageError(`${this.whyNobody}: ${question.text}`, `add ${question.flag} to answer it`);
  }
}

/**
 * The answer, or an error where none can come any more: at the end of the input, as Ctrl-D, the question waits for ever, and
 * Node would end with 0 because nothing else is left to do.
 *
 * @throws CommandError (2)
 */
async function answerOf<Answer>(asked: Promise<Answer>, { flag }: Question): Promise<Answer> {
  const watch = new AbortController();
  const unanswered = once(process, "beforeExit", watch).then(() => {
    throw usageError("nobody answered; nothing was changed", `add ${flag} to answer it`);
  });
  try {
    return await Promise.race([asked, unanswered]);
  } finally {
    unanswered.catch(() => undefined);
    watch.abort();
  }
}

function interrupted(): never {
  throw new Interrupted();
}
