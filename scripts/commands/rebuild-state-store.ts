import * as z from "zod";
import { shellQuote } from "../machine/shell-quote";
import { rebuildOperation } from "../recovery/rebuild/operation";
import { runOne } from "../recovery/engine/run-one";
import { rebuildShapes } from "../recovery/rebuild/plan";
import { openRebuild, storeIn } from "../recovery/rebuild/world";
import { defineCommand } from "./frame/command";
import { staleFlag } from "../recovery/steps/state/copies/flags";

export const command = defineCommand({
  description:
    "The state store is gone, or broken: its container is made again at the same address, with the same buckets and identities, and every environment's state comes back from a copy with all its restore points. What the store still has is never overwritten. At the end each environment proves with a preview that it works.",
  examples: [
    { command: "lifeboat rebuild state-store --dry-run", meaning: "what is there, what would be done and lost?" },
    { command: "lifeboat rebuild state-store", meaning: "from the copies on this machine" },
    { command: "lifeboat rebuild state-store --from offsite", meaning: "from the second S3 service" },
    {
      command: "lifeboat rebuild state-store --from /mnt/usb/states.tar.gz",
      meaning: "from a packed folder of copies",
    },
  ],
  options: [
    {
      flags: "--from <place>",
      description: "where the copies are: a folder, a tar file, 'offsite', or s3://bucket/path",
    },
    { flags: "--accept-stale", description: "use copies although the store was last seen with newer states" },
    { flags: "--dry-run", description: "show the plan; change nothing" },
    { flags: "--force", description: "answer the plan's question with yes" },
  ],
  input: z.object({
    from: z.string().optional(),
    acceptStale: z.boolean().default(false),
    dryRun: z.boolean().default(false),
    force: z.boolean().default(false),
  }),
  aim: () => "rebuild the state store",
  interrupt: "clean",
  prints: rebuildShapes,
  run: async ({ from, acceptStale, dryRun, force }, context) => {
    const site = await context.site();
    const session = await openRebuild(site, storeIn(site), context, { from, dryRun });
    const flags = [
      ...(from === undefined ? [] : [`--from ${shellQuote(from)}`]),
      ...(acceptStale ? [staleFlag] : []),
      ...(force ? ["--force"] : []),
    ];
    const words = ["lifeboat rebuild state-store", ...flags].join(" ");
    const given = { "--force": force, [staleFlag]: acceptStale };
    const operation = rebuildOperation(session, { given, command: words });
    return runOne(session, operation);
  },
});
