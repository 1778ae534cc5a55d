import type { Command as Commander, Help } from "commander";
import { exitCodeMeanings } from "./exit-codes";
import type { Example } from "./command";

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
  const visible = command.commands.flatMap((entry) =>
    entry.commands.length === 0 ? [entry] : entry.commands.map((inner) => inner),
  );
  return sections([
    command.description(),
    titled("Examples:", exampleRows(rootExamples)),
    `Usage: lifeboat <command> [options]`,
    titled(
      "Commands:",
      visible.map((entry) => [fullName(entry).replace(/^lifeboat /u, ""), entry.summary()] as const),
    ),
    titled("Options:", optionRows(command, helper)),
    titled("Exit codes:", codes),
    "More about one command: lifeboat help <command>",
  ]);
}

/** Help of one command. */
export function commandHelp(command: Commander, helper: Help, examples: readonly Example[]): string {
  const args = helper.visibleArguments(command);
  const parent = command.parent;
  return sections([
    command.description(),
    titled("Examples:", exampleRows(examples)),
    `Usage: ${[fullName(command), "[options]", ...args.map((argument) => (argument.required ? `<${argument.name()}>` : `[${argument.name()}]`))].join(" ")}`,
    titled(
      "Arguments:",
      args.map((argument) => [argument.name(), argument.description] as const),
    ),
    titled("Options:", optionRows(command, helper)),
    titled(
      "Options of every command:",
      parent === null ? [] : optionRows(rootOf(parent), helper, ["--version", "--help"]),
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

function exampleRows(examples: readonly Example[]): Row[] {
  return examples.map(({ command, meaning }) => [command, meaning]);
}

function optionRows(command: Commander, helper: Help, without: readonly string[] = []): Row[] {
  return helper
    .visibleOptions(command)
    .filter((option) => !without.includes(option.long ?? ""))
    .map((option) => [helper.optionTerm(option), option.description]);
}

function titled(title: string, rows: readonly Row[]): string {
  if (rows.length === 0) return "";
  const column = Math.max(...rows.map(([term]) => term.length)) + 2;
  return [title, ...rows.map(([term, meaning]) => `  ${term.padEnd(column)}${meaning}`)].join("\n");
}

function sections(all: readonly string[]): string {
  return `${all.filter((section) => section !== "").join("\n\n")}\n`;
}
