import * as z from "zod";
import { chooseGuests } from "../project/choose-guests";
import { drillDumps } from "../recovery/drill-data/drill-dumps";
import { drillDataShape } from "../recovery/drill-data/shape";
import { defineCommand } from "./frame/command";
import { identityOf, identityFlag } from "./frame/restore-data-flags";

export const command = defineCommand({
  description:
    "Proves dumps: the newest dump of each source is restored into something of its own in its guest that nobody works with (PostgreSQL: a database; MariaDB: a server without a network; files: a folder), what is in it is counted and compared with what was counted when it was made, the query of the settings ('drill' of the source) is asked and its answer compared, and all of it is removed again. Nothing that is there is touched. An encrypted dump is opened on this machine on its way. What was found is kept in the guest and in the history of this machine; 'lifeboat data', 'status' and the exporter tell it. Exit code 3: a dump is not proven, or could not be tried.",
  examples: [
    { command: "lifeboat drill data", meaning: "every source of every guest" },
    { command: "lifeboat drill data web", meaning: "those of one guest" },
    { command: "lifeboat drill data web shop", meaning: "one source" },
    { command: "lifeboat drill data --env prod --json", meaning: "for a timer" },
  ],
  arguments: [
    { name: "guest", description: "id, name, or environment/name; default: all", required: false },
    { name: "source", description: "its source in the settings; default: all", required: false },
  ],
  options: [{ flags: "--env <environment>", description: "its guests alone" }, identityFlag],
  input: z
    .object({
      guest: z.string().optional(),
      source: z.string().optional(),
      env: z.string().optional(),
      identity: z.string().optional(),
    })
    .refine(({ guest, env }) => guest === undefined || env === undefined, {
      error: "--env and the name of a guest exclude each other",
    }),
  aim: ({ guest, source }) => `drill ${source ?? "the dumps"} of ${guest ?? "guests"}`,
  interrupt: "clean",
  prints: { report: drillDataShape },
  run: async ({ guest, source, env, identity }, context) => {
    const wish = guest === undefined ? { guests: [], all: true, env } : { guests: [guest], all: false };
    const guests = chooseGuests(wish, await context.site());
    return drillDumps({ guests, source, identity: identityOf({ identity }, context) }, context);
  },
});
