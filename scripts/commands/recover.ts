import * as z from "zod";
import { parseMapping } from "../../site/replaced-node/node-mapping";
import { inspectCheck } from "../inspect/check/inspect-check";
import { isBad } from "../inspect/check/subject";
import { nodeLacks as inspectLacks } from "../inspect/node-script/node-lacks";
import { shellQuote } from "../machine/shell-quote";
import { runOne } from "../recovery/engine/run-one";
import type { Finding } from "../recovery/engine/step";
import { recoverOperation } from "../recovery/recover/operation";
import { recoverShapes } from "../recovery/recover/plan";
import { type LastCheck, type LookForLacks, openSiteSession } from "../recovery/recover/session";
import { lossFlag } from "../recovery/recover/stack-steps";
import { staleFlag } from "../recovery/steps/state/copies/flags";
import { usageError } from "../terminal/command-error";
import { defineCommand } from "./frame/command";
import { identityOf } from "./frame/restore-data-flags";
import { bringData, lookForCopies, lookForData } from "./frame/latest-data";

/** Guests that are restored at the same time unless the command line says otherwise. */
const defaultParallel = 4;

/** Seconds that a check is repeated: after a recovery much has just been started. */
const defaultPatience = 120;

const names = z
  .union([z.string(), z.array(z.string())])
  .default([])
  .transform((given) => [given].flat().flatMap((text) => text.split(",").filter((name) => name !== "")));

export const command = defineCommand({
  description:
    "The worst day: looks which nodes, storages, archives, states and copies are left, shows what comes back, in which order, and what is lost of it, and after one question brings it back: storages, guests from their archives, the state store and its states, backup jobs, and data of the guests that it has restored, from a dump, a copy of one or WAL that is newer than the archive. At the end it checks everything. Run it again after an interruption, or when another node is there again: it looks again and does what is left. What is there is never overwritten.",
  examples: [
    { command: "lifeboat recover --dry-run", meaning: "what is left, what comes back, and what is lost?" },
    { command: "lifeboat recover", meaning: "show the plan, ask, bring it back" },
    {
      command: "lifeboat recover --from offsite",
      meaning: "with states, and guests without an archive, from elsewhere",
    },
    { command: "lifeboat recover --only prod", meaning: "one environment first" },
    {
      command: "lifeboat recover --map pve-prod=pve-new --storage local=tank",
      meaning: "the node was replaced by one with another name and other storages",
    },
    { command: "lifeboat recover --skip lab,prod/cache --force", meaning: "all but these, without a question" },
  ],
  options: [
    {
      flags: "--only <names>",
      description: "environments and guests to bring back: prod, prod/web; several by commas",
      isList: true,
    },
    {
      flags: "--skip <names>",
      description:
        "environments and guests that are left as they are; prod/web/shop: data that stay as the archive has them; data: all data",
      isList: true,
    },
    {
      flags: "--map <names>",
      description:
        "a node that was replaced by one of another name: pve-prod=pve-new; several by commas. Its settings, backup jobs, guests and what Pulumi knows of them go over to the new name",
      isList: true,
    },
    {
      flags: "--storage <names>",
      description:
        "storages of the new node that stand for those of the old one: local=tank; several by commas; with --map",
      isList: true,
    },
    {
      flags: "--from <place>",
      description:
        "where the copies of states are: a folder, a tar file, 'offsite', or s3://bucket/path. With 'offsite' guests without an archive on the storages come back from their copies in lifeboat:offsite, too",
    },
    {
      flags: "--parallel <number>",
      description: `guests that are restored at the same time, at most 2 on one node (default ${String(defaultParallel)})`,
    },
    {
      flags: "--check-timeout <seconds>",
      description: `how long each check of a guest is repeated (default ${String(defaultPatience)})`,
    },
    { flags: "--accept-loss", description: "restore archives that do not hold everything that the settings declare" },
    { flags: "--accept-stale", description: "use copies of states although the store was last seen with newer ones" },
    { flags: "--dry-run", description: "show the plan; change nothing" },
    { flags: "--force", description: "answer the plan's question with yes" },
  ],
  input: z.object({
    only: names,
    skip: names,
    map: names,
    storage: names,
    from: z.string().optional(),
    parallel: z.coerce.number().int().min(1).max(16).default(defaultParallel),
    checkTimeout: z.coerce.number().min(0).max(86_400).default(defaultPatience),
    acceptLoss: z.boolean().default(false),
    acceptStale: z.boolean().default(false),
    dryRun: z.boolean().default(false),
    force: z.boolean().default(false),
  }),
  aim: () => "recover the site",
  interrupt: "clean",
  prints: recoverShapes,
  run: async (input, context) => {
    const { only, skip, map, storage, from, parallel, checkTimeout, acceptLoss, acceptStale, dryRun, force } = input;
    const words = [
      "lifeboat recover",
      ...(only.length === 0 ? [] : [`--only ${shellQuote(only.join(","))}`]),
      ...(skip.length === 0 ? [] : [`--skip ${shellQuote(skip.join(","))}`]),
      ...(map.length === 0 ? [] : [`--map ${shellQuote(map.join(","))}`]),
      ...(storage.length === 0 ? [] : [`--storage ${shellQuote(storage.join(","))}`]),
      ...(from === undefined ? [] : [`--from ${shellQuote(from)}`]),
      ...(parallel === defaultParallel ? [] : [`--parallel ${String(parallel)}`]),
      ...(checkTimeout === defaultPatience ? [] : [`--check-timeout ${String(checkTimeout)}`]),
      ...(acceptLoss ? [lossFlag] : []),
      ...(acceptStale ? [staleFlag] : []),
      ...(force ? ["--force"] : []),
    ];
    const given = { "--force": force, [lossFlag]: acceptLoss, [staleFlag]: acceptStale };
    const mapping = parseMapping(map, storage);
    if (mapping !== undefined && "problem" in mapping) throw usageError(mapping.problem, mapping.hint);
    const command = words.join(" ");
    const asked = { only, skip, from, mapping, parallel, dryRun, given, checkSeconds: checkTimeout, command };
    const identity = identityOf({}, context);
    const nodeLacks: LookForLacks = (environment, node, inner) => inspectLacks(environment, node, identity, inner);
    const looks = {
      check: lastCheck(checkTimeout),
      newerData: lookForData,
      copies: lookForCopies,
      bringData,
      nodeLacks,
    };
    const session = await openSiteSession(asked, looks, context);
    return runOne(session, recoverOperation(session));
  },
});

/** As `lifeboat check` finds it; with problems only, each with its next command. */
function lastCheck(patience: number): LastCheck {
  return async (environments, context) => {
    const { value } = await inspectCheck(await context.site(), { environments, patience }, context);
    return value.subjects.filter(isBad).flatMap(({ environment, subject, problems: found }) =>
      found.map(({ text, next }): Finding => ({
        severity: "problem",
        text: `${environment === null ? "" : `${environment}: `}${subject}: ${text}`,
        ...(next === null ? {} : { mend: next }),
      })),
    );
  };
}
