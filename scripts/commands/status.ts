import * as z from "zod";
import { show } from "../inspect/inspection";
import { inspectStatus } from "../inspect/status/inspect-status";
import { statusShape } from "../inspect/status/shape";
import { defineCommand } from "./frame/command";

export const command = defineCommand({
  description:
    "The page to look at every morning: for each guest its newest backup, how old and how large it is, how the job's last run ended, when the next one is due, how full the storage is, what is not covered, what is half done and how to go on, which guests are not as the settings say, where the state is and how old its copies are. Save points do not count as backups. Ends with 3 when something needs you, so that a timer can watch it.",
  examples: [
    { command: "lifeboat status", meaning: "every environment" },
    { command: "lifeboat status prod", meaning: "one environment" },
    {
      command: "lifeboat status --json | jq '.environments[].guests[] | select(.problems != [])'",
      meaning: "for scripts",
    },
  ],
  arguments: [{ name: "environment", description: "only this one (prod for Pulumi.prod.yaml)", required: false }],
  input: z.object({ environment: z.string().optional() }),
  aim: ({ environment }) => (environment === undefined ? "show the status" : `show the status of ${environment}`),
  prints: { report: statusShape },
  run: async ({ environment }, context) =>
    show(context, await inspectStatus(await context.site(), environment, context)),
});
