import * as z from "zod";
import type { CommandContext } from "../project/context";
import { openSession } from "../recovery/engine/session";
import { dumpNow } from "../recovery/backup-data/dump-now";
import { backupDataShape } from "../recovery/backup-data/shape";
import { defineCommand } from "./frame/command";

export const command = defineCommand({
  description:
    "Makes dumps of a guest's data now, as its timer does: dumped, restored into something of their own, counted, compared with the last, encrypted. Shows what the run says meanwhile. The dumps fall under the retention like any other. Ends with 1 when a dump fails, and with 11 when a run is at work already.",
  examples: [
    { command: "lifeboat backup data web", meaning: "every source of the guest, one after the other" },
    { command: "lifeboat backup data web shop", meaning: "one source" },
    { command: "lifeboat backup data web shop --accept", meaning: "also a dump that is much smaller than the last" },
    { command: "lifeboat data web", meaning: "what there is" },
  ],
  arguments: [
    { name: "guest", description: "id, name, or environment/name", required: true },
    { name: "source", description: "its source in the settings; default: all", required: false },
  ],
  options: [{ flags: "--accept", description: "also a dump that is smaller than it should be" }],
  input: z.object({ guest: z.string(), source: z.string().optional(), accept: z.boolean().default(false) }),
  aim: ({ guest, source }) => `back up ${source === undefined ? "the data" : source} of ${guest}`,
  interrupt: "clean",
  prints: { report: backupDataShape },
  run: async ({ guest, source, accept }, context: CommandContext) =>
    dumpNow(await openSession(guest, context, false), { source, accept }),
});
