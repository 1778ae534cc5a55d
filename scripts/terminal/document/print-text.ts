import type { Lines } from "../talk";
import { bold, dim, width, yellow } from "../text";
import type { Block, Document } from "./document";

/** Prints a page for a terminal, or for a file that is read without one. */
export function printText({ title, introduction, sections }: Document, lines: Lines): void {
  lines.heading(title);
  for (const paragraph of introduction) lines.hanging("", paragraph);
  for (const { level, title: heading, blocks } of sections) {
    lines.line();
    lines.line(level === 2 ? bold(heading.toUpperCase()) : bold(heading));
    for (const block of blocks) printBlock(block, lines);
  }
}

function printBlock(block: Block, lines: Lines): void {
  switch (block.kind) {
    case "text":
      lines.hanging("  ", block.text);
      return;
    case "warning":
      lines.hanging(["  ", yellow("! ")], block.text);
      return;
    case "list":
      for (const item of block.items) lines.hanging("  - ", item);
      return;
    case "table":
      printTable(block.columns, block.rows, lines);
      return;
    case "code":
      for (const line of block.lines) lines.line(`    ${line}`);
  }
}

/** A table that is wider than the terminal is a paragraph for each row. */
function printTable(columns: readonly string[], rows: readonly (readonly string[])[], lines: Lines): void {
  const widths = columns.map((heading, at) => Math.max(width(heading), ...rows.map((row) => width(row[at] ?? ""))));
  const whole = widths.reduce((sum, one) => sum + one + 2, 2);
  if (whole <= lines.room) {
    lines.table([columns.map((heading) => dim(heading)), ...rows], "  ");
    return;
  }
  for (const [first = "", ...rest] of rows) {
    lines.hanging("  ", first, bold);
    for (const [at, cell] of rest.entries()) {
      if (cell !== "") lines.hanging(["    ", dim(`${columns[at + 1] ?? ""}: `)], cell);
    }
  }
}
