import * as z from "zod";
import { show } from "../inspect/inspection";
import { inspectUnnamed } from "../inspect/unnamed/inspect-unnamed";
import { unnamedShape } from "../inspect/unnamed/shape";
import type { CommandContext } from "../project/context";
import type { LoadedEnvironment } from "../project/environment";
import type { Site } from "../project/site";
import { adopt } from "../recovery/adopt/adopt";
import { chooseAllUnnamed, chooseUnnamed } from "../recovery/adopt/choose-unnamed";
import { adoptionPlanShape, adoptionShape } from "../recovery/adopt/shape";
import { endOfFinding, findGuests } from "../recovery/adopt/unnamed-guests";
import { defineCommand } from "./frame/command";

const inputSchema = z.object({
  ids: z.array(z.string()).default([]),
  env: z.string().optional(),
  all: z.boolean().default(false),
  owner: z.string().trim().min(1).max(200).default("to be named"),
  force: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});

type Input = z.output<typeof inputSchema>;

export const command = defineCommand({
  description:
    "Writes guests that were made by hand into the settings, so that they are backed up and can be restored. They are never owned: nothing of Lifeboat changes or deletes them. The block comes from the guest as it is now (name, node, checks, disks that Proxmox leaves out of backups); the rest of the file stays as it is, comments included. Without an id: lists the guests that no settings name.",
  examples: [
    { command: "lifeboat adopt", meaning: "which guests are in no settings" },
    { command: "lifeboat adopt 140", meaning: "show what would be written for guest 140, ask, write it" },
    { command: "lifeboat adopt --all", meaning: "every guest that is in no settings" },
    { command: "lifeboat adopt 140 141 150 --force", meaning: "more than one, without a question, for scripts" },
    { command: "lifeboat adopt prod/140", meaning: "where more than one environment could be meant" },
  ],
  arguments: [{ name: "ids", description: "ids in Proxmox, or environment/id", required: false, variadic: true }],
  options: [
    { flags: "--all", description: "every guest that no settings name" },
    { flags: "--env <environment>", description: "into the settings of this environment" },
    { flags: "--owner <name>", description: "who answers for disks that are in no backup" },
    { flags: "--force", description: "do not ask" },
    { flags: "--dry-run", description: "show what would be written; write nothing" },
  ],
  input: inputSchema
    .refine(({ ids, all, force }) => ids.length > 0 || all || !force, {
      error: "no guest is named; --force goes with ids or --all: lifeboat adopt 140 141 --force",
    })
    .refine(({ ids, all }) => ids.length === 0 || !all, { error: "name guests or give --all, not both" }),
  aim: ({ ids, all }) =>
    all ? "adopt every guest" : ids.length === 0 ? "list guests that no settings name" : `adopt ${ids.join(", ")}`,
  prints: { list: unnamedShape, plan: adoptionPlanShape, report: adoptionShape },
  run: async (input, context) => {
    const site = await context.site();
    const environments = chosenEnvironments(site, input, context);
    const seen = await context.progress.step(
      titleOf(environments),
      () => findGuests(environments, site.environments().usable),
      endOfFinding,
    );
    if (input.all) return adopt(chooseAllUnnamed(seen, input.env), input, context);
    if (input.ids.length === 0) return show(context, inspectUnnamed(seen));
    const chosen = [...new Set(input.ids)].map((id) => chooseUnnamed(id, seen));
    return adopt(chosen, input, context);
  },
});

/** Settings that are wrong keep nobody from adopting into others. */
function chosenEnvironments(site: Site, { env, ids }: Input, { talk }: CommandContext): LoadedEnvironment[] {
  const named = ids.flatMap((id) => (id.includes("/") ? site.environment(id.slice(0, id.indexOf("/"))) : []));
  if (env !== undefined) return [site.environment(env)];
  if (ids.length > 0 && named.length === ids.length) return [...new Set(named)];
  const { usable, unusable } = site.environments();
  const [broken] = unusable;
  if (broken !== undefined && usable.length === 0) throw broken.error;
  for (const { name } of unusable) talk.warning(`The settings of ${name} cannot be used: lifeboat doctor ${name}`);
  return usable;
}

function titleOf(environments: readonly LoadedEnvironment[]): string {
  return `look at the guests of ${environments.map(({ name }) => name).join(", ")}`;
}
