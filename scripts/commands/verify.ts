import * as z from "zod";
import { nodeProgram } from "../clients/node-program/node-program";
import { verify, type VerifyWish } from "../inspect/verify/inspect-verify";
import { listWords } from "../../site/settings/schema-tools";
import { nodeCommandShape, verifyShape } from "../inspect/verify/shape";
import { exitCodes } from "../terminal/exit-codes";
import { defineCommand } from "./frame/command";
import { durationFlag } from "./frame/duration-flag";

const inputSchema = z
  .object({
    environment: z.string().optional(),
    archives: z.boolean().default(false),
    state: z.boolean().default(false),
    dumps: z.boolean().default(false),
    guest: z.array(z.string()).default([]),
    for: durationFlag.optional(),
    printNodeCommand: z.boolean().default(false),
  })
  .refine(({ guest, state }) => guest.length === 0 || !state, {
    error: "--guest is about archives and dumps, and not about states",
  })
  .refine((input) => input.for === undefined || !(input.state || input.dumps), {
    error: "--for is about archives, and not about states or dumps",
  });

/** Those of three kinds that are named, or all; a guest has no state, and only archives are read for so long. */
function wishOf({
  archives,
  state,
  dumps,
  guest,
  for: within,
}: Pick<z.infer<typeof inputSchema>, "archives" | "state" | "dumps" | "guest" | "for">): Pick<
  VerifyWish,
  "archives" | "states" | "dumps"
> {
  if (archives || state || dumps) return { archives: archives || within !== undefined, states: state, dumps };
  return { archives: true, states: guest.length === 0 && within === undefined, dumps: within === undefined };
}

export const command = defineCommand({
  description:
    "Reads every archive on the nodes' storages for backups to its end, on the node and over SSH, and every version of every state. Of an archive: that it is not empty, unpacks, is complete, holds the configuration of the guest that its name tells, and agrees with vzdump's log beside it; and that no archive is missing that schedule and retention say should be there. Its SHA-256 is recorded in its notes when it is first found whole, and compared from then on: nothing else finds a bit that has turned over in an archive that is not compressed. What is damaged is recorded too, and not restored unless somebody names it. Of a snapshot on a Proxmox Backup Server: what the server has found when it verified it; one that it has not verified yet could not be looked at. Of a state: that it can be unpacked and parsed, belongs to the environment and refers to nothing that is missing, and that the passphrase opens every secret in it; so are the copies in the places of the settings. Of a dump of data in a guest: that every file is what was written, and holds what was dumped, by their SHA-256, that pg_restore can list a database of PostgreSQL, and that no dump is missing that schedule and retention say should be there; the guest reads it itself, and what is encrypted is read and not opened. Ends with 3 when something is bad, missing, or could not be looked at.",
  examples: [
    { command: "lifeboat verify", meaning: "archives, states and dumps of all environments" },
    { command: "lifeboat verify prod --archives", meaning: "the archives of one" },
    {
      command: "lifeboat verify --archives --for 2h",
      meaning: "begin with the longest unverified, and nothing new after 2 h",
    },
    { command: "lifeboat verify --guest web", meaning: "the archives and dumps of one guest" },
    { command: "lifeboat verify prod --dumps", meaning: "the dumps of data in the guests of one environment" },
    { command: "lifeboat verify --state prod", meaning: "the states of one environment" },
    { command: "lifeboat verify --json", meaning: "for scripts" },
  ],
  arguments: [{ name: "environment", description: "prod for Pulumi.prod.yaml; all by default", required: false }],
  options: [
    { flags: "--archives", description: "check archives alone" },
    { flags: "--state", description: "check Pulumi's states alone" },
    { flags: "--dumps", description: "check dumps of data in guests alone" },
    { flags: "--guest <guests...>", description: "archives and dumps of these alone: id, name, or environment/name" },
    { flags: "--for <duration>", description: "begin no further archive after so long, such as 10m or 2h" },
    {
      flags: "--print-node-command",
      description: "print the program for a node to which a key can be limited that does nothing but read archives",
    },
  ],
  input: inputSchema,
  aim: ({ environment, guest, ...input }) => {
    const { archives, states, dumps } = wishOf({ guest, ...input });
    const parts = [...(archives ? ["archives"] : []), ...(states ? ["states"] : []), ...(dumps ? ["dumps"] : [])];
    const whose = guest.length > 0 ? guest.join(", ") : (environment ?? "all environments");
    return `verify the ${listWords(parts, "and")} of ${whose}`;
  },
  interrupt: "clean",
  prints: { report: verifyShape, "print-node-command": nodeCommandShape },
  run: async (input, context) => {
    const { environment, guest, for: within } = input;
    if (input.printNodeCommand) {
      context.output.result({ program: nodeProgram }, (lines) => lines.text(nodeProgram.trimEnd()));
      return exitCodes.done;
    }
    return verify({ environment, ...wishOf(input), guests: guest, seconds: within?.seconds }, context);
  },
});
