import * as z from "zod";
import { refreshKit } from "../inspect/kit/inspect-kit";
import type { CommandContext } from "../project/context";
import { runSequence } from "../recovery/engine/run-sequence";
import { upSequence } from "../recovery/up/operation";
import { upShapes } from "../recovery/up/plan";
import { CommandError } from "../terminal/command-error";
import { type ExitCode, exitCodes } from "../terminal/exit-codes";
import { defineCommand } from "./frame/command";

export const command = defineCommand({
  description:
    "Runs pulumi up for every environment of the site, or for those that are named, in order. Where the settings declare a state store, its environment comes first: its state begins on this machine and is moved into the store; the others keep theirs there from the beginning. Run it again after an interruption: it does what is left, and nothing else.",
  examples: [
    { command: "lifeboat up --dry-run", meaning: "what would be made and changed?" },
    { command: "lifeboat up", meaning: "show the plan, ask, do it" },
    { command: "lifeboat up prod", meaning: "only this environment, and the state store where it needs one" },
    { command: "lifeboat up --force", meaning: "without a question, for scripts" },
  ],
  arguments: [
    {
      name: "environments",
      description: "prod for Pulumi.prod.yaml; all without a name",
      required: false,
      variadic: true,
    },
  ],
  options: [
    { flags: "--dry-run", description: "show the plan; change nothing" },
    { flags: "--force", description: "answer the plan's question with yes" },
  ],
  input: z.object({
    environments: z.array(z.string()).default([]),
    dryRun: z.boolean().default(false),
    force: z.boolean().default(false),
  }),
  aim: ({ environments }) => `bring up ${environments.length === 0 ? "the site" : environments.join(", ")}`,
  interrupt: "clean",
  prints: upShapes,
  run: async ({ environments, dryRun, force }, context) => {
    const words = ["lifeboat up", ...environments, ...(force ? ["--force"] : [])];
    const request = { wanted: environments, dryRun, given: { "--force": force }, command: words.join(" ") };
    const exitCode = await runSequence(await upSequence(await context.site(), request, context));
    return exitCode === exitCodes.done && !dryRun ? keepKit(context) : exitCode;
  },
});

/** What was brought up stands: a kit that could not be made anew is told, and ends with 3. */
async function keepKit(context: CommandContext): Promise<ExitCode> {
  // The settings may have got secrets meanwhile.
  const site = await context.openSite();
  try {
    const file = await refreshKit(site, context);
    if (file !== undefined) context.talk.line(`Break-glass file: ${file}`);
    return exitCodes.done;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    context.talk.warning(`the break-glass file was not made anew: ${error.message}`);
    if (error.hint !== undefined) context.talk.hint(error.hint);
    return exitCodes.partly;
  } finally {
    await site.close();
  }
}
