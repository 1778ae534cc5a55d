import type { Command as Commander } from "commander";
import { CommandError, usageError } from "../../terminal/command-error";
import type { Command } from "./command";

/** Arguments and options of a command line, by name, before they are checked. */
export function rawInput(commander: Commander, command: Command): Readonly<Record<string, unknown>> {
  const words = command.arguments.map(
    ({ name, variadic }, place) =>
      [name, variadic === true ? commander.args.slice(place) : commander.args[place]] as const,
  );
  return { ...commander.opts(), ...Object.fromEntries(words) };
}

/**
 * All that a command line lacks, in one error: commander names the first word that is missing, and the checks of the input
 * come only when none is.
 */
export function missingWords(commander: Commander, command: Command): CommandError {
  const missing = command.arguments.filter(({ required }, place) => required && place >= commander.args.length);
  const names = missing.map(({ name }) => `'${name}'`);
  const stand = missing.map(({ name, variadic }) => [name, variadic === true ? [name] : name] as const);
  const further = mistakeIn(() => command.bind({ ...rawInput(commander, command), ...Object.fromEntries(stand) }));
  return usageError(
    [
      `missing required ${names.length === 1 ? "argument" : "arguments"} ${names.join(" and ")}`,
      ...(further === undefined ? [] : [further]),
    ].join("; "),
  );
}

function mistakeIn(bind: () => unknown): string | undefined {
  try {
    bind();
    return undefined;
  } catch (error) {
    if (error instanceof CommandError) return error.message;
    throw error;
  }
}
