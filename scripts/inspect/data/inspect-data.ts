import type { CommandContext } from "../../project/context";
import type { FoundGuest } from "../../project/site";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { ValueOf } from "../../terminal/shapes";
import type { Inspection } from "../inspection";
import { printData } from "./data-page";
import { declaredSources, type SeenSource } from "./read-source";
import { readSources } from "./read-sources";
import type { dataShape } from "./shape";

/**
 * The sources of data of some guests, and what is known of them.
 *
 * @param isOne a guest was named: its dumps are shown too. @throws CommandError (10) where none is declared
 */
export async function inspectData(
  guests: readonly FoundGuest[],
  isOne: boolean,
  context: CommandContext,
): Promise<Inspection<ValueOf<typeof dataShape>>> {
  const declared = guests.flatMap(({ environment, guest }) => declaredSources(environment, [guest]));
  if (declared.length === 0) throw noSources(guests, isOne);
  const sources = await context.progress.step("look at the data in guests", () => readSources(declared, context));
  return {
    value: { sources },
    print: (lines) => printData(sources, isOne, lines),
    exitCode: sources.some(({ problem }) => problem !== null) ? exitCodes.partly : exitCodes.done,
    remark: (talk) => {
      const [first] = sources.filter(({ problem, unseen }) => problem !== null && unseen === null);
      if (first !== undefined) talk.hint(`make a dump now: ${backupCommand(first)}`);
    },
  };
}

/** What makes one more dump of a source. */
export function backupCommand({
  environment,
  guest,
  source,
}: Pick<SeenSource, "environment" | "guest" | "source">): string {
  return `lifeboat backup data ${environment}/${guest} ${source}`;
}

function noSources([first]: readonly FoundGuest[], isOne: boolean): CommandError {
  const whose =
    isOne && first !== undefined ? `${first.environment.name}/${first.guest.name} has` : "the settings have";
  return new CommandError(`${whose} no sources of data`, {
    exitCode: exitCodes.nothing,
    hint: "declare databases and folders under 'data' of a guest: docs/guides/databases.md",
  });
}
