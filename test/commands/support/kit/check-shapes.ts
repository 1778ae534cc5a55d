import { appendFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import type { Command } from "../../../../scripts/commands/frame/command";
import { commands } from "../../../../scripts/commands/registry";
import { errorShape } from "../../../../scripts/terminal/error-shape";

/** A line that a command prints with `--json`. */
const lineSchema = z.looseObject({ message_type: z.enum(["result", "error"]) });

/** The program's, which no command prints. */
const versionShape = z.strictObject({ version: z.string() });

/**
 * Holds what a command printed with `--json` against the shapes that it declares.
 *
 * @throws Error for a line that is no JSON, or fits none of them: also one with a member that is not declared.
 */
export async function checkLines(argv: readonly string[], stdout: string): Promise<void> {
  if (!argv.includes("--json")) return;
  for (const line of stdout.split("\n").filter((text) => text !== "")) {
    const { message_type: type, ...value } = lineSchema.parse(JSON.parse(line));
    if (argv.includes("--version")) {
      versionShape.parse(value);
      continue;
    }
    await (type === "error" ? check(argv, value, { error: errorShape }) : checkResult(argv, value));
  }
}

/** The same for a result that was printed in either form. */
export async function checkResult(argv: readonly string[], value: unknown): Promise<void> {
  await check(argv, value, (await commandOf(argv)).prints);
}

async function check(argv: readonly string[], value: unknown, shapes: Command["prints"]): Promise<void> {
  const names = Object.keys(shapes);
  const failures = new Map(names.map((name) => [name, misfit(shapes[name], value)]));
  const fitting = names.find((name) => failures.get(name) === undefined);
  if (fitting !== undefined) return note(`${wordsOf(argv).join(" ")}: ${fitting}`);
  const reasons = [...failures].map(([name, reason]) => `  as '${name}': ${reason ?? ""}`);
  throw new Error(
    [`What 'lifeboat ${argv.join(" ")}' printed fits no shape:`, ...reasons, JSON.stringify(value)].join("\n"),
  );
}

/** Why a value is none of a shape. What a nested schema does not know it leaves out: then the value is not the same. */
function misfit(shape: z.ZodType | undefined, value: unknown): string | undefined {
  const parsed = shape?.safeParse(value);
  if (parsed === undefined || !parsed.success) return z.prettifyError(parsed?.error ?? new z.ZodError([]));
  return isDeepStrictEqual(parsed.data, value)
    ? undefined
    : `undeclared members; declared: ${JSON.stringify(parsed.data)}`;
}

async function commandOf(argv: readonly string[]): Promise<Command> {
  const words = wordsOf(argv);
  const entry = commands.find((one) => isDeepStrictEqual(one.words, words));
  if (entry === undefined) throw new Error(`No command is named by ${argv.join(" ")}.`);
  return (await entry.load()).command;
}

/** The words at the beginning that name a command; the longest that does. */
function wordsOf(argv: readonly string[]): readonly string[] {
  const given = argv.filter((word) => !word.startsWith("-"));
  const named = commands.filter(({ words }) => words.every((word, place) => given[place] === word));
  const [longest] = named.toSorted((a, b) => b.words.length - a.words.length);
  return longest?.words ?? [];
}

/**
 * Shapes that no run in these tests has to print: previews and what follows on them need `pulumi`, which is the
 * rehearsal's, or run as processes of their own without `--json`.
 */
export const notShown: readonly string[] = [
  "preview: report",
  "preview: --list",
  "preview comment: --dry-run",
  "preview comment: report",
  "rebuild state-store: report",
  "rebuild monitoring: report, anew",
  "state return: plan",
  // Of a real cluster in a real guest: test/rehearsal/data/restore-point-in-time.test.ts prints each of them.
  "restore point-in-time: plan",
  "restore point-in-time: report",
  "restore point-in-time: plan, of --undo",
  "restore point-in-time: report, of --undo",
];

/** Every shape that was seen, for the reporter at the end of a run. */
function note(shape: string): void {
  const file = process.env["LIFEBOAT_SEEN_SHAPES"];
  if (file !== undefined) appendFileSync(file, `${shape}\n`);
}

/** Every declared shape by its name: `status: report`. Commands without one are named with nothing. */
export async function declaredShapes(): Promise<Map<string, z.ZodType | undefined>> {
  const loaded = await Promise.all(commands.map(async ({ words, load }) => ({ words, ...(await load()) })));
  const named = loaded.flatMap(({ words, command }): (readonly [string, z.ZodType | undefined])[] => {
    const shapes = Object.entries(command.prints);
    if (shapes.length === 0) return [[words.join(" "), undefined]];
    return shapes.map(([name, shape]) => [`${words.join(" ")}: ${name}`, shape]);
  });
  return new Map(named);
}
