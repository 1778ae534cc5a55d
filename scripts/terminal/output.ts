import type { Redactor } from "./redactor";
import type { InputOutput } from "./input-output";
import { Lines } from "./talk";

/** Data on stdout: one JSON object in a line with `--json`, else text. Both come from the same value. */
export class Output {
  private readonly lines: Lines;
  private isClosed = false;

  constructor(
    private readonly io: InputOutput,
    readonly json: boolean,
    private readonly redactor: Redactor,
  ) {
    this.lines = new Lines(io.writeOutput, io, "output", redactor);
  }

  /**
   * Prints a command's result.
   *
   * @param value what scripts get; the member `message_type` is added.
   * @param print prints the same for people.
   */
  result(value: Readonly<Record<string, unknown>>, print: (lines: Lines) => void): void {
    if (this.isClosed) return;
    if (this.json) this.message("result", value);
    else print(this.lines);
  }

  /** What a command that was left where it was goes on to print is dropped. */
  close(): void {
    this.isClosed = true;
  }

  /** One JSON line. Only for `--json`: results, errors, and whatever else scripts follow. */
  message(type: string, value: Readonly<Record<string, unknown>>): void {
    if (this.isClosed) return;
    this.io.writeOutput(`${this.redactor.redact(safeJson({ message_type: type, ...value }))}\n`);
  }
}

/** JSON in which no character steers a terminal: `JSON.stringify` leaves DEL, C1 and the direction marks as they are. */
export function safeJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
