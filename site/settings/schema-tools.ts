import * as z from "zod";
import { shapeOf, shaped } from "./shape";

/**
 * The few kinds of schema that the settings are made of. Each says in words what it allows, so that a problem can be
 * reported with its path, what was found and what may stand there. None stops at the first problem.
 */

/** What a schema says about a value that it refuses. */
export interface Complaint {
  /** What the value is not: `a size`. */
  readonly noun?: string | undefined;
  readonly allowed: string;
  /** A sentence of its own in place of "not a size". */
  readonly message?: string | undefined;
  /** What to show in place of the value. */
  readonly found?: string | undefined;
}

/** A complaint and where it belongs, counted from the value that was checked. */
export interface Finding extends Complaint {
  readonly path: readonly PropertyKey[];
}

export type Schema<T> = z.ZodType<T, unknown>;

/** A value that `parse` understands. */
export function value<T>(noun: string, allowed: string, parse: (raw: unknown) => T | undefined): Schema<T> {
  const schema = z.unknown().transform((raw, context) => {
    const parsed = parse(raw);
    if (parsed !== undefined) return parsed;
    complain(context, { path: [], noun, allowed });
    return z.NEVER;
  });
  return shaped(schema, { kind: "value", allowed });
}

/** A text that matches a pattern. */
export function text(noun: string, allowed: string, pattern: RegExp, longest = 255): Schema<string> {
  return value(noun, allowed, (raw) =>
    typeof raw === "string" && raw.length <= longest && pattern.test(raw) ? raw : undefined,
  );
}

/** A whole number between two bounds, both included. */
export function wholeNumber(noun: string, least: number, most: number): Schema<number> {
  return value(noun, `a whole number from ${least} to ${most}`, (raw) =>
    typeof raw === "number" && Number.isInteger(raw) && raw >= least && raw <= most ? raw : undefined,
  );
}

/** One of a few words. */
export function oneOf<const T extends string>(noun: string, words: readonly T[]): Schema<T> {
  return value(noun, listWords(words, "or"), (raw) => words.find((word) => word === raw));
}

/** Yes or no. `pulumi config set` stores text, so that "true" and "false" count. */
export const flag: Schema<boolean> = value("a yes or no", "true or false", (raw) => {
  if (raw === true || raw === "true") return true;
  return raw === false || raw === "false" ? false : undefined;
});

/** A list; `noun` names one entry in the plural: `checks`. */
export function list<T>(noun: string, item: Schema<T>, least = 0): Schema<T[]> {
  const allowed = least === 0 ? `a list of ${noun}` : `a list of ${noun} with at least one entry`;
  const schema = z.array(item, { error: allowed }).min(least, { error: allowed });
  return shaped(schema, { kind: "list", noun, of: shapeOf(item) });
}

/** May be left out. A key without a value (`disks:`) counts as left out. */
export function optional<T>(schema: Schema<T>): Schema<T | undefined> {
  const given = z.unknown().transform((raw, context) => {
    if (raw === null) return undefined;
    const result = schema.safeParse(raw);
    if (result.success) return result.data;
    for (const issue of result.error.issues) forward(context, issue);
    return z.NEVER;
  });
  return shaped(given.optional(), { kind: "optional", of: shapeOf(schema) });
}

/**
 * A mapping with exactly these keys.
 *
 * @param refused keys that people will try, and why there is no such key.
 */
export function mapping<Shape extends Readonly<Record<string, z.ZodType<unknown, unknown>>>>(
  shape: Shape,
  refused: Readonly<Record<string, string>> = {},
) {
  const keys = Object.keys(shape);
  const object = z.strictObject(shape, { error: `a mapping with the keys ${listWords(keys, "and")}` });
  const schema = z.unknown().transform((raw, context) => {
    const result = object.safeParse(raw);
    if (result.success) return result.data;
    const unknown = result.error.issues.flatMap((issue) => (issue.code === "unrecognized_keys" ? issue.keys : []));
    const meant = new Set(unknown.map((key) => nearest(key, keys)));
    for (const issue of result.error.issues) {
      const [key] = issue.path;
      // A key that is only misspelt is one problem, not an unknown key and a missing one.
      const misspelt = typeof key === "string" && meant.has(key) && at(raw, key) === undefined;
      if (issue.code !== "unrecognized_keys" && !misspelt) forward(context, issue);
    }
    for (const key of unknown) {
      complain(context, unknownKey(key, keys, Object.hasOwn(refused, key) ? refused[key] : undefined));
    }
    return z.NEVER;
  });
  const shapes = new Map(Object.entries(shape).map(([key, schemaOfKey]) => [key, shapeOf(schemaOfKey)]));
  return shaped(schema, { kind: "mapping", keys: shapes });
}

