import { plainText } from "../../../proxmox/api/plain-text";
import type { Block, Document } from "./document";

/** A page as Markdown, line by line. No name in it becomes a heading, a link or HTML. */
export function markdownOf({ title, introduction, sections }: Document): string[] {
  return [
    `# ${escape(title)}`,
    ...introduction.flatMap((paragraph) => ["", escape(paragraph)]),
    ...sections.flatMap(({ level, title: heading, blocks }) => [
      "",
      `${"#".repeat(level)} ${escape(heading)}`,
      ...blocks.flatMap((block) => ["", ...linesOf(block)]),
    ]),
  ];
}

function linesOf(block: Block): string[] {
  switch (block.kind) {
    case "text":
      return [escape(block.text)];
    case "warning":
      return [`> **${escape(block.text)}**`];
    case "list":
      return block.items.map((item) => `- ${escape(item)}`);
    case "table":
      return [
        rowOf(block.columns),
        rowOf(block.columns.map(() => "---")),
        ...block.rows.map((row) => rowOf(row.map(escape))),
      ];
    case "code":
      return block.lines.map((line) => `    ${plainText(line)}`);
  }
}

function rowOf(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** Punctuation by which Markdown means something, anywhere or at the beginning of a line. */
function escape(text: string): string {
  return plainText(text)
    .replace(/[\\`*_[\]<>|&]/gu, String.raw`\$&`)
    .replace(/^[#+-]/u, String.raw`\$&`)
    .replace(/^(\d+)([.)])(?=\s|$)/u, String.raw`$1\$2`);
}
