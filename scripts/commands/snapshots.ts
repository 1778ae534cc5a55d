import * as z from "zod";
import { show } from "../inspect/inspection";
import { inspectSnapshots } from "../inspect/snapshots/inspect-snapshots";
import { snapshotsShape } from "../inspect/snapshots/shape";
import { defineCommand } from "./frame/command";

export const command = defineCommand({
  description:
    "Lists the snapshots of a guest, newest first, in the node's time. They lie on the storage of the guest's own disks: 'lifeboat backups' lists its backups. Ends with 10 when there are none.",
  examples: [
    { command: "lifeboat snapshots web", meaning: "by name" },
    { command: "lifeboat restore snapshot web before-update", meaning: "go back to one of them" },
    { command: "lifeboat backup snapshot web", meaning: "take one" },
  ],
  arguments: [{ name: "guest", description: "id, name, or environment/name", required: true }],
  input: z.object({ guest: z.string() }),
  aim: ({ guest }) => `list the snapshots of ${guest}`,
  prints: { report: snapshotsShape },
  run: async ({ guest }, context) =>
    show(context, await inspectSnapshots((await context.site()).findGuest(guest), context)),
});
