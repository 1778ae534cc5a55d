import * as z from "zod";
import { inspectData } from "../inspect/data/inspect-data";
import { dataShape } from "../inspect/data/shape";
import { show } from "../inspect/inspection";
import { chooseGuests } from "../project/choose-guests";
import { defineCommand } from "./frame/command";

export const command = defineCommand({
  description:
    "Shows the sources of data in guests: databases, folders, volumes and outputs of commands, with their newest whole dump and how the last run ended. Of a guest that is named also every dump, what is in it, and what restores have replaced. The guests themselves are asked: one that does not answer is unknown, and not without dumps. Ends with 3 when something is wrong or unknown, and with 10 where no source is declared.",
  examples: [
    { command: "lifeboat data", meaning: "all sources of all guests" },
    { command: "lifeboat data web", meaning: "one guest, with its dumps" },
    { command: "lifeboat restore database web shop", meaning: "bring one of them back" },
  ],
  arguments: [{ name: "guest", description: "id, name, or environment/name; default: all", required: false }],
  input: z.object({ guest: z.string().optional() }),
  aim: ({ guest }) => `show the data ${guest === undefined ? "of guests" : `of ${guest}`}`,
  prints: { report: dataShape },
  run: async ({ guest }, context) => {
    const wish = guest === undefined ? { guests: [], all: true } : { guests: [guest], all: false };
    const found = chooseGuests(wish, await context.site());
    return show(context, await inspectData(found, guest !== undefined, context));
  },
});
