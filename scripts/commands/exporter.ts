import * as z from "zod";
import { inspectOnce, pageShape, runExporter } from "../inspect/exporter/run-exporter";
import { show } from "../inspect/inspection";
import { exitCodes } from "../terminal/exit-codes";
import { defineCommand } from "./frame/command";
import { exporterAddress, exporterDefaults, exporterInterval } from "./frame/exporter-flags";

export const command = defineCommand({
  description:
    "Gives Prometheus what is really on the storages: for each guest the newest backup that is there, its size, how long it took, how many there are, what is not covered, the job's last run, how full storages are, how old proofs are, where the state is, what is half done. It sees what lifeboat status sees. What it may not see it says as that, never as a backup that is missing. docs/reference/metrics.md has every metric. It looks every few minutes and answers from what it has seen. It only reads, and needs no passphrase where --credentials has its tokens.",
  examples: [
    { command: "lifeboat exporter --once", meaning: "look once and print the page" },
    {
      command: "lifeboat exporter",
      meaning: `answer at http://${exporterDefaults.address}/metrics until it is stopped`,
    },
    {
      command: "lifeboat exporter --credentials /etc/lifeboat/credentials",
      meaning: "as a service: prod.token there is the token of prod, prod.state-key the key to its state",
    },
  ],
  options: [
    { flags: "--once", description: "look once, print the page and end; 3: something could not be looked at" },
    { flags: "--listen <address>", description: `where it answers (default: ${exporterDefaults.address})` },
    {
      flags: "--interval <duration>",
      description: `from one look to the next (default: ${exporterDefaults.interval})`,
    },
    {
      flags: "--credentials <folder>",
      description: "folder with ENV.token, ENV.state-key, ENV.offsite-key; the shell and the settings then give none",
    },
  ],
  input: z.object({
    once: z.boolean().default(false),
    listen: exporterAddress,
    interval: exporterInterval,
    credentials: z.string().min(1).optional(),
  }),
  aim: ({ once }) => (once ? "print the metrics" : "give the metrics"),
  interrupt: "clean",
  prints: { "--once": pageShape },
  run: async ({ once, listen, interval, credentials }, context) => {
    const options = { interval: interval.seconds, credentials };
    if (once) return show(context, await inspectOnce(options, context));
    await runExporter({ ...options, address: listen }, context);
    return exitCodes.done;
  },
});
