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

  /**
   * Yes or no; "no" is the answer of the Return key.
   *
   * @throws CommandError (exit code 2) when nobody can be asked.
   */
  async confirm(question: Question): Promise<boolean> {
    this.require(question);
    const { confirm } = await import("@clack/prompts");
    const answer = await confirm({ message: plainText(question.text), initialValue: false, output: process.stderr });
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
    const answer = await text({ message, output: process.stderr });
    return typeof answer === "string" ? answer.trim() === expected : interrupted();
  }

  private require(question: Question): void {
    if (this.canAsk) return;
    const why = this.json ? "--json was given" : "there is no terminal";
    throw usageError(`nobody can be asked (${why}): ${question.text}`, `add ${question.flag} to answer it`);
  }
}

function interrupted(): never {
  throw new Interrupted();
}
