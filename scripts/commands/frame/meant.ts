import type { Command as Commander } from "commander";
import { shellQuote } from "../../machine/shell-quote";
import { nearest } from "../../terminal/nearest";

/** A word that no command knows, as commander tells of it: `unknown command 'wbe'`. */
const unknownWord = /^unknown (option|command) '(.+)'$/u;

/**
 * The command line that was probably meant, for one with a mistake in a command or an option. Undefined: nobody can tell.
 *
 * @param mistake as commander says it
 */
export function meantLine(mistake: string, argv: readonly string[], root: Commander): string | undefined {
  const [, kind, word] = unknownWord.exec(mistake) ?? [];
  const place = word === undefined ? -1 : argv.indexOf(word);
  if (word === undefined || place < 0) return undefined;
  const command = commandOf(argv, root);
  const meant =
    kind === "option"
      ? nearest(
          word,
          flagsOf(command).filter((flag) => !argv.includes(flag)),
        )
      : nearest(word, namesOf(command));
  if (meant !== undefined) return line(argv.with(place, meant));
  // `restore web`: people name the guest and forget that other things are restored as well.
  const isGuestMissing = kind === "command" && command.parent !== null && namesOf(command).includes("guest");
  return isGuestMissing ? line([...argv.slice(0, place), "guest", ...argv.slice(place)]) : undefined;
}

/** The command that the first words lead to; the program itself where they lead nowhere. */
function commandOf(argv: readonly string[], root: Commander): Commander {
  let found = root;
  for (const word of argv.filter((one) => !one.startsWith("-"))) {
    const next = found.commands.find((command) => command.name() === word);
    if (next === undefined) break;
    found = next;
  }
  return found;
}

function namesOf({ commands }: Commander): string[] {
  return commands.map((command) => command.name());
}

/** Its own options, and those of every command. */
function flagsOf(command: Commander): string[] {
  const own = command.options.flatMap(({ long }) => long ?? []);
  return [...own, ...(command.parent === null ? ["--help"] : flagsOf(command.parent))];
}

function line(argv: readonly string[]): string {
  return ["lifeboat", ...argv.map(shellQuote)].join(" ");
}
