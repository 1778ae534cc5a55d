import * as z from "zod";
import { inspectCopies, inspectData } from "../inspect/data/inspect-data";
import { copiesShape, dataShape } from "../inspect/data/shape";
import { show } from "../inspect/inspection";
import { chooseGuests } from "../project/choose-guests";
import { defineCommand } from "./frame/command";

export const command = defineCommand({
  description:
    "Shows the sources of data in guests: databases, folders, volumes and outputs of commands, with their newest whole dump and how the last run ended. Of a guest that is named also every dump, what is in it, and what restores have replaced. The guests themselves are asked: one that does not answer is unknown, and not without dumps. With --from offsite nothing but the bucket elsewhere is asked. Ends with 3 when something is wrong or unknown, and with 10 where no source is declared.",
  examples: [
    { command: "lifeboat data", meaning: "all sources of all guests" },
    { command: "lifeboat data web", meaning: "one guest, with its dumps" },
    { command: "lifeboat data web --from offsite", meaning: "its copies in another S3 service; the guest may be gone" },
    { command: "lifeboat restore database web shop", meaning: "bring one of them back" },
  ],
  arguments: [{ name: "guest", description: "id, name, or environment/name; default: all", required: false }],
  options: [
    { flags: "--from <place>", description: "'offsite': the copies in lifeboat:offsite, in place of the guests" },
  ],
  input: z.object({
    guest: z.string().optional(),
    from: z.literal("offsite", { error: "'offsite' is the only other place of dumps" }).optional(),
  }),
  aim: ({ guest }) => `show the data ${guest === undefined ? "of guests" : `of ${guest}`}`,
  prints: { report: dataShape, "--from offsite": copiesShape },
  run: async ({ guest, from }, context) => {
    const wish = guest === undefined ? { guests: [], all: true } : { guests: [guest], all: false };
    const found = chooseGuests(wish, await context.site());
    if (from !== undefined) return show(context, await inspectCopies(found, guest !== undefined, context));
    return show(context, await inspectData(found, guest !== undefined, context));
  },
});
