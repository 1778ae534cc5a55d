import type { Argument, Command as Commander, Help } from "commander";
import { sections as commandSections } from "./registry";
import { exitCodeMeanings } from "../terminal/exit-codes";
import type { Example } from "./frame/command";
import { wrap } from "../terminal/text";

/** What the first screen shows: what people come for. */
const rootExamples: readonly Example[] = [
  { command: "lifeboat status", meaning: "is every guest backed up?" },
  { command: "lifeboat restore guest web --dry-run", meaning: "what would a restore do?" },
  { command: "lifeboat restore guest web", meaning: "bring a guest back from its newest backup" },
  { command: "lifeboat doctor", meaning: "does access to the nodes work?" },
];

/** Help of the program itself: examples first, then commands, options and exit codes. */
export function rootHelp(command: Commander, helper: Help): string {
  const codes = exitCodeMeanings.map(([code, meaning]) => [String(code), meaning] as const);
  const rows = commandSections.map(({ title, commands }) => ({
    title,
    rows: commands.map(({ words, summary }) => [words.join(" "), summary] as const),
  }));
  const column = columnOf(rows.flatMap((section) => section.rows));
  return sections([
    wrap(command.description(), columnsOf(helper)).join("\n"),
    titled("Examples:", exampleRows(rootExamples), helper),
    `Usage: lifeboat <command> [options]`,
    ...rows.map((section) => titled(section.title, section.rows, helper, column)),
    titled("Options:", optionRows(command, helper), helper),
    titled("Exit codes:", codes, helper),
    "More about one command: lifeboat help <command>",
  ]);
}

/** Help of a word that stands for several commands: what it is for, then those. */
export function groupHelp(command: Commander, helper: Help, examples: readonly Example[]): string {
  return sections([
    wrap(`${fullName(command)}: ${command.description()}`, columnsOf(helper)).join("\n"),
    titled("Examples:", exampleRows(examples), helper),
    titled("Commands:", commandRows(command), helper),
    `More about one command: lifeboat help ${command.name()} ${command.commands[0]?.name() ?? ""}`,
  ]);
}

/** Help of one command. */
export function commandHelp(command: Commander, helper: Help, examples: readonly Example[]): string {
  const args = helper.visibleArguments(command);
  const parent = command.parent;
  return sections([
    wrap(command.description(), columnsOf(helper)).join("\n"),
    titled("Examples:", exampleRows(examples), helper),
    `Usage: ${[fullName(command), "[options]", ...args.map(argumentWord)].join(" ")}`,
    titled(
      "Arguments:",
      args.map((argument) => [argument.name(), argument.description] as const),
      helper,
    ),
    titled("Options:", optionRows(command, helper), helper),
    titled("Commands below it:", commandRows(command), helper),
    titled(
      "Options of every command:",
      parent === null ? [] : optionRows(rootOf(parent), helper, ["--version", "--help"]),
      helper,
    ),
  ]);
}

function rootOf(command: Commander): Commander {
  return command.parent === null ? command : rootOf(command.parent);
}

function fullName(command: Commander): string {
  const { parent } = command;
  return parent === null ? command.name() : `${fullName(parent)} ${command.name()}`;
}

type Row = readonly [string, string];

function commandRows(command: Commander): Row[] {
  return command.commands.map((entry) => [`${command.name()} ${entry.name()}`, entry.summary()]);
}

function exampleRows(examples: readonly Example[]): Row[] {
  return examples.map(({ command, meaning }) => [command, meaning]);
}

function optionRows(command: Commander, helper: Help, without: readonly string[] = []): Row[] {
  return helper
    .visibleOptions(command)
    .filter((option) => !without.includes(option.long ?? ""))
    .map((option) => [helper.optionTerm(option), option.description]);
}

/** Terms in a column and their meaning beside them; below, where a term is so long that nothing fits beside it. */
function titled(title: string, rows: readonly Row[], helper: Help, column = columnOf(rows)): string {
  if (rows.length === 0) return "";
  const beside = columnsOf(helper) - column >= 30;
  const lines = rows.flatMap(([term, meaning]) => {
    if (!beside) return [`  ${term}`, ...wrap(meaning, columnsOf(helper) - 6).map((line) => `      ${line}`)];
    const [first = "", ...rest] = wrap(meaning, columnsOf(helper) - column);
    return [`  ${term}`.padEnd(column) + first, ...rest.map((line) => " ".repeat(column) + line)];
  });
  return [title, ...lines].join("\n");
}

/** Where meanings begin. */
function columnOf(rows: readonly Row[]): number {
  return Math.max(0, ...rows.map(([term]) => term.length)) + 4;
}

/** Lines longer than this are hard to read, however wide the terminal is. */
const widest = 110;

function columnsOf(helper: Help): number {
  return Math.min(helper.helpWidth ?? 80, widest);
}

function sections(all: readonly string[]): string {
  return `${all.filter((section) => section !== "").join("\n\n")}\n`;
}

function argumentWord(argument: Argument): string {
  const word = argument.variadic ? `${argument.name()}...` : argument.name();
  return argument.required ? `<${word}>` : `[${word}]`;
}
