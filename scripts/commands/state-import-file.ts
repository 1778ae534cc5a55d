import * as z from "zod";
import { importFileShape } from "../inspect/import-file/shape";
import { inspectImport } from "../inspect/import-file/inspect-import";
import { show } from "../inspect/inspection";
import { defineCommand } from "./frame/command";

export const command = defineCommand({
  description:
    "For an environment whose state is lost, with all of its copies: writes a file with which `pulumi import` takes what exists on the site into a new state, so that the next preview neither replaces nor deletes anything. Taken in are the guests that bear this environment's mark, its backup storage and job, and the firewall rules, buckets and identities of the state store; everything else is named, with what becomes of it. Nothing on the site is changed.",
  examples: [
    { command: "lifeboat state import-file prod --dry-run", meaning: "what would be taken in, and what not?" },
    { command: "lifeboat state import-file prod", meaning: "write the file, and say what to do with it" },
    { command: "lifeboat state import-file prod --to prod-import.json", meaning: "… to a place of your own" },
  ],
  arguments: [{ name: "environment", description: "prod for Pulumi.prod.yaml", required: true }],
  options: [
    { flags: "--to <file>", description: "where to write it. Default: Lifeboat's own folder of the environment" },
    { flags: "--force", description: "replace a file that is there already" },
    { flags: "--dry-run", description: "show what would be taken in; write nothing" },
  ],
  input: z.object({
    environment: z.string(),
    to: z.string().min(1).optional(),
    force: z.boolean().default(false),
    dryRun: z.boolean().default(false),
  }),
  aim: ({ environment }) => `write the import file of ${environment}`,
  prints: { report: importFileShape },
  run: async ({ environment, ...request }, context) => {
    const site = await context.site();
    return show(context, await inspectImport(site, site.environment(environment), request, context));
  },
});
