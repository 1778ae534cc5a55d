import type { z } from "zod";
import { type CommandError, usageError } from "../../terminal/command-error";
import type { ExitCode } from "../../terminal/exit-codes";
import type { CommandContext } from "../../project/context";
import type { KnownArgument, KnownOption } from "../../terminal/known-command";
import type { Shapes } from "../../terminal/shapes";

export interface Example {
  command: string;
  meaning: string;
}

export interface CommandDeclaration<Schema extends z.ZodType> {
  /** One paragraph under the heading of the command's help. */
  description: string;
  /** The help begins with these. */
  examples: readonly Example[];
  arguments?: readonly KnownArgument[];
  options?: readonly KnownOption[];
  /** Checks arguments and options, by name. A refusal is a usage error (exit code 2). */
  input: Schema;
  /** What an error message says after "Unable to": "restore guest web". */
  aim: (input: z.output<Schema>) => string;
  /**
   * What Ctrl-C does. `at-once` (default): the command is left where it is, for commands that only look. `clean`: the
   * command sees `context.signal` and stops where it is safe; a second Ctrl-C quits at once.
   */
  interrupt?: InterruptMode;
  /** The shapes of what it prints with `--json`, by occasion; those of errors are the same for all. */
  prints?: Shapes;
  /** With nothing behind its words it shows its help: there is nothing that it could mean. */
  needsWords?: boolean;
  /** Does it. Data goes to `context.output`, talk to `context.talk`. */
  run: (input: z.output<Schema>, context: CommandContext) => Promise<ExitCode>;
}

export type InterruptMode = "at-once" | "clean";

/** A command whose input was checked. */
export interface BoundCommand {
  aim: string;
  interrupt: InterruptMode;
  run: (context: CommandContext) => Promise<ExitCode>;
}

/** A command without the type of its input, as the frame keeps it. */
export interface Command {
  description: string;
  examples: readonly Example[];
  arguments: readonly KnownArgument[];
  options: readonly KnownOption[];
  prints: Shapes;
  needsWords: boolean;
  /** @throws CommandError (2) */
  bind: (raw: Readonly<Record<string, unknown>>) => BoundCommand;
}

/** Declares a command: each file in `scripts/commands/` exports one, named `command`. */
export function defineCommand<Schema extends z.ZodType>(declaration: CommandDeclaration<Schema>): Command {
  return {
    description: declaration.description,
    examples: declaration.examples,
    arguments: declaration.arguments ?? [],
    options: declaration.options ?? [],
    prints: declaration.prints ?? {},
    needsWords: declaration.needsWords ?? false,
    bind: (raw) => {
      const parsed = declaration.input.safeParse(raw);
      if (!parsed.success) throw wrongInput(parsed.error, declaration.options ?? []);
      const input = parsed.data;
      return {
        aim: declaration.aim(input),
        interrupt: declaration.interrupt ?? "at-once",
        run: (context) => declaration.run(input, context),
      };
    },
  };
}

function wrongInput(error: z.ZodError, options: readonly KnownOption[]): CommandError {
  return usageError(error.issues.map((issue) => issueText(issue, options)).join("; "));
}

/** What is wrong with the whole has no path. */
function issueText(issue: z.core.$ZodIssue, options: readonly KnownOption[]): string {
  const { path, message } = issue;
  const text = isOwn(message) ? message : plainText(issue);
  return path.length === 0 ? text : `${asTyped(path.join("."), options)}: ${text}`;
}

/** Not one of zod's own, which speak of types. */
function isOwn(message: string): boolean {
  return !/^(?:Invalid |Too (?:small|big)|Unrecognized )/u.test(message);
}

/** zod's types that a person knows by another name. */
const expectations: Readonly<Record<string, string>> = {
  number: "a number is expected",
  int: "a whole number is expected",
};

function plainText(issue: z.core.$ZodIssue): string {
  const { code, message } = issue;
  switch (code) {
    case "too_small":
      return issue.origin === "string" ? "it must not be empty" : `at least ${String(issue.minimum)} is expected`;
    case "too_big":
      return `at most ${String(issue.maximum)}${issue.origin === "string" ? " characters are" : " is"} expected`;
    case "invalid_value":
      return `one of ${issue.values.map(String).join(", ")} is expected`;
    case "invalid_type":
      return expectations[issue.expected] ?? message;
    default:
      return message;
  }
}

/** `--target-id` of `targetId`; an argument has its own name. */
function asTyped(name: string, options: readonly KnownOption[]): string {
  const flag = `--${name.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)}`;
  return options.some(({ flags }) => flags.split(" ").includes(flag)) ? flag : name;
}
