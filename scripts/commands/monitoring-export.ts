import * as z from "zod";
import { inspectExport } from "../inspect/monitoring-export/inspect-export";
import { exportShape } from "../inspect/monitoring-export/shape";
import { show } from "../inspect/inspection";
import { defineCommand } from "./frame/command";
import { exporterAddress, exporterDefaults, exporterInterval } from "./frame/exporter-flags";

export const command = defineCommand({
  description:
    "For a site that has its own Prometheus and Grafana: writes alert rules, dashboards, the scrape job and a systemd unit for lifeboat exporter as files into a folder. Run again, it replaces what it wrote itself; a file that somebody else wrote or has changed stays, and nothing is written (13). It needs neither a project nor a node.",
  examples: [
    { command: "lifeboat monitoring export monitoring", meaning: "write them into the folder monitoring" },
    {
      command: "lifeboat monitoring export monitoring --runbooks https://docs.example.com/lifeboat/",
      meaning: "… with links from alerts to where you show docs/runbooks",
    },
    {
      command: "lifeboat monitoring export monitoring --listen 192.0.2.133:9941",
      meaning: "… for an exporter on another machine than Prometheus",
    },
  ],
  arguments: [{ name: "folder", description: "where to write them; made if it is not there", required: true }],
  options: [
    { flags: "--runbooks <url>", description: "address of the folder above docs/runbooks, for links in alerts" },
    { flags: "--listen <address>", description: `where the exporter answers (default: ${exporterDefaults.address})` },
    { flags: "--interval <duration>", description: `how often it looks (default: ${exporterDefaults.interval})` },
    { flags: "--without-rules", description: "leave the alert rules out" },
    { flags: "--force", description: "replace files that are in the way" },
  ],
  input: z.object({
    folder: z.string().min(1),
    runbooks: z
      .url({ protocol: /^https?$/u, error: "an address such as https://docs.example.com/ is expected" })
      .optional(),
    listen: exporterAddress,
    interval: exporterInterval,
    withoutRules: z.boolean().default(false),
    force: z.boolean().default(false),
  }),
  aim: ({ folder }) => `write the monitoring's files into ${folder}`,
  prints: { report: exportShape },
  run: async ({ withoutRules, listen, interval, ...request }, context) =>
    show(
      context,
      inspectExport({ ...request, listen: listen.text, interval: interval.text, rules: !withoutRules }, context),
    ),
});
