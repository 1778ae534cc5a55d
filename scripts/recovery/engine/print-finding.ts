import type { Finding } from "./step";
import type { Lines } from "../../terminal/talk";

const labels = { note: "Note", todo: "To do", problem: "PROBLEM" } as const;

export function printFinding({ severity, text, mend }: Finding, lines: Lines, indent = ""): void {
  lines.hanging(`${indent}${labels[severity]}: `, text);
  if (mend !== undefined) lines.line(`${indent}  mend it with: ${mend}`);
}
