import type { DumpItem } from "../data/manifest";
import type { DumpDrill } from "../settings/data";

/** A thing of a dump that a drill has restored. */
export interface RestoredItem {
  readonly item: Pick<DumpItem, "type" | "name" | "counts">;
  readonly counts: Readonly<Record<string, number>>;
  /** Rows of what the settings' query was answered. */
  readonly answer: readonly string[];
}

/**
 * Why a dump is not proven by what was restored of it, a sentence each; none: it is. A dump of which nothing has any content restores
 * as it was made, and is still none that anybody wants back.
 */
export function whyUnproven(restored: readonly RestoredItem[], drill: DumpDrill | undefined): string[] {
  const different = restored.flatMap(({ item, counts }) =>
    Object.entries(item.counts)
      .filter(([what, count]) => counts[what] !== count)
      .map(([what, count]) => `${item.name} restores with ${String(counts[what] ?? 0)} of ${String(count)} ${what}`),
  );
  if (different.length > 0) return different;
  // Who may what is a part of a dump, and none that anybody restores alone.
  const things = restored.filter(({ item }) => item.type !== "roles");
  if (things.every(isEmpty)) return ["it restores empty"];
  return drill === undefined ? [] : whyAnotherAnswer(things, drill);
}

function isEmpty({ counts: { rows, entries, printed } }: RestoredItem): boolean {
  return (rows ?? entries ?? printed ?? 0) === 0;
}

function whyAnotherAnswer(things: readonly RestoredItem[], { database, expect }: DumpDrill): string[] {
  const asked = things.find(({ item }) => item.type === "database" && item.name === database);
  if (asked === undefined) return [`it has no database ${database}, which is to be asked`];
  if (isEmpty(asked)) return [`${database} restores empty`];
  const [row, ...others] = asked.answer;
  if (row === expect && others.length === 0) return [];
  const said = row === undefined ? "nothing" : others.length === 0 ? `'${row}'` : `'${row}' and more rows`;
  return [`${database} answers ${said} to its query, and not '${expect}'`];
}
