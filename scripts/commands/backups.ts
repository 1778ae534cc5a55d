import * as z from "zod";
import { findGuestOrArchived } from "../recovery/steps/guest/archived-guest";
import { inspectBackups } from "../inspect/backups/inspect-backups";
import { backupsShape } from "../inspect/backups/shape";
import { show } from "../inspect/inspection";
import { defineCommand } from "./frame/command";

export const command = defineCommand({
  description:
    "Lists the backups of a guest on every storage of its cluster, newest first, in the node's time. A guest that has left the settings is found by its id or by the name in its archives. Ends with 3 when not all could be looked for, with 10 when there are none, and with 14 when the token may not see them.",
  examples: [
    { command: "lifeboat backups web", meaning: "by name" },
    { command: "lifeboat backups prod/101", meaning: "by environment and id" },
    { command: "lifeboat backups prod/150", meaning: "of a guest that has left the settings" },
    { command: "lifeboat restore guest web --archive <ARCHIVE>", meaning: "restore one of them" },
  ],
  arguments: [{ name: "guest", description: "id, name, or environment/name", required: true }],
  input: z.object({ guest: z.string() }),
  aim: ({ guest }) => `list the backups of ${guest}`,
  prints: { report: backupsShape },
  run: async ({ guest }, context) =>
    show(context, await inspectBackups(await findGuestOrArchived(guest, context), context)),
});
