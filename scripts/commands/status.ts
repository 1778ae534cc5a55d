import * as z from "zod";
import { failureOf } from "../clients/failure";
import { show } from "../inspect/inspection";
import { matterOfFailure, mattersOf } from "../inspect/notify/matters";
import { notify } from "../inspect/notify/notify";
import { ToldFile } from "../inspect/notify/told";
import { inspectStatus } from "../inspect/status/inspect-status";
import { statusShape } from "../inspect/status/shape";
import { inspectStatusTimer } from "../inspect/timer/inspect-timer";
import { timerShape } from "../inspect/timer/shape";
import type { CommandContext } from "../project/context";
import { findProject } from "../project/find-project";
import { CommandError } from "../terminal/command-error";
import type { ExitCode } from "../terminal/exit-codes";
import { defineCommand } from "./frame/command";
import { channelsOf, isComplete, notifyFlags, notifySchema, notifyWords } from "./frame/notify-flags";

const inputSchema = notifySchema.extend({
  environment: z.string().optional(),
  printTimer: z.boolean().default(false),
});

type Input = z.output<typeof inputSchema>;

export const command = defineCommand({
  description:
    "The page to look at every morning: for each guest its newest backup, how old and how large it is, how the job's last run ended, when the next one is due, how full the storage is, what is not covered, what is half done and how to go on, which guests are not as the settings say, where the state is and how old its copies are. Save points do not count as backups. Ends with 3 when something needs you, so that a timer can watch it. With --notify it tells people who do not look: what has changed, that it could not look, and once a day what still needs them.",
  examples: [
    { command: "lifeboat status", meaning: "every environment" },
    { command: "lifeboat status prod", meaning: "one environment" },
    { command: "lifeboat status --notify --mail ops@example.org", meaning: "tell by mail what has changed" },
    {
      command: "lifeboat status --notify --mail ops@example.org --print-timer | sh",
      meaning: "install a systemd timer that does so each hour",
    },
    {
      command: "lifeboat status --json | jq '.environments[].guests[] | select(.problems != [])'",
      meaning: "for scripts",
    },
  ],
  arguments: [{ name: "environment", description: "only this one (prod for Pulumi.prod.yaml)", required: false }],
  options: [
    ...notifyFlags,
    { flags: "--print-timer", description: "print shell lines that install a systemd service and its timer" },
  ],
  input: inputSchema
    .refine(isComplete, { error: "--notify goes with --mail, --webhook or --ntfy, and they with it" })
    .refine(({ notify: isAsked, printTimer }) => isAsked || !printTimer, {
      error: "--print-timer goes with --notify: a timer whose findings nobody reads finds nothing",
    }),
  aim: ({ environment, printTimer }) => {
    if (printTimer) return "print the timer of status";
    return environment === undefined ? "show the status" : `show the status of ${environment}`;
  },
  prints: { report: statusShape, "--print-timer": timerShape },
  run: async (input, context) => {
    if (input.printTimer) return printTimer(input, context);
    return input.notify ? tellStatus(input, context) : showStatus(input, context);
  },
});

async function showStatus({ environment }: Input, context: CommandContext): Promise<ExitCode> {
  return show(context, await inspectStatus(await context.site(), environment, context));
}

/** That nothing could be looked at is told, too: nobody would miss what is not sent. */
async function tellStatus(input: Input, context: CommandContext): Promise<ExitCode> {
  const channels = channelsOf(input, context);
  const told = new ToldFile(context.io.environment, [placeOf(context), input.environment ?? ""]);
  const found = await look(input, context);
  if ("error" in found) {
    const matters = [matterOfFailure(failureOf(found.error, "look at the site"))];
    // Why nothing could be looked at is the command's own error: that somebody was not told comes before it.
    await notify(matters, { channels, told, site: "" }, context).catch((error: unknown) => {
      if (!(error instanceof CommandError)) throw error;
      context.talk.warning(error.message);
    });
    throw found.error;
  }
  const { inspection, site } = found;
  const code = show(context, inspection);
  await notify(mattersOf(inspection.value), { channels, told, site }, context);
  return code;
}

async function look({ environment }: Input, context: CommandContext) {
  try {
    const site = await context.site();
    return { inspection: await inspectStatus(site, environment, context), site: site.name };
  } catch (error) {
    context.signal.throwIfAborted();
    return { error };
  }
}

/** The project, also where its settings cannot be read. */
function placeOf({ project, io }: CommandContext): string {
  const { environment, workingDirectory } = io;
  try {
    return findProject({ project, environment, workingDirectory }).folder;
  } catch (error) {
    if (error instanceof CommandError) return workingDirectory;
    throw error;
  }
}

async function printTimer(input: Input, context: CommandContext): Promise<ExitCode> {
  // Those that could not be read by the timer are told now.
  channelsOf(input, context);
  const words = notifyWords(input, context.io.workingDirectory);
  return show(context, inspectStatusTimer(await context.site(), { environment: input.environment, words }, context));
}