function unknownKey(key: string, keys: readonly string[], refusal: string | undefined): Finding {
  const meant = refusal === undefined ? nearest(key, keys) : undefined;
  const question = meant === undefined ? "" : `; did you mean ${meant}?`;
  return {
    path: [key],
    message: refusal ?? `unknown key${question}`,
    found: "this key",
    allowed: keys.length === 0 ? "nothing" : listWords(keys, "and"),
  };
}

/** A mapping of names that people choose to values. Entries come sorted by name: Pulumi sorts them, other readers do not. */
export function entries<T>(noun: string, name: Schema<string>, entry: Schema<T>): Schema<[string, T][]> {
  const schema = z.unknown().transform((raw, context) => {
    if (!isMapping(raw)) {
      complain(context, { path: [], noun: `a mapping of ${noun}`, allowed: `a mapping of names to ${noun}` });
      return z.NEVER;
    }
    const parsed: [string, T][] = [];
    for (const [key, item] of Object.entries(raw).sort(([a], [b]) => (a < b ? -1 : 1))) {
      const keyResult = name.safeParse(key);
      const result = entry.safeParse(item);
      for (const issue of keyResult.error?.issues ?? []) forward(context, issue, key, { found: "this name" });
      for (const issue of result.error?.issues ?? []) forward(context, issue, key);
      if (result.success) parsed.push([key, result.data]);
    }
    return parsed;
  });
  return shaped(schema, { kind: "entries", noun, of: shapeOf(entry) });
}

/**
 * A value that may be one of several things, and what it looks like decides which, so that only that thing's problems are
 * told.
 */
export function choose<T>(alternatives: readonly Schema<unknown>[], select: (raw: unknown) => Schema<T>): Schema<T> {
  const schema = z.unknown().transform((raw, context) => {
    const result = select(raw).safeParse(raw);
    if (result.success) return result.data;
    for (const issue of result.error.issues) forward(context, issue);
    return z.NEVER;
  });
  return shaped(schema, { kind: "choice", of: alternatives.map(shapeOf) });
}

/** Never right: says what is wrong. */
export function refusing(rule: (raw: unknown) => readonly Finding[]): Schema<never> {
  return z.unknown().transform((raw, context) => {
    for (const finding of rule(raw)) complain(context, finding);
    return z.NEVER;
  });
}

/** A schema and a rule between its parts. The rule sees the raw value, so that it also speaks when a part is wrong. */
export function checked<T>(schema: Schema<T>, rule: (raw: unknown) => readonly Finding[]): Schema<T> {
  const both = z.unknown().transform((raw, context) => {
    const result = schema.safeParse(raw);
    const findings = rule(raw);
    for (const issue of result.error?.issues ?? []) forward(context, issue);
    for (const finding of findings) complain(context, finding);
    return result.success ? result.data : z.NEVER;
  });
  return shaped(both, shapeOf(schema));
}

/** True for what YAML calls a mapping. */
export function isMapping(raw: unknown): raw is Readonly<Record<string, unknown>> {
  return typeof raw === "object" && raw !== null && !Array.isArray(raw);
}

/** The value at a key, if there is a mapping with that key. */
export function at(raw: unknown, key: string): unknown {
  return isMapping(raw) && Object.hasOwn(raw, key) ? (raw[key] ?? undefined) : undefined;
}

/** `a, b and c` */
export function listWords(words: readonly string[], conjunction: "and" | "or"): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} ${conjunction} ${words.at(-1)}`;
}

/** The complaints of a failed check. */
export function findingsOf(error: z.ZodError): Finding[] {
  return error.issues.map((issue) => ({ path: issue.path, ...complaintOf(issue) }));
}

const complaintSchema = z.object({
  noun: z.string().optional(),
  allowed: z.string(),
  message: z.string().optional(),
  found: z.string().optional(),
});

function complaintOf(issue: z.core.$ZodIssue): z.infer<typeof complaintSchema> {
  if (issue.code === "custom") return complaintSchema.parse(issue.params);
  return { noun: issue.message.replace(/ (with|of) .*$/, ""), allowed: issue.message };
}

function complain(context: z.core.$RefinementCtx, { path, ...complaint }: Finding): void {
  context.issues.push({ code: "custom", input: undefined, path: [...path], params: complaint });
}

function forward(context: z.core.$RefinementCtx, issue: z.core.$ZodIssue, key?: string, other: object = {}): void {
  const path = key === undefined ? issue.path : [key, ...issue.path];
  context.issues.push({ code: "custom", input: undefined, path, params: { ...complaintOf(issue), ...other } });
}

function nearest(key: string, keys: readonly string[]): string | undefined {
  const distances = keys.map((other) => ({ other, distance: editDistance(key.toLowerCase(), other.toLowerCase()) }));
  const [best] = distances.sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.max(1, Math.floor(best.other.length / 3)) ? best.other : undefined;
}

/** Levenshtein's distance: insertions, deletions and replacements. */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 8) return Infinity;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, character] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (character === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
