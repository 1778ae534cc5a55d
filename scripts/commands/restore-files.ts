import * as z from "zod";
import { restoreDataShapes } from "../recovery/restore-data/plan";
import { defineCommand } from "./frame/command";
import {
  inGuestOnly,
  leavesSavePointsInGuest,
  namesOnePoint,
  onePointOnly,
  restoreData,
  restoreDataFlags,
  restoreDataSchema,
} from "./frame/restore-data-flags";

export const command = defineCommand({
  description:
    "Brings folders, files and Docker volumes back from a dump, all of a source or those that are named. They are unpacked beside what is there; only when that is whole it takes the place of the present one, which is dumped first and to which 'lifeboat undo' goes back. With --into they come into a folder of their own.",
  examples: [
    { command: "lifeboat restore files web config --dry-run", meaning: "show the plan, and what would be lost" },
    { command: "lifeboat restore files web config", meaning: "every folder and volume of the source 'config'" },
    { command: "lifeboat restore files web config /etc/app", meaning: "one of them" },
    {
      command: "lifeboat restore files web config /etc/app --into /srv/app-before",
      meaning: "beside it, to look something up",
    },
    { command: "lifeboat restore files web config --from offsite", meaning: "from the copies in another S3 service" },
    { command: "lifeboat restore files web config --force", meaning: "without questions, for scripts" },
  ],
  arguments: [
    { name: "guest", description: "id, name, or environment/name", required: true },
    { name: "source", description: "its source in the settings", required: true },
    { name: "items", description: "paths or names of volumes; default: all", required: false, variadic: true },
  ],
  options: restoreDataFlags,
  input: restoreDataSchema
    .extend({ source: z.string(), items: z.array(z.string()).default([]) })
    .refine(namesOnePoint, onePointOnly)
    .refine(leavesSavePointsInGuest, inGuestOnly),
  aim: ({ guest, source }) => `restore files of ${source} of ${guest}`,
  interrupt: "clean",
  prints: restoreDataShapes,
  run: ({ items, ...input }, context) =>
    restoreData(
      {
        words: ["lifeboat", "restore", "files"],
        behind: [input.source, ...items],
        source: input.source,
        names: items,
        what: items.length === 0 ? `files of ${input.source}` : items.join(" and "),
        kinds: ["files"],
        isWanted: ({ name }) => items.length === 0 || items.includes(name),
      },
      input,
      context,
    ),
});
