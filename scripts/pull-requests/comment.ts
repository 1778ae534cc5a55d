import { codeBlock, firstLines } from "./code-block";
import { type Change, type Operation, operations, type StackPreview } from "../inspect/preview/preview-file";

/** What a comment is about. */
export interface CommentSubject {
  /** SHA of the commit that was previewed: hexadecimal digits. */
  commit: string;
  /** Address of the run that made the previews. */
  runUrl: string;
}

/** First line of the comment: how the next run finds it. HTML comments are not shown. */
export const marker = "<!-- lifeboat: preview -->";

/** GitHub takes 65,536 characters; counted in bytes there is room to spare. */
const longestComment = 60_000;

/** Lines that a block may have: as many as fit. With none there is only the table. */
const lineLimits = [200, 50, 10, 1, 0];

/** Rows of the table. More stacks than this have no place in a comment. */
const mostStacks = 150;

type Previewed = Extract<StackPreview, { outcome: "previewed" }>;
type Failed = Extract<StackPreview, { outcome: "failed" }>;

/** The comment on a pull request: what it would change, worst first. Never too long for GitHub. */
export function renderComment(previews: readonly StackPreview[], subject: CommentSubject): string {
  const versions = lineLimits.map((limit) => () => renderWith(previews, subject, limit));
  for (const version of versions) {
    const comment = version();
    if (Buffer.byteLength(comment) <= longestComment) return comment;
  }
  throw new Error("a comment of nothing but its table is too long");
}

function renderWith(previews: readonly StackPreview[], subject: CommentSubject, limit: number): string {
  const parts = [marker, "## Preview", alarm(previews), table(previews)];
  if (limit > 0) parts.push(...previews.flatMap((preview) => sections(preview, limit)));
  const what = limit === lineLimits[0] ? "" : " There is more than fits in here: the run has all of it.";
  parts.push(`Commit \`${subject.commit.slice(0, 12)}\`, [run](${subject.runUrl}).${what}`);
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

/** What nobody may overlook: data can be lost. */
function alarm(previews: readonly StackPreview[]): string {
  const done = previews.filter((preview) => preview.outcome === "previewed");
  const lines = done.flatMap(({ stack, counts }) => {
    const numbers = loud.flatMap((operation) => (counts[operation] > 0 ? [`${counts[operation]} ${operation}`] : []));
    return numbers.length === 0 ? [] : [`> - **${numbers.join(", ")}** in \`${stack}\``];
  });
  if (lines.length === 0) return "";
  const first = ["> [!CAUTION]", "> What is replaced or deleted loses what is in it.", ">"];
  return [...first, ...lines.slice(0, mostStacks)].join("\n");
}

const loud = ["replace", "delete"] as const;

function isLoud({ operation }: Change): boolean {
  return operation === "replace" || operation === "delete";
}

function table(previews: readonly StackPreview[]): string {
  const columns = ["create", "import", "update", "replace", "delete", "same"] as const;
  const rows = previews.slice(0, mostStacks).map((preview) => {
    if (preview.outcome === "failed") return [`\`${preview.stack}\``, "**failed**", ...columns.slice(1).map(() => "")];
    const cells = columns.map((column) => cell(column, preview.counts[column]));
    return [`\`${preview.stack}\``, ...cells];
  });
  const left = previews.length - rows.length;
  return [
    ["stack", ...columns],
    ["---", ...columns.map(() => "--:")],
    ...rows,
    ...(left > 0 ? [[`… and ${String(left)} more`, ...columns.map(() => "")]] : []),
  ]
    .map((row) => `| ${row.join(" | ")} |`)
    .join("\n");
}

function cell(column: Operation | "same", count: number): string {
  if (count === 0) return "";
  return column === "replace" || column === "delete" ? `**${String(count)}**` : String(count);
}

function sections(preview: StackPreview, limit: number): string[] {
  return [
    ...(preview.outcome === "failed" ? failure(preview, limit) : changes(preview, limit)),
    ...warnings(preview, limit),
  ];
}

function failure({ stack, reason }: Failed, limit: number): string[] {
  return [`### \`${stack}\` cannot be previewed`, codeBlock(firstLines(reason.split("\n"), limit), "text")];
}

/** Replaced and deleted resources are shown, the others folded. */
function changes({ stack, counts, changes: all }: Previewed, limit: number): string[] {
  const total = (wanted: readonly Operation[]): number => wanted.reduce((sum, each) => sum + counts[each], 0);
  const worst = all.filter(isLoud);
  const others = all.filter((change) => !isLoud(change));
  const quiet = total(operations) - total(loud);
  return [
    ...(total(loud) === 0 ? [] : [`### \`${stack}\`: replaced or deleted`, block(worst, limit, total(loud))]),
    ...(quiet === 0
      ? []
      : [
          folded(
            `${stack}: ${plural(quiet, total(loud) === 0 ? "change" : "other change")}`,
            block(others, limit, quiet),
          ),
        ]),
  ];
}

function block(shown: readonly Change[], limit: number, total: number): string {
  return codeBlock(firstLines(shown.slice(0, limit).map(lineOf), limit, total), "diff");
}

/** Signs with which GitHub colours a difference: red, green, orange. */
const signs: Readonly<Record<Operation, string>> = {
  replace: "-+",
  delete: "-",
  update: "!",
  import: "+",
  create: "+",
};

function lineOf({ operation, resource, type, properties }: Change): string {
  // `proxmoxve:index/containerLegacy:ContainerLegacy`: its last word says enough.
  const kind = type.split(":").at(-1) ?? type;
  const named = properties.length === 0 ? "" : `: ${properties.join(", ")}`;
  return `${signs[operation].padEnd(2)} ${operation.padEnd(7)} ${resource} (${kind})${named}`;
}

function warnings({ stack, warnings: all }: StackPreview, limit: number): string[] {
  if (all.length === 0) return [];
  const lines = all.flatMap((warning) => warning.split("\n").map((line, index) => (index === 0 ? line : `  ${line}`)));
  return [folded(`${stack}: ${plural(all.length, "warning")}`, codeBlock(firstLines(lines, limit), "text"))];
}

/** @param title no text from outside but names of stacks, which hold no character that HTML or Markdown minds. */
function folded(title: string, body: string): string {
  return `<details><summary>${title}</summary>\n\n${body}\n\n</details>`;
}

function plural(count: number, noun: string): string {
  return `${String(count)} ${noun}${count === 1 ? "" : "s"}`;
}
