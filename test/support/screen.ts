/**
 * What a terminal shows after all of a text has come, as lines: also what was written over, as questions write over themselves.
 *
 * @throws Error for a control sequence that is not known here
 */
export function screenOf(text: string, columns: number): string[] {
  const screen = new Screen(columns);
  for (const [token] of text.matchAll(tokens)) screen.take(token);
  return screen.shown();
}

/** A control sequence, or one character. */
// eslint-disable-next-line no-control-regex
const tokens = /\u001b\[[?\d;]*[A-Za-z]|\u001b[()][A-Z0-9]|[^]/gu;

class Screen {
  private readonly rows: string[][] = [];
  private row = 0;
  private column = 0;

  constructor(private readonly columns: number) {}

  take(token: string): void {
    // eslint-disable-next-line no-control-regex
    const [, count = "", verb] = /^\u001b\[([?\d;]*)([A-Za-z])$/u.exec(token) ?? [];
    if (verb !== undefined) this.move(verb, count);
    else if (token === "\n") this.row += 1;
    else if (token === "\r") this.column = 0;
    else if (token === "\b") this.column = Math.max(0, this.column - 1);
    else if (token >= " " && token !== "\u007f") this.put(token);
  }

  shown(): string[] {
    const lines = Array.from(this.rows, (row) =>
      Array.from(row ?? [], (one) => one ?? " ")
        .join("")
        .trimEnd(),
    );
    return lines.join("\n").trimEnd().split("\n");
  }

  private put(character: string): void {
    // A terminal goes to the next line with the first character that has no place any more.
    if (this.column >= this.columns) {
      this.row += 1;
      this.column = 0;
    }
    (this.rows[this.row] ??= [])[this.column] = character;
    this.column += 1;
  }

  private move(verb: string, count: string): void {
    const steps = Number(count || "1");
    const moves: Readonly<Record<string, () => void>> = {
      A: () => (this.row = Math.max(0, this.row - steps)),
      B: () => (this.row += steps),
      C: () => (this.column = Math.min(this.columns - 1, this.column + steps)),
      D: () => (this.column = Math.max(0, this.column - steps)),
      G: () => (this.column = steps - 1),
      J: () => this.eraseBelow(),
      K: () => this.eraseBehind(),
    };
    // Colours, and whether the cursor is seen, change nothing of what is there.
    if ("mhl".includes(verb)) return;
    const known = moves[verb];
    if (known === undefined) throw new Error(`No such control sequence is known here: ${count}${verb}`);
    known();
  }

  private eraseBelow(): void {
    this.eraseBehind();
    this.rows.length = Math.min(this.rows.length, this.row + 1);
  }

  private eraseBehind(): void {
    const row = this.rows[this.row];
    if (row !== undefined) row.length = Math.min(row.length, this.column);
  }
}
