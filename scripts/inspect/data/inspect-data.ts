import { endOfLooks } from "../../terminal/progress";
import { runBounded } from "../../machine/bounded";
import type { CommandContext } from "../../project/context";
import { requireOffsite } from "../../project/offsite-bucket";
import type { FoundGuest } from "../../project/site";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { ValueOf } from "../../terminal/shapes";
import type { Inspection } from "../inspection";
import { printData } from "./data-page";
import { printCopies } from "./copies-page";
import { readCopies } from "./read-copies";
import { declaredSources, drillProblem, type SeenSource } from "./read-source";
import { readSources } from "./read-sources";
import type { copiesShape, dataShape } from "./shape";

/** Sources whose copies are read at the same time. */
const sourcesAtOnce = 4;

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
  const sources = await context.progress.step(
    "look at the data in guests",
    () => readSources(declared, context),
    (found) => endOfLooks(found, ({ unseen }) => unseen !== null),
  );
  return {
    value: { sources },
    print: (lines) => printData(sources, isOne, lines),
    exitCode: sources.some(hasProblem) ? exitCodes.partly : exitCodes.done,
    remark: (talk) => {
      const [first] = sources.filter(({ problem, unseen }) => problem !== null && unseen === null);
      if (first === undefined) return;
      const { what, command } = mendOf(first);
      talk.hint(`${what}: ${command}`);
    },
  };
}

function hasProblem({ problem, pointInTime }: SeenSource): boolean {
  return problem !== null || (pointInTime !== null && pointInTime.problem !== null);
}

/**
 * The copies of those sources in the bucket elsewhere; no guest is asked.
 *
 * @param isOne a guest was named: its copies are shown too. @throws CommandError (2, 10)
 */
export async function inspectCopies(
  guests: readonly FoundGuest[],
  isOne: boolean,
  context: CommandContext,
): Promise<Inspection<ValueOf<typeof copiesShape>>> {
  const declared = guests.flatMap(({ environment, guest }) => declaredSources(environment, [guest]));
  const [first] = declared;
  if (first === undefined) throw noSources(guests, isOne);
  if (isOne) requireOffsite(first.environment);
  const bounds = { parallel: sourcesAtOnce, perKey: sourcesAtOnce, keyOf: () => "" };
  const copies = await context.progress.step(
    "look at the copies elsewhere",
    () => runBounded(declared, bounds, (one) => readCopies(one, context.signal)),
    (found) => endOfLooks(found, ({ problem }) => problem !== null),
  );
  return {
    value: { copies },
    print: (lines) => printCopies(copies, isOne, lines),
    exitCode: copies.some(({ problem }) => problem !== null) ? exitCodes.partly : exitCodes.done,
  };
}

/** What somebody does about a source with a problem: half a sentence, and the commands. */
export function mendOf({
  environment,
  guest,
  source,
  problem,
  drill,
}: Pick<SeenSource, "environment" | "guest" | "source" | "problem" | "drill">): { what: string; command: string } {
  const words = `data ${environment}/${guest} ${source}`;
  const isDrill = problem !== null && problem === drillProblem(drill);
  return isDrill
    ? { what: "make another dump, and drill it", command: `lifeboat backup ${words} && lifeboat drill ${words}` }
    : { what: "make a dump now", command: `lifeboat backup ${words}` };
}

function noSources([first]: readonly FoundGuest[], isOne: boolean): CommandError {
  const whose =
    isOne && first !== undefined ? `${first.environment.name}/${first.guest.name} has` : "the settings have";
  return new CommandError(`${whose} no sources of data`, {
    exitCode: exitCodes.nothing,
    hint: "declare databases and folders under 'data' of a guest: docs/guides/databases.md",
  });
}
