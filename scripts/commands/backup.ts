import * as z from "zod";
import { inSettings } from "../recovery/engine/left-guest";
import type { CommandContext } from "../project/context";
import type { LoadedEnvironment, Site } from "../project/site";
import { backupOperation } from "../recovery/backup/operation";
import { runOne } from "../recovery/engine/run-one";
import { openSession } from "../recovery/engine/session";
import { usageError } from "../terminal/command-error";
import type { ExitCode } from "../terminal/exit-codes";
import { backupShapes } from "../recovery/backup/plan";
import { backupRunsShapes } from "../recovery/backup/batch/plan";
import { defineCommand } from "./frame/command";

const inputSchema = z.object({
  guest: z.string().optional(),
  all: z.boolean().default(false),
  env: z.string().optional(),
  force: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});

type Input = z.output<typeof inputSchema>;

export const command = defineCommand({
  description:
    "Backs a guest up now, with the options of its environment's backup job: storage, mode, compression, notes, retention. With --all every guest of an environment, as the job would: one run for each node, one guest after the other. Guests that opted out are left out.",
  examples: [
    { command: "lifeboat backup web", meaning: "back the guest web up and wait for the result" },
    { command: "lifeboat backup prod/web --dry-run", meaning: "show what would be asked of the node" },
    { command: "lifeboat backup --all prod", meaning: "every guest of the environment prod" },
    { command: "lifeboat backup --all --force", meaning: "every guest of every environment, without a question" },
  ],
  arguments: [
    { name: "guest", description: "id, name, or environment/name; with --all an environment", required: false },
  ],
  options: [
    { flags: "--all", description: "every guest of the environment, or of all environments" },
    { flags: "--env <environment>", description: "with --all: of this environment only" },
    { flags: "--force", description: "with --all: do not ask whether all environments are meant" },
    { flags: "--dry-run", description: "show the plan; send nothing that changes anything" },
  ],
  input: inputSchema,
  aim: ({ guest, all, env }) => {
    const of = guest ?? env;
    if (!all) return `back up ${guest ?? "a guest"}`;
    return `back up all guests${of === undefined ? "" : ` of ${of}`}`;
  },
  interrupt: "clean",
  needsWords: true,
  prints: { ...backupShapes, ...backupRunsShapes },
  run: async (input, context) => (input.all ? backUpAll(input, context) : backUpOne(input, context)),
});

async function backUpAll({ guest, env, force, dryRun }: Input, context: CommandContext): Promise<ExitCode> {
  if (guest !== undefined && env !== undefined && guest !== env) {
    throw usageError(`two environments are named: ${guest} and ${env}`);
  }
  const only = guest ?? env;
  const { backupBatch } = await import("../recovery/backup/batch/operation.js");
  const { runMany } = await import("../recovery/engine/run-many.js");
  const [first, ...others] = chosenEnvironments(await context.site(), only);
  if (first === undefined) throw usageError("the settings name no environment");
  const batch = await backupBatch(
    {
      environments: [first, ...others],
      dryRun,
      given: { "--force": force },
      command: [
        "lifeboat",
        "backup",
        "--all",
        ...(only === undefined ? [] : [only]),
        ...(force ? ["--force"] : []),
      ].join(" "),
    },
    context,
  );
  return runMany(batch);
}

/** Settings that cannot be read would leave guests out without a word: that is an error. */
function chosenEnvironments(site: Site, only: string | undefined): LoadedEnvironment[] {
  if (only?.includes("/") === true) throw usageError(`'${only}' is a guest, and --all is for environments`);
  if (only !== undefined) return [site.environment(only)];
  const { usable, unusable } = site.environments();
  const [broken] = unusable;
  if (broken !== undefined) throw broken.error;
  return usable;
}

async function backUpOne({ guest, env, dryRun }: Input, context: CommandContext): Promise<ExitCode> {
  if (env !== undefined) throw usageError("--env goes with --all", "name a guest of it: environment/name");
  if (guest === undefined) throw usageError("no guest is named", "name one, or all of an environment: --all prod");
  const session = await inSettings([guest], context, () => openSession(guest, context, dryRun));
  return runOne(session, backupOperation(session));
}
