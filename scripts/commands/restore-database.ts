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
    "Brings a database of PostgreSQL or MariaDB back from a dump. The dump is loaded beside the present database and its contents are counted; only then it takes that one's place, by a rename (MariaDB: of all its tables in one statement; its triggers, views, routines and events follow). What was there is dumped and proven first, and 'lifeboat undo' goes back to it. With --into it comes beside it under another name. An encrypted dump is opened on this machine: its identity never reaches a guest.",
  examples: [
    { command: "lifeboat restore database web shop --dry-run", meaning: "show the plan, and what would be lost" },
    { command: "lifeboat restore database web shop", meaning: "show the plan, ask, restore the newest dump" },
    { command: "lifeboat restore database web shop --into shop_before", meaning: "beside it, to look something up" },
    { command: "lifeboat restore database web shop --at 2026-11-20", meaning: "the newest dump of that day or before" },
    { command: "lifeboat restore database web shop --to-guest lab/web", meaning: "into the server of another guest" },
    { command: "lifeboat restore database web shop --from offsite", meaning: "from the copies in another S3 service" },
    { command: "lifeboat restore database web shop --force --disconnect", meaning: "without questions, for scripts" },
  ],
  arguments: [
    { name: "guest", description: "id, name, or environment/name", required: true },
    { name: "name", description: "of the database; 'lifeboat data' lists them", required: true },
  ],
  options: [
    { flags: "--source <source>", description: "the source of the settings, where more than one has that database" },
    ...restoreDataFlags,
  ],
  input: restoreDataSchema
    .extend({ name: z.string().min(1), source: z.string().optional() })
    .refine(namesOnePoint, onePointOnly)
    .refine(leavesSavePointsInGuest, inGuestOnly),
  aim: ({ guest, name }) => `restore database ${name} of ${guest}`,
  interrupt: "clean",
  prints: restoreDataShapes,
  run: (input, context) =>
    restoreData(
      {
        words: ["lifeboat", "restore", "database"],
        behind: [input.name, ...(input.source === undefined ? [] : ["--source", input.source])],
        source: input.source,
        names: [input.name],
        what: `database ${input.name}`,
        kinds: ["postgres", "mariadb"],
        isWanted: ({ type, name }) => type === "database" && name === input.name,
      },
      input,
      context,
    ),
});
