import { runBounded } from "../../machine/bounded";
import type { CommandContext } from "../../project/context";
import type { FoundGuest } from "../../project/site";
import { stateOf } from "../../recovery/engine/session";
import { openDataProgram } from "../../recovery/steps/data/open-program";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { ValueOf } from "../../terminal/shapes";
import type { Inspection } from "../inspection";
import { printData } from "./data-page";
import { type DeclaredSource, readSource, type SeenSource } from "./read-source";
import type { dataShape } from "./shape";

/** One program at a time asks a guest. */
function keyOf({ environment, guest }: DeclaredSource): string {
  return `${environment.name}/${guest.name}`;
}

/** Guests that are asked at the same time. */
const atOnce = 8;

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
  const declared = guests.flatMap(({ environment, guest }) =>
    guest.data.map((source): DeclaredSource => ({ environment, guest, source })),
  );
  if (declared.length === 0) throw noSources(guests, isOne);
  const sources = await context.progress.step("look at the data in guests", () =>
    runBounded(declared, { parallel: atOnce, perKey: 1, keyOf }, (one) => {
      const session = { environment: one.environment, state: stateOf(one.environment, context) };
      return readSource(one, () => openDataProgram(session, one.guest, one.source), context.signal);
    }),
  );
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

function backupCommand({ environment, guest, source }: SeenSource): string {
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
