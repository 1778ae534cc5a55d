/** Lines around a change that are shown with it. */
const context = 3;

type Edit = { kind: " " | "-" | "+"; line: string };

/**
 * The hunks of `diff -u` between two short texts; empty when they are the same.
 */
export function unifiedHunks(before: string, after: string): string {
  const edits = editsBetween(toLines(before), toLines(after));
  const changed = edits.flatMap(({ kind }, index) => (kind === " " ? [] : [index]));
  let text = "";
  for (let first = 0; first < changed.length;) {
    let last = first;
    while (last + 1 < changed.length && (changed[last + 1] ?? 0) - (changed[last] ?? 0) <= 2 * context) last += 1;
    text += hunk(edits, Math.max(0, (changed[first] ?? 0) - context), (changed[last] ?? 0) + context + 1);
    first = last + 1;
  }
  return text;
}

function toLines(text: string): string[] {
  return text.endsWith("\n") ? text.slice(0, -1).split("\n") : text.split("\n");
}

function hunk(edits: readonly Edit[], from: number, to: number): string {
  const before = count(edits.slice(0, from), "+");
  const after = count(edits.slice(0, from), "-");
  const own = edits.slice(from, to);
  const heading = `@@ -${range(before, count(own, "+"))} +${range(after, count(own, "-"))} @@`;
  return `${heading}\n${own.map(({ kind, line }) => `${kind}${line}\n`).join("")}`;
}

/** Lines that one side has: all but the other side's own. */
function count(edits: readonly Edit[], without: "+" | "-"): number {
  return edits.filter(({ kind }) => kind !== without).length;
}

function range(start: number, length: number): string {
  return length === 1 ? String(start + 1) : `${String(length === 0 ? start : start + 1)},${String(length)}`;
}

/** By the longest common subsequence: quadratic, for files of a few hundred lines. */
function editsBetween(before: readonly string[], after: readonly string[]): Edit[] {
  const common = before.map(() => Array.from({ length: after.length + 1 }, () => 0));
  common.push(Array.from({ length: after.length + 1 }, () => 0));
  const at = (row: number, column: number): number => common[row]?.[column] ?? 0;
  for (let row = before.length - 1; row >= 0; row -= 1) {
    for (let column = after.length - 1; column >= 0; column -= 1) {
      const best =
        before[row] === after[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
      common[row]?.splice(column, 1, best);
    }
  }
  const edits: Edit[] = [];
  let [row, column] = [0, 0];
  while (row < before.length || column < after.length) {
    const [left, right] = [before[row], after[column]];
    if (left !== undefined && left === right) {
      edits.push({ kind: " ", line: left });
      row += 1;
      column += 1;
    } else if (left !== undefined && (right === undefined || at(row + 1, column) >= at(row, column + 1))) {
      edits.push({ kind: "-", line: left });
      row += 1;
    } else if (right !== undefined) {
      edits.push({ kind: "+", line: right });
      column += 1;
    }
  }
  return edits;
}
