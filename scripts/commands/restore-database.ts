import * as z from "zod";
import { restoreDataShapes } from "../recovery/restore-data/plan";
import { defineCommand } from "./frame/command";
import {
  archiveSchema,
  inGuestOnly,
  leavesSavePointsInGuest,
  namesOnePoint,
  onePointOnly,
  restoreData,
  restoreDataFlags,
  restoreDataSchema,
} from "./frame/restore-data-flags";

const atFlag = {
  flags: "--at <time>",
  description:
    "a time, in UTC or with its zone: with pointInTime as it was then, else the newest dump that is not later; a day: its newest dump",
};

export const command = defineCommand({
  description:
    "Brings a database of PostgreSQL or MariaDB back from a dump. The dump is loaded beside the present database and its contents are counted; only then it takes that one's place, by a rename (MariaDB: of all its tables in one statement; its triggers, views, routines and events follow). What was there is dumped and proven first, and 'lifeboat undo' goes back to it. With --into it comes beside it under another name. An encrypted dump is opened on this machine: its identity never reaches a guest.",
  examples: [
    { command: "lifeboat restore database web shop --dry-run", meaning: "show the plan, and what would be lost" },
    { command: "lifeboat restore database web shop", meaning: "show the plan, ask, restore the newest dump" },
    { command: "lifeboat restore database web shop --into shop_before", meaning: "beside it, to look something up" },
    { command: "lifeboat restore database web shop --at 2026-11-20", meaning: "the newest dump of that day or before" },
    {
      command: "lifeboat restore database web shop --at '2026-11-22 13:29:15'",
      meaning: "as it was then, where its cluster has pointInTime; other databases stay",
    },
    {
      command: "lifeboat restore database web shop --xid 73812 --into shop_before",
      meaning: "as it was after that transaction, beside it",
    },
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
    ...restoreDataFlags.map((option) => (option.flags === "--at <time>" ? atFlag : option)),
    { flags: "--xid <number>", description: "with pointInTime: a transaction; what it did is there" },
    { flags: "--point <name>", description: "with pointInTime: a point that pg_create_restore_point has named" },
    { flags: "--timeline <number>", description: "which one is meant, where more than one has the point" },
  ],
  input: restoreDataSchema
    .extend(archiveSchema.shape)
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
        archive: { xid: input.xid, point: input.point, timeline: input.timeline },
      },
      input,
      context,
    ),
});
