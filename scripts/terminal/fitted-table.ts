import type { Table } from "./talk";
import { parts, type Words, width } from "./text";

/** A column of a table that fits its terminal. */
export interface Column<Row> {
  readonly heading: Words;
  readonly cell: (row: Row) => Words;
  /** Numbers end below each other. */
  readonly align?: "right";
  /** Set: left out where the terminal is too narrow, the highest number first. Otherwise it always stays. */
  readonly leaveOut?: number;
}

/** The one column that gives way after others have: its texts are shortened, never left out. */
export interface FlexibleColumn<Row> {
  readonly heading: Words;
  readonly text: (row: Row) => string;
  /** What stands before each text, such as a mark; all of one width. */
  readonly before?: (row: Row) => Words;
  /** Other columns go before texts are cut below this. */
  readonly readable: number;
  /** Cuts a text to so many columns. */
  readonly shorten: (text: string, columns: number) => string;
}

/** No text is cut below this, even if lines get longer than the terminal. */
const least = 8;

/** Between two columns. */
const gap = 2;

/** A column with its texts, all of one width where it is aligned to the right. */
interface Laid {
  readonly leaveOut: number;
  readonly texts: readonly Words[];
  readonly width: number;
}

/**
 * Lays rows out in the room that there is: first columns that may be left out go, then texts of the flexible column get
 * shorter.
 *
 * @param columns in order; exactly one is flexible.
 * @param room columns of the terminal, less the table's indent.
 * @returns the heading and the rows.
 */
export function fitTable<Row>(
  rows: readonly Row[],
  columns: readonly (Column<Row> | FlexibleColumn<Row>)[],
  room: number,
): Table {
  const flexible = columns.find((column) => "shorten" in column);
  if (flexible === undefined) throw new TypeError("No column of the table gives way.");
  const laid = new Map(
    columns.flatMap((column) => ("shorten" in column ? [] : [[column, layOut(column, rows)] as const])),
  );
  const before = Math.max(0, ...rows.map((row) => width(flexible.before?.(row) ?? "")));
  const longest = Math.max(width(flexible.heading), ...rows.map((row) => width(flexible.text(row))));
  const kept = leaveOutSome([...laid.values()], Math.min(longest, flexible.readable), room - before);
  const texts = layOutFlexible(flexible, rows, before, Math.min(longest, roomLeft(kept, room - before)));
  const shown = columns.flatMap((column) => {
    if (column === flexible) return [texts];
    const ordinary = "shorten" in column ? undefined : laid.get(column);
    return ordinary !== undefined && kept.includes(ordinary) ? [ordinary.texts] : [];
  });
  return [undefined, ...rows].map((_, index) => shown.map((cells) => cells[index] ?? ""));
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

function layOutFlexible<Row>(
  { heading, text, before, shorten }: FlexibleColumn<Row>,
  rows: readonly Row[],
  indent: number,
  room: number,
): Words[] {
  return [
    [" ".repeat(indent), ...parts(heading)],
    ...rows.map((row): Words => [...parts(before?.(row) ?? ""), shorten(text(row), Math.max(least, room))]),
  ];
}

function leaveOutSome(columns: readonly Laid[], wanted: number, room: number): readonly Laid[] {
  let kept = columns;
  while (roomLeft(kept, room) < wanted) {
    const worst = Math.max(0, ...kept.map(({ leaveOut }) => leaveOut));
    if (worst === 0) break;
    kept = kept.filter(({ leaveOut }) => leaveOut !== worst);
  }
  return kept;
}

function roomLeft(columns: readonly Laid[], room: number): number {
  return columns.reduce((left, column) => left - gap - column.width, room);
}
