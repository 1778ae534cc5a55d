import type { Table } from "./talk";
import { parts, shortenName, type Words, width } from "./text";

/** A column of a table that fits its terminal. */
export interface Column<Row> {
  readonly heading: Words;
  readonly cell: (row: Row) => Words;
  /** Numbers end below each other. */
  readonly align?: "right";
  /** Set: left out where the terminal is too narrow, the highest number first. Otherwise it always stays. */
  readonly leaveOut?: number;
}

/** The first column. It gives way after the others have, and its texts are shortened, never left out. */
export interface NameColumn<Row> {
  readonly heading: Words;
  readonly name: (row: Row) => string;
  /** What stands before each name, such as a mark; all of one width. */
  readonly before: (row: Row) => Words;
}

/** Columns go before names are cut below this. */
const readableName = 24;

/** No name is cut below this, even if lines get longer than the terminal. */
const leastName = 8;

/** Between two columns. */
const gap = 2;

/** A column with its texts, all of one width where it is aligned to the right. */
interface Laid {
  readonly leaveOut: number;
  readonly texts: readonly Words[];
  readonly width: number;
}

/**
 * Lays rows out in the room that there is: first columns that may be left out go, then names get shorter.
 *
 * @param room columns of the terminal, less the table's indent.
 */
export function fitTable<Row>(
  rows: readonly Row[],
  names: NameColumn<Row>,
  columns: readonly Column<Row>[],
  room: number,
): Table {
  const before = Math.max(0, ...rows.map((row) => width(names.before(row))));
  const longest = Math.max(width(names.heading), ...rows.map((row) => width(names.name(row))));
  const kept = leaveOutSome(
    columns.map((column) => layOut(column, rows)),
    Math.min(longest, readableName),
    room - before,
  );
  const nameRoom = Math.max(leastName, Math.min(longest, roomForName(kept, room - before)));
  const first = [
    [" ".repeat(before), ...parts(names.heading)],
    ...rows.map((row): Words => [...parts(names.before(row)), shortenName(names.name(row), nameRoom)]),
  ];
  return first.map((words, index) => [words, ...kept.map(({ texts }) => texts[index] ?? "")]);
}

function layOut<Row>({ heading, cell, align, leaveOut = 0 }: Column<Row>, rows: readonly Row[]): Laid {
  const texts = [heading, ...rows.map((row) => cell(row))];
  const widest = Math.max(...texts.map((text) => width(text)));
  const aligned = align === "right" ? texts.map((text) => padStart(text, widest)) : texts;
  return { leaveOut, texts: aligned, width: widest };
}

function padStart(words: Words, columns: number): Words {
  return [" ".repeat(Math.max(0, columns - width(words))), ...parts(words)];
}

function leaveOutSome(columns: readonly Laid[], wanted: number, room: number): readonly Laid[] {
  let kept = columns;
  while (roomForName(kept, room) < wanted) {
    const worst = Math.max(0, ...kept.map(({ leaveOut }) => leaveOut));
    if (worst === 0) break;
    kept = kept.filter(({ leaveOut }) => leaveOut !== worst);
  }
  return kept;
}

function roomForName(columns: readonly Laid[], room: number): number {
  return columns.reduce((left, column) => left - gap - column.width, room);
}
