import type { KnownArgument, KnownCommand, KnownOption } from "../../terminal/known-command";
import type { KnownNames } from "./known-names";

/** A word that fits, and what it means. */
export interface Candidate {
  readonly word: string;
  readonly meaning: string;
}

/** What fits where the cursor is. */
export interface Completion {
  readonly words: readonly Candidate[];
  /** A path is expected: the shell knows better. */
  readonly files: boolean;
}

/** Options of every command. */
const ofAll: readonly KnownOption[] = [
  { flags: "--json", description: "print data and errors as JSON, one object a line" },
  { flags: "--quiet", description: "say nothing of steps that go well" },
  { flags: "--verbose", description: "say all that each step is at" },
  { flags: "--project <folder>", description: "folder of Pulumi.yaml" },
  { flags: "--help", description: "print its help" },
];

const nothing: Completion = { words: [], files: false };

/**
 * What fits in the place of the last word, which may be empty.
 *
 * @param line the words behind the program's name, as the shell has them
 */
export async function candidatesFor(
  line: readonly string[],
  commands: readonly KnownCommand[],
  names: KnownNames,
): Promise<Completion> {
  // bash takes `--env=prod` apart at the sign.
  const words = line.filter((word, place) => word !== "=" || place === line.length - 1);
  const current = words.at(-1) === "=" ? "" : (words.at(-1) ?? "");
  const before = words.slice(0, -1);
  const entry = commandOf(before, commands);
  const command = entry === undefined ? undefined : (await entry.load()).command;
  const options = [...(command?.options ?? []), ...ofAll];
  const [, flag, part] = /^(--[a-z-]+)=(.*)$/u.exec(current) ?? [];
  if (flag !== undefined && part !== undefined) return behind(`${flag}=`, valueOf(flag, part, options, names));
  const last = before.at(-1) ?? "";
  if (takesValue(last, options)) return valueOf(last, current, options, names);
  if (current.startsWith("-")) return fitting(current, options.map(optionCandidate));
  const given = argumentsIn(before, options).slice(entry?.words.length ?? 0);
  const next = subcommands(argumentsIn(before, options), commands);
  const argument = argumentAt(given.length, command?.arguments ?? []);
  const kind = before.includes("--all") && argument?.name === "guest" ? "environment" : argument?.name;
  const values = kind === undefined ? nothing : ofKind(kind, current, names);
  return { words: [...fitting(current, next).words, ...values.words], files: values.files };
}

/** The longest command whose words the line begins with, options apart. */
function commandOf(words: readonly string[], commands: readonly KnownCommand[]): KnownCommand | undefined {
  const plain = argumentsIn(words, ofAll);
  const named = commands.filter((command) => command.words.every((word, place) => plain[place] === word));
  return named.toSorted((one, other) => other.words.length - one.words.length)[0];
}

/** Next words of commands that begin with what is there. */
function subcommands(plain: readonly string[], commands: readonly KnownCommand[]): Candidate[] {
  const under = commands.filter(
    ({ words }) => words.length > plain.length && plain.every((word, i) => words[i] === word),
  );
  const byWord = new Map<string, KnownCommand[]>();
  for (const command of under) {
    const word = command.words[plain.length] ?? "";
    byWord.set(word, [...(byWord.get(word) ?? []), command]);
  }
  return [...byWord].map(([word, found]) => {
    const own = found.find(({ words }) => words.length === plain.length + 1);
    const things = found.map(({ words }) => words[plain.length + 1] ?? "").filter((thing) => thing !== "");
    return { word, meaning: own?.summary ?? things.join(", ") };
  });
}

/** Words that are neither options nor their values. */
function argumentsIn(words: readonly string[], options: readonly KnownOption[]): string[] {
  return words.filter((word, place) => !word.startsWith("-") && !takesValue(words[place - 1] ?? "", options));
}

function argumentAt(place: number, all: readonly KnownArgument[]): KnownArgument | undefined {
  const last = all.at(-1);
  return all[place] ?? (last?.variadic === true ? last : undefined);
}

const longOf = ({ flags }: KnownOption): string => flags.split(/[ ,]/u).find((word) => word.startsWith("--")) ?? "";

/** `time` of `--at <time>`. */
const kindOf = ({ flags }: KnownOption): string | undefined => /<([^>]+?)(?:\.\.\.)?>/u.exec(flags)?.[1];

function takesValue(word: string, options: readonly KnownOption[]): boolean {
  const option = options.find((one) => longOf(one) === word);
  return option !== undefined && kindOf(option) !== undefined;
}

function optionCandidate(option: KnownOption): Candidate {
  return { word: longOf(option), meaning: option.description };
}

function valueOf(flag: string, current: string, options: readonly KnownOption[], names: KnownNames): Completion {
  const option = options.find((one) => longOf(one) === flag);
  const kind = option === undefined ? undefined : kindOf(option);
  return kind === undefined ? nothing : ofKind(kind, current, names);
}

/** By the name that an argument, or an option's value, has in the help. */
function ofKind(kind: string, current: string, names: KnownNames): Completion {
  if (kind === "guest" || kind === "guests" || kind === "subject")
    return fitting(current, guestCandidates(current, names));
  if (kind === "environment" || kind === "environments") {
    return fitting(
      current,
      names.environments.map((word) => ({ word, meaning: "environment" })),
    );
  }
  if (kind === "shell")
    return fitting(
      current,
      ["bash", "zsh", "fish"].map((word) => ({ word, meaning: "shell" })),
    );
  return { words: [], files: kind === "file" || kind === "folder" };
}

/** Under its own name, where only one environment has it and no environment was begun. */
function guestCandidates(current: string, { guests }: KnownNames): Candidate[] {
  return guests.map(({ environment, name }) => {
    const isOnly = guests.filter((other) => other.name === name).length === 1;
    const word = isOnly && !current.includes("/") ? name : `${environment}/${name}`;
    return { word, meaning: `guest of ${environment}` };
  });
}

function fitting(current: string, all: readonly Candidate[]): Completion {
  return { words: all.filter(({ word }) => word.startsWith(current)), files: false };
}

/** zsh and fish have an option and its value in one word. */
function behind(prefix: string, { words, files }: Completion): Completion {
  return { words: words.map(({ word, meaning }) => ({ word: prefix + word, meaning })), files };
}
