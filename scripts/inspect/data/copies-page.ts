import { formatAge, formatBytes } from "../../terminal/durations";
import { type Column, fitTable, type FlexibleColumn } from "../../terminal/fitted-table";
import type { Lines } from "../../terminal/talk";
import { dim, red, shorten, type Words, yellow } from "../../terminal/text";
import { printDumps } from "./data-page";
import type { CopiedSource } from "./read-copies";

/** The copies of all sources, a line each; of one guest also each copy. */
export function printCopies(copies: readonly CopiedSource[], withDumps: boolean, lines: Lines): void {
  const columns: (Column<CopiedSource> | FlexibleColumn<CopiedSource>)[] = [
    { heading: dim("GUEST"), cell: ({ environment, guest }) => `${environment}/${guest}` },
    { heading: dim("SOURCE"), cell: ({ source }) => source },
    { heading: dim("NEWEST"), cell: newest, align: "right" },
    {
      heading: dim("SIZE"),
      cell: ({ dumps: [dump] }) => (dump === undefined ? "" : formatBytes(dump.bytes)),
      align: "right",
      leaveOut: 1,
    },
    {
      heading: dim("COPIES"),
      cell: ({ dumps, unseen }) => (unseen === null ? String(dumps.length) : ""),
      align: "right",
      leaveOut: 2,
    },
    { heading: dim(""), text: ({ unseen, problem }) => unseen ?? problem ?? "", readable: 12, shorten },
  ];
  lines.table(fitTable(copies, columns, lines.room));
  for (const place of new Set(copies.flatMap(({ bucket }) => bucket ?? []))) lines.line(dim(`in ${place}`));
  if (!withDumps) return;
  for (const { source, dumps, damaged, doubts } of copies) {
    printDumps({ source, dumps, savePoints: [] }, lines);
    for (const { dump, why } of damaged) lines.hanging(`  ${dump}: `, why);
    for (const doubt of doubts) lines.hanging("  look: ", doubt);
  }
}

function newest({ unseen, dumps: [dump] }: CopiedSource): Words {
  if (unseen !== null) return yellow("unknown");
  return dump === undefined ? red("none") : formatAge(dump.ageSeconds);
}
