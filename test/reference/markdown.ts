/** Lines of a table; a cell keeps on one line whatever it holds. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [row(headings), row(headings.map(() => "---")), ...rows.map(row)];
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((text) => text.replace(/\s*\n\s*/gu, " ").replace(/\|/gu, "\\|")).join(" | ")} |`;
}
