import {
  mappingText,
  type NodeMapping,
  pairTexts,
  readMapping,
  thenMapped,
} from "../../../site/replaced-node/node-mapping";
import { shellQuote } from "../../machine/shell-quote";
import type { CommandContext } from "../../project/context";
import type { LoadedEnvironment } from "../../project/site";
import { usageError } from "../../terminal/command-error";
import { formatInstant } from "../../terminal/durations";
import { isOpen } from "../engine/journal";
import { recoverKind } from "../engine/kinds";
import { journalsOf, stateOf } from "../engine/session";
import { recoverPlanSchema } from "./plan";

/** Path of the step that writes settings. */
export const settingsPath = "settings";

/** The flags that name a mapping, as a command line has them. */
export function mappingWords({ nodes, storages }: NodeMapping): string[] {
  return [...wordsOf("--map", nodes), ...wordsOf("--storage", storages)];
}

function wordsOf(flag: string, names: NodeMapping["nodes"]): string[] {
  return names.size === 0 ? [] : [flag, shellQuote(pairTexts(names).join(","))];
}

/**
 * The names that count, with those of a recovery that was cut off when settings had them already, and Pulumi's state perhaps not. Without them
 * the state would be taken for one of a node that is gone, and archives would have no storage to go to.
 *
 * @param asked by this command line; undefined: it names none
 * @param home the environment that keeps the site's journals
 * @throws CommandError (1) for a journal that cannot be read, (2) for names that go round in circles with the earlier ones
 */
export function mappingToFollow(
  asked: NodeMapping | undefined,
  home: LoadedEnvironment,
  context: CommandContext,
): NodeMapping | undefined {
  const cutOff = mappingCutOff(home, context);
  if (cutOff === undefined) return asked;
  const mapping = asked === undefined ? cutOff.mapping : thenMapped(cutOff.mapping, asked);
  if ("problem" in mapping) throw usageError(mapping.problem, mapping.hint);
  if (asked !== undefined && mappingText(mapping) === mappingText(asked)) return asked;
  context.talk.line(
    `The recovery begun at ${formatInstant(cutOff.startedAt)} was cut off on its way to other names; it goes on with them: ${mappingWords(mapping).join(" ")}`,
  );
  return mapping;
}

interface CutOff {
  readonly mapping: NodeMapping;
  readonly startedAt: string;
}

function mappingCutOff(home: LoadedEnvironment, context: CommandContext): CutOff | undefined {
  const subject = { kind: "site" } as const;
  const open = journalsOf({ state: stateOf(home, context), subject }).find(
    (journal) => isOpen(journal) && journal.contents.kind === recoverKind,
  );
  const map = recoverPlanSchema.safeParse(open?.contents.plan).data?.map;
  if (open === undefined || map === undefined) return undefined;
  if (map.settings.length > 0 && open.record(settingsPath) === undefined) return undefined;
  return { mapping: readMapping(map), startedAt: open.contents.startedAt };
}
