import * as z from "zod";
import { show } from "../inspect/inspection";
import { inspectPreviews, listEnvironments } from "../inspect/preview/inspect-previews";
import { environmentsShape, previewsShape } from "../inspect/preview/shape";
import { defineCommand } from "./frame/command";

const input = z
  .object({
    environments: z.array(z.string()).default([]),
    list: z.boolean().default(false),
    out: z.string().min(1).optional(),
    refresh: z.boolean().default(false),
  })
  .refine(
    ({ list, out, refresh, environments }) => !list || (out === undefined && !refresh && environments.length === 0),
    {
      message: "--list goes with nothing else",
    },
  );

export const command = defineCommand({
  description:
    "Shows what pulumi up would do to each environment, replacements and deletions first. Changes nothing, and read-only credentials are enough: this is what pull requests run (docs/guides/pull-requests.md). Ends with 3 when an environment cannot be previewed.",
  examples: [
    { command: "lifeboat preview", meaning: "every environment" },
    { command: "lifeboat preview prod --refresh", meaning: "one, with what was changed by hand" },
    { command: "lifeboat preview prod --out results", meaning: "write results/prod.json, for a comment" },
    { command: "lifeboat preview --list --json", meaning: "names of the environments, for scripts" },
  ],
  arguments: [
    { name: "environments", description: "only these (prod for Pulumi.prod.yaml)", required: false, variadic: true },
  ],
  options: [
    { flags: "--list", description: "only list the environments" },
    { flags: "--out <folder>", description: "also write what was found to <folder>/<environment>.json" },
    { flags: "--refresh", description: "ask Proxmox first, so that what was changed by hand shows too" },
  ],
  input,
  aim: ({ list }) => (list ? "list the environments" : "preview"),
  prints: { report: previewsShape, "--list": environmentsShape },
  run: async ({ list, ...request }, context) => {
    const site = await context.site();
    if (list) return show(context, listEnvironments(site));
    return show(context, await inspectPreviews(site, request, context));
  },
});
