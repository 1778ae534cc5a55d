import { lstatSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";

import { safeJson } from "../../terminal/output";
import { writeDurably } from "../../machine/durable-file";
import { hasCode } from "../../machine/error-code";

/**
 * What the preview of one stack found. It goes as a file from the job that has the site's secrets to the job that may
 * write comments. Whoever wrote the pull request may have written the file: it is read as a stranger's data.
 */
export type StackPreview = z.infer<typeof stackPreviewSchema>;

/** One resource that would change. */
export type Change = z.infer<typeof changeSchema>;

export type Operation = Change["operation"];

/** From the one that a reviewer must see first to the most harmless. */
export const operations = ["replace", "delete", "update", "import", "create"] as const;

/** Raised when a reader of the old form would misunderstand the new one. */
const format = 1;

/** A comment holds less than this; counts are kept apart from the list, so that they are never cut. */
const longestList = 500;
const longestText = 4_000;
const largestFile = 4 * 1024 * 1024;

/** Pulumi's own rule for names of stacks. */
export const stackNameSchema = z.string().regex(/^[A-Za-z0-9._-]{1,100}$/u);

const textSchema = z.string().max(longestText);
const countSchema = z.int().nonnegative();

const changeSchema = z.strictObject({
  operation: z.enum(operations),
  /** Name of the resource in the program. */
  resource: textSchema,
  /** Pulumi's type. */
  type: textSchema,
  /** Names of properties that differ; of a replacement those that force it. Never their values: they may be secret. */
  properties: z.array(textSchema).max(longestList),
});

const common = {
  format: z.literal(format),
  stack: stackNameSchema,
  /** What the program and Pulumi warned of; each may have several lines. */
  warnings: z.array(textSchema).max(longestList),
};

export const stackPreviewSchema = z.discriminatedUnion("outcome", [
  z.strictObject({
    ...common,
    outcome: z.literal("previewed"),
    /** How many resources each operation is for; `same` stay as they are. */
    counts: z.strictObject({
      create: countSchema,
      import: countSchema,
      update: countSchema,
      replace: countSchema,
      delete: countSchema,
      same: countSchema,
    }),
    /** The changes, as many as are kept, in the order of {@link operations}. */
    changes: z.array(changeSchema).max(longestList),
  }),
  z.strictObject({
    ...common,
    outcome: z.literal("failed"),
    /** Why there is no preview; may have several lines. */
    reason: textSchema,
  }),
]);

/** The preview of a stack with so many changes and so long texts as a file may have. */
export function previewed(
  stack: string,
  found: { changes: readonly Change[]; same: number; warnings: readonly string[] },
): StackPreview {
  const count = (wanted: Operation): number => found.changes.filter(({ operation }) => operation === wanted).length;
  const sorted = operations.flatMap((wanted) => found.changes.filter(({ operation }) => operation === wanted));
  return {
    format,
    stack,
    outcome: "previewed",
    counts: {
      create: count("create"),
      import: count("import"),
      update: count("update"),
      replace: count("replace"),
      delete: count("delete"),
      same: found.same,
    },
    changes: sorted.slice(0, longestList).map(({ operation, resource, type, properties }) => ({
      operation,
      resource: cut(resource),
      type: cut(type),
      properties: properties.slice(0, longestList).map(cut),
    })),
    warnings: found.warnings.slice(0, longestList).map(cut),
  };
}

export function failed(stack: string, reason: string, warnings: readonly string[] = []): StackPreview {
  const kept = warnings.slice(0, longestList).map(cut);
  return { format, stack, outcome: "failed", reason: cut(reason), warnings: kept };
}

function cut(text: string): string {
  return text.length <= longestText ? text : `${text.slice(0, longestText - 1)}…`;
}

/**
 * Writes `<stack>.json` into a folder, which is made where there is none.
 *
 * @param redact takes secrets out of the text.
 */
export function writePreview(folder: string, preview: StackPreview, redact: (text: string) => string): void {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, fileName(preview.stack));
  writeDurably(file, `${redact(safeJson(preview))}\n`, 0o644);
}

/** Reads `<stack>.json`. What is missing or not what it should be is a failed preview that says so; nothing throws. */
export function readPreviewFile(folder: string, stack: string): StackPreview {
  const file = join(folder, fileName(stack));
  try {
    const found = lstatSync(file);
    if (!found.isFile() || found.size > largestFile)
      return failed(stack, "its result is not a file of a sensible size");
    const parsed = stackPreviewSchema.safeParse(JSON.parse(readFileSync(file, "utf8")));
    if (parsed.success && parsed.data.stack === stack) return parsed.data;
    return failed(stack, "its result is not in the form that this version of lifeboat writes");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return failed(stack, "it left no result: it was not approved, or ended early");
    return failed(stack, "its result cannot be read");
  }
}

function fileName(stack: string): string {
  return `${stackNameSchema.parse(stack)}.json`;
}
