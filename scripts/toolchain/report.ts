/** One line of `npm run toolchain -- --check`. */
export interface CheckedPart {
  readonly part: string;
  readonly version: string;
  /** An Origin, or "missing". */
  readonly origin: string;
  /** The program, or null where it is missing. */
  readonly path: string | null;
}

/** The table of a check, or the same as JSON: `{ complete, parts: [{ part, version, origin, path }] }`. */
export function printCheck(checked: readonly CheckedPart[], asJson: boolean): string {
  if (asJson) {
    const complete = checked.every((part) => part.path !== null);
    return `${JSON.stringify({ complete, parts: checked }, null, 2)}\n`;
  }
  const rows = checked.map((part) => [part.part, part.version, part.origin, part.path ?? "-"]);
  return table([["part", "version", "origin", "path"], ...rows]);
}

function table(rows: readonly (readonly string[])[]): string {
  const columns = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(columns[column] ?? 0)).join("  ");
  return `${rows.map((row) => line(row).trimEnd()).join("\n")}\n`;
}
