import { plainText } from "../../../proxmox/api/plain-text";
import type { Block, Document, Section } from "./document";

/** One page without a script, an image or a link: it opens anywhere, also years later, and prints on paper. */
const styles = [
  "body { font: 15px/1.45 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1.5rem; color: #111; background: #fff; }",
  "h1 { font-size: 1.7rem; } h2 { font-size: 1.25rem; border-bottom: 2px solid #111; margin-top: 2rem; } h3 { font-size: 1.05rem; }",
  "table { border-collapse: collapse; width: 100%; margin: 0.6rem 0; } th, td { border: 1px solid #999; padding: 0.25rem 0.5rem; text-align: left; vertical-align: top; }",
  "th { background: #eee; } td { overflow-wrap: anywhere; }",
  "pre { border: 1px solid #999; background: #f6f6f6; padding: 0.5rem 0.75rem; white-space: pre-wrap; overflow-wrap: anywhere; font-size: 0.88rem; }",
  "pre .line { display: block; padding-left: 2em; text-indent: -2em; } pre .word { white-space: nowrap; }",
  "pre .line:empty::before { content: ' '; }",
  ".warning { border-left: 5px solid #b00; padding: 0.2rem 0.8rem; font-weight: 600; }",
  "@media print {",
  "  @page { margin: 16mm; }",
  "  body { font-size: 9.5pt; max-width: none; margin: 0; padding: 0 1px; }",
  "  h2, h3 { break-after: avoid; } tr, .warning { break-inside: avoid; } thead { display: table-header-group; }",
  "  th, pre { background: none; } .aside { display: none; }",
  "}",
];

export function htmlOf({ title, introduction, sections }: Document): string[] {
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    '<meta name="viewport" content="width=device-width">',
    `<title>${escape(title)}</title>`,
    "<style>",
    ...styles,
    "</style>",
    "</head>",
    "<body>",
    `<h1>${escape(title)}</h1>`,
    ...introduction.map(paragraph),
    ...sections.flatMap(sectionOf),
    "</body>",
    "</html>",
  ];
}

function sectionOf({ level, title, blocks }: Section): string[] {
  return [`<h${String(level)}>${escape(title)}</h${String(level)}>`, ...blocks.flatMap(linesOf)];
}

function linesOf(block: Block): string[] {
  switch (block.kind) {
    case "text":
      return [paragraph(block.text)];
    case "warning":
      return [`<p class="warning">${escape(block.text)}</p>`];
    case "list":
      return ["<ul>", ...block.items.map((item) => `<li>${escape(item)}</li>`), "</ul>"];
    case "table":
      return [
        "<table>",
        `<thead>${rowOf("th", block.columns)}</thead>`,
        "<tbody>",
        ...block.rows.map((row) => rowOf("td", row)),
        "</tbody>",
        "</table>",
      ];
    case "code":
      return block.notPrinted === true ? dataOf(block.lines) : codeOf(block.lines);
  }
}

/** For programs: they find each line as it is. */
function dataOf(lines: readonly string[]): string[] {
  return [`<pre class="aside">${escape(lines[0] ?? "")}`, ...lines.slice(1).map(escape), "</pre>"];
}

/** For people, who may type it from paper: what goes on below its own beginning is one line. Copied, it is as it was. */
function codeOf(lines: readonly string[]): string[] {
  return ["<pre", ...lines.map((line) => `><span class="line">${wordsOf(line)}</span`), "></pre>"];
}

/** Columns of paper that a line of code has at least. */
const columns = 60;

/** A browser breaks lines behind a hyphen, too: nobody could tell whether `-` and `-force` are one word then. */
function wordsOf(line: string): string {
  return escape(line).replace(/[^ ]*-[^ ]*/gu, (word) =>
    word.length <= columns ? `<span class="word">${word}</span>` : word,
  );
}

function paragraph(text: string): string {
  return `<p>${escape(text)}</p>`;
}

function rowOf(cell: "td" | "th", cells: readonly string[]): string {
  return `<tr>${cells.map((one) => `<${cell}>${escape(one)}</${cell}>`).join("")}</tr>`;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escape(text: string): string {
  return plainText(text).replace(/[&<>"']/gu, (character) => entities[character] ?? "");
}
