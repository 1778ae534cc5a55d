import * as z from "zod";
import { show } from "../inspect/inspection";
import { inspectInventory } from "../inspect/inventory/inspect-inventory";
import { inventoryShape } from "../inspect/inventory/shape";
import { documentFormats } from "../terminal/document/formats";
import { Output } from "../terminal/output";
import { defineCommand } from "./frame/command";

export const command = defineCommand({
  description:
    "What is backed up where, how often, how old and how proven, from the settings and from what is really there: each guest and each of its disks, jobs, retention, storages, what is left out and until when, dumps of databases and files, their copies elsewhere, states and their copies, guests that nothing backs up. For an audit, a wiki or a folder with paper. Changes nothing. What could not be looked at is said as unknown, and it ends with 3 then.",
  examples: [
    { command: "lifeboat inventory", meaning: "the whole site" },
    { command: "lifeboat inventory --format html > inventory.html", meaning: "a page to print" },
    { command: "lifeboat inventory prod --format markdown", meaning: "one environment, for a wiki" },
    {
      command: "lifeboat inventory --json | jq -r '.environments[].guests[] | select(.newest == null) | .name'",
      meaning: "for scripts",
    },
  ],
  arguments: [
    {
      name: "environments",
      description: "prod for Pulumi.prod.yaml; all without a name",
      required: false,
      variadic: true,
    },
  ],
  options: [{ flags: "--format <format>", description: `${documentFormats.join(", ")} or json (default: text)` }],
  input: z.object({
    environments: z.array(z.string()).default([]),
    format: z.enum([...documentFormats, "json"]).default("text"),
  }),
  aim: ({ environments }) =>
    `list what is backed up in ${environments.length === 0 ? "the site" : environments.join(", ")}`,
  prints: { report: inventoryShape },
  run: async ({ environments, format }, context) => {
    const page = format === "json" ? "text" : format;
    const inspection = await inspectInventory(await context.site(), { environments, format: page }, context);
    // The same line as with --json, for which errors are lines of JSON too.
    const output = format === "json" ? new Output(context.io, true, context.redactor) : context.output;
    return show({ ...context, output }, inspection);
  },
});
