import { type NodeMapping, pairTexts, readMapping } from "../../../site/replaced-node/node-mapping";
import { shellQuote } from "../../machine/shell-quote";
import type { CommandContext } from "../../project/context";
import type { LoadedEnvironment } from "../../project/site";
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
 * The new names of a recovery that was cut off when settings had them already, and Pulumi's state perhaps not. Without them the state would be
 * taken for one of a node that is gone.
 *
 * @param home the environment that keeps the site's journals
 * @throws CommandError (1) for a journal that cannot be read
 */
export function mappingCutOff(home: LoadedEnvironment, context: CommandContext): NodeMapping | undefined {
  const subject = { kind: "site" } as const;
  const open = journalsOf({ state: stateOf(home, context), subject }).find(
    (journal) => isOpen(journal) && journal.contents.kind === recoverKind,
  );
  const map = recoverPlanSchema.safeParse(open?.contents.plan).data?.map;
  if (open === undefined || map === undefined) return undefined;
  if (map.settings.length > 0 && open.record(settingsPath) === undefined) return undefined;
  const mapping = readMapping(map);
  context.talk.line(
    `The recovery begun at ${formatInstant(open.contents.startedAt)} was cut off on its way to other names; it goes on with them: ${mappingWords(mapping).join(" ")}`,
  );
  return mapping;
}
