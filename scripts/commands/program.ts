import { Command as Commander, CommanderError, Option } from "commander";
import packageJson from "../../package.json";
import { type CommandEntry, commands, groups } from "./registry";
import type { BoundCommand, Command } from "./frame/command";
import { CommandError, usageError } from "../terminal/command-error";
import { type GlobalOptions, openContext } from "./frame/context";
import { type ExitCode, exitCodes } from "../terminal/exit-codes";
import { type Failure, failureOf } from "../clients/failure";
import { commandHelp, groupHelp, rootHelp } from "./help";
import type { InputOutput } from "../terminal/input-output";
import { missingWords, rawInput } from "./frame/missing-words";
import { safeJson } from "../terminal/output";
import { Interruption } from "./frame/interruption";
import { meantLine } from "./frame/meant";
import type { CommandContext } from "../project/context";

/** A command with its input, ready to run. */
interface Chosen {
  command: Command;
  raw: Readonly<Record<string, unknown>>;
}

/**
 * The command line: parses, runs one command, prints its error if it fails.
 *
 * @param argv what follows the program's name.
 * @returns the exit code.
 */
export async function runProgram(argv: readonly string[], io: InputOutput): Promise<ExitCode> {
  // Asked of the words themselves, because a command line that cannot be parsed must answer in JSON too.
  const json = beforeEnd(argv).includes("--json");
  let chosen: Chosen | undefined;
  const root = buildProgram(io, json, (choice) => (chosen = choice));
  try {
    await root.parseAsync(globalsFirst(helpAsFlag(argv)), { from: "user" });
  } catch (error) {
    return endOfParsing(error, { argv, root }, { json, project: undefined }, io);
  }
  if (chosen === undefined) return exitCodes.usage;
  const { project, quiet, verbose } = root.opts<{ project?: string; quiet?: boolean; verbose?: boolean }>();
  const manner = quiet === true ? "quiet" : verbose === true ? "verbose" : "usual";
  return runCommand(chosen, { json, project, manner }, io);
}

async function runCommand({ command, raw }: Chosen, options: GlobalOptions, io: InputOutput): Promise<ExitCode> {
  const { context, abort, close } = openContext(io, options, commands);
  let bound: BoundCommand | undefined;
  try {
    bound = command.bind(raw);
    const interruption = new Interruption(io, abort, bound.interrupt, context.talk);
    context.defer(() => interruption.stop());
    return await Promise.race([bound.run(context), interruption.quit]);
  } catch (error) {
    if (context.signal.aborted) context.progress.abandon();
    const failure = failureOf(
      context.signal.aborted ? context.signal.reason : error,
      bound?.aim ?? "read the command line",
    );
    report(failure, options.json, context);
    return failure.exitCode;
  } finally {
    context.output.close();
    await close();
  }
}

/** Prints an error: as JSON on stdout for scripts, as two lines on stderr for people. */
function report(failure: Failure, json: boolean, { output, talk }: Pick<CommandContext, "output" | "talk">): void {
  const { exitCode, message, hint, details, stack } = failure;
  if (json) return output.message("error", { exitCode, message, hint, ...details });
  if (stack !== undefined) talk.text(stack);
  talk.paragraph(message);
  if (hint !== undefined) talk.hint(hint);
}

function buildProgram(io: InputOutput, json: boolean, choose: (chosen: Chosen) => void): Commander {
  const { version } = packageJson;
  const root = new Commander("lifeboat")
    .description(packageJson.description)
    .version(json ? safeJson({ message_type: "result", version }) : version, "--version", "print the version")
    .addOption(new Option("--json", "print data and errors as JSON, one object a line"))
    .addOption(new Option("--quiet", "say nothing of steps that go well").conflicts("verbose"))
    .addOption(new Option("--verbose", "say all that each step is at, line by line, as logs keep it"))
    .addOption(
      new Option("--project <folder>", "folder of Pulumi.yaml (else LIFEBOAT_PROJECT, else upwards from here)"),
    )
    .configureHelp({ formatHelp: (command, helper) => rootHelp(command, helper) });
  prepare(root, io);
  for (const entry of commands) addCommand(parentOf(root, entry, io), entry, io, choose);
  return root;
}

/** Commander must neither end the process nor print errors: they are printed like all others. */
function prepare(command: Commander, io: InputOutput): void {
  command
    .exitOverride()
    // Options of `backup` and of `backup snapshot` have the same names: those behind a command's words are its own.
    .enablePositionalOptions()
    .configureOutput({
      writeOut: io.writeOutput,
      writeErr: io.writeError,
      outputError: () => undefined,
      getErrHelpWidth: io.columns,
      getOutHelpWidth: io.columns,
    })
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    // `meantLine` knows the options of every command, and how a guest is restored.
    .showSuggestionAfterError(false);
  // The file of a command is loaded when its turn has come, before its own words are parsed.
  command.hook("preSubcommand", (_parent, subcommand) => loaders.get(subcommand)?.());
}

/** How to complete a command that has only its name yet. */
const loaders = new WeakMap<Commander, () => Promise<void>>();

function addCommand(parent: Commander, entry: CommandEntry, io: InputOutput, choose: (chosen: Chosen) => void): void {
  const commander = parent.command(entry.words.at(-1) ?? "").summary(entry.summary);
  prepare(commander, io);
  loaders.set(commander, async () => complete(commander, (await entry.load()).command, choose));
}

