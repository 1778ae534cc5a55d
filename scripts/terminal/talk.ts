import type { Redactor } from "./redactor";
import { hasColours, type InputOutput } from "./input-output";
import { bold, padEnd, parts, render, type Words, width, wrap, yellow } from "./text";

/** A table: the first row is the heading. */
export type Table = readonly (readonly Words[])[];

/** Prints lines to one stream: safe for terminals, without secrets. */
export class Lines {
  private readonly colours: boolean;

  constructor(
    private readonly write: (text: string) => void,
    private readonly io: InputOutput,
    private readonly stream: "output" | "error",
    private readonly redactor: Redactor,
  ) {
    this.colours = hasColours(io, stream);
  }

  /** Columns that a line may take: those of the terminal; anywhere else a line is as long as it is. */
  get room(): number {
    return this.io.isTerminal[this.stream] ? this.io.columns() : Infinity;
  }

  /** One line. Line breaks inside the words become spaces. */
  line(words: Words = ""): void {
    this.write(`${this.redactor.redact(render(words, this.colours))}\n`);
  }

  /** Several lines of text, each made safe by itself. */
  text(text: string, indent = ""): void {
    for (const line of text.split("\n")) this.line(`${indent}${line}`);
  }

  /** A long text behind a mark or a name: on a terminal it goes on below its own beginning. */
  hanging(prefix: Words, text: string, style: (line: string) => Words = (line) => line): void {
    const indent = width(prefix);
    const room = Math.max(20, this.room - indent);
    const lines = text.split("\n").flatMap((line) => wrap(line, room));
    lines.forEach((line, index) => {
      this.line([...parts(index === 0 ? prefix : " ".repeat(indent)), ...parts(style(line))]);
    });
  }

  /** A text for people: on a terminal it is broken between words. What is to be copied goes by {@link line}. */
  paragraph(text: string): void {
    this.hanging("", text);
  }

  heading(text: string): void {
    this.line(bold(text));
  }

  /**
   * Columns padded to their widest cell, two spaces apart.
   *
   * @param below prints what stands under a row, such as an id that is too long for a column.
   */
  table(table: Table, indent = "", below: (row: number) => void = () => undefined): void {
    const [first = []] = table;
    const columns = first.map((_, column) => Math.max(...table.map((row) => width(row[column] ?? ""))));
    for (const [index, row] of table.entries()) {
      this.line([indent, ...row.flatMap((cell, column) => [...parts(padEnd(cell, columns[column] ?? 0)), "  "])]);
      below(index);
    }
  }
}

/** Talks to the user on stderr. */
export class Talk extends Lines {
  /** Something that the user should know and that does not stop the command. */
  warning(text: string): void {
    this.hanging(yellow("WARNING: "), text);
  }

  /** What to do next; lines that are to be copied stand by themselves, and what is indented stays as it is. */
  hint(text: string): void {
    const [first = "", ...rest] = text.split("\n");
    this.hanging("HINT: ", first);
    for (const line of rest) {
      if (line.startsWith(" ")) this.line(line);
      else this.paragraph(line);
    }
  }
}