/** A list that is given in several flags is one: the last of them alone would drop what the others named. */
function joined(value: string, before: string | undefined): string {
  return before === undefined ? value : `${before},${value}`;
}

/** Gives a command its arguments, options and help. */
function complete(commander: Commander, command: Command, choose: (chosen: Chosen) => void): void {
  commander.description(command.description).configureHelp({
    formatHelp: (shown, helper) => commandHelp(shown, helper, command.examples),
  });
  for (const { name, description, required, variadic } of command.arguments) {
    const word = variadic === true ? `${name}...` : name;
    commander.argument(required ? `<${word}>` : `[${word}]`, description);
  }
  for (const { flags, description, isList } of command.options) {
    const option = new Option(flags, description);
    commander.addOption(isList === true ? option.argParser(joined) : option);
  }
  commander.exitOverride((error) => {
    throw error.code === "commander.missingArgument" ? missingWords(commander, command) : error;
  });
  commander.action(() => {
    refuseMisplaced(commander);
    if (command.needsWords && isBare(commander)) commander.help({ error: true });
    choose({ command, raw: rawInput(commander, command) });
  });
}

/** Nothing stands behind its words. A script gets an error, as for every missing answer. */
function isBare(commander: Commander): boolean {
  const { json } = commander.optsWithGlobals<{ json?: boolean }>();
  return json !== true && commander.args.length === 0 && Object.keys(commander.opts()).length === 0;
}

/**
 * `backup --dry-run snapshot web`: the flag would be `backup`'s, and the snapshot be taken.
 *
 * @throws CommandError (2)
 */
function refuseMisplaced({ parent }: Commander): void {
  if (parent === null || parent.parent === null) return;
  const given = parent.options.filter((option) => parent.getOptionValueSource(option.attributeName()) === "cli");
  const [first] = given;
  if (first === undefined) return;
  throw usageError(`${first.long ?? first.flags} stands before the last word of the command`, "put it at the end");
}

/** The command that an entry belongs under: the root, a command of its first word, or its group, made when first needed. */
function parentOf(root: Commander, entry: CommandEntry, io: InputOutput): Commander {
  const [group, thing] = entry.words;
  if (group === undefined || thing === undefined) return root;
  const known = root.commands.find((command) => command.name() === group);
  if (known !== undefined) return known;
  const { summary = "", examples = [] } = groups[group] ?? {};
  const made = root.command(group).summary(summary).description(summary);
  made.configureHelp({ formatHelp: (shown, helper) => groupHelp(shown, helper, examples) });
  prepare(made, io);
  return made;
}

/** `lifeboat help restore guest` is the same as `lifeboat restore guest --help`. */
function helpAsFlag(argv: readonly string[]): string[] {
  return argv[0] === "help" ? [...argv.slice(1), "--help"] : [...argv];
}

/** Those of every command that take no word. */
const globalFlags: ReadonlySet<string> = new Set(["--json", "--quiet", "--verbose"]);

/** Options of every command may stand anywhere; commander looks for them before the command only. */
function globalsFirst(argv: readonly string[]): string[] {
  const words = beforeEnd(argv);
  const isGlobal = (word: string, place: number): boolean =>
    globalFlags.has(word) || word === "--project" || word.startsWith("--project=") || words[place - 1] === "--project";
  return [
    ...words.filter(isGlobal),
    ...words.filter((word, place) => !isGlobal(word, place)),
    ...argv.slice(words.length),
  ];
}

/** What stands behind `--` is nobody's option. */
function beforeEnd(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf("--");
  return end < 0 ? argv : argv.slice(0, end);
}

/** A command line, and the program that was to understand it. */
interface Asked {
  readonly argv: readonly string[];
  readonly root: Commander;
}

/** Help and version end parsing as well; everything else that ends it is a mistake on the command line. */
async function endOfParsing(error: unknown, asked: Asked, options: GlobalOptions, io: InputOutput): Promise<ExitCode> {
  const { context, close } = openContext(io, options);
  try {
    if (error instanceof CommandError) return tellMistake(error, asked.argv, options, context);
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return exitCodes.done;
    if (error.code === "commander.help") {
      // A person reads the help that stands there now; a script reads one error, as for every other mistake.
      return options.json
        ? tellMistake(usageError("no command is named"), asked.argv, options, context)
        : exitCodes.usage;
    }
    const message = error.message.replace(/^error: /u, "").replace(/\s*\n\s*/gu, " ");
    const meant = meantLine(message, asked.argv, asked.root);
    return tellMistake(usageError(message, meant), asked.argv, options, context);
  } catch (defect) {
    const failure = failureOf(defect, undefined);
    report(failure, options.json, context);
    return failure.exitCode;
  } finally {
    context.output.close();
    await close();
  }
}

function tellMistake(
  { message, hint }: CommandError,
  argv: readonly string[],
  { json }: GlobalOptions,
  context: CommandContext,
): ExitCode {
  const help = ["lifeboat", ...commandWords(argv), "--help"].join(" ");
  report(failureOf(usageError(message, hint ?? help), "read the command line"), json, context);
  return exitCodes.usage;
}

/** The words at the beginning that name a command or a group. */
function commandWords(argv: readonly string[]): readonly string[] {
  const words = argv.filter((word) => !word.startsWith("-"));
  const exact = commands.filter((entry) => entry.words.every((word, place) => words[place] === word));
  const [longest] = exact.toSorted((a, b) => b.words.length - a.words.length);
  if (longest !== undefined) return longest.words;
  const [group] = words;
  return group !== undefined && group in groups ? [group] : [];
}
