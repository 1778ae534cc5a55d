import * as z from "zod";
import { nodeProgram } from "../clients/node-program/node-program";
import { verify } from "../inspect/verify/inspect-verify";
import { nodeCommandShape, verifyShape } from "../inspect/verify/shape";
import { exitCodes } from "../terminal/exit-codes";
import { defineCommand } from "./frame/command";
import { durationFlag } from "./frame/duration-flag";

const inputSchema = z
  .object({
    environment: z.string().optional(),
    archives: z.boolean().default(false),
    state: z.boolean().default(false),
    guest: z.array(z.string()).default([]),
    for: durationFlag.optional(),
    printNodeCommand: z.boolean().default(false),
  })
  .refine(({ guest, state }) => guest.length === 0 || !state, {
    error: "--guest is about archives, and not about states",
  })
  .refine((input) => input.for === undefined || !input.state, {
    error: "--for is about archives, and not about states",
  });

export const command = defineCommand({
  description:
    "Reads every archive on the nodes' storages for backups to its end, on the node and over SSH, and every version of every state. Of an archive: that it is not empty, unpacks, is complete, holds the configuration of the guest that its name tells, and agrees with vzdump's log beside it; and that no archive is missing that schedule and retention say should be there. Its SHA-256 is recorded in its notes when it is first found whole, and compared from then on: nothing else finds a bit that has turned over in an archive that is not compressed. What is damaged is recorded too, and not restored unless somebody names it. Of a snapshot on a Proxmox Backup Server: what the server has found when it verified it; one that it has not verified yet could not be looked at. Of a state: that it can be unpacked and parsed, belongs to the environment and refers to nothing that is missing, and that the passphrase opens every secret in it; so are the copies in the places of the settings. Ends with 3 when something is bad, missing, or could not be looked at.",
  examples: [
    { command: "lifeboat verify", meaning: "archives and states of all environments" },
    { command: "lifeboat verify prod --archives", meaning: "the archives of one" },
    {
      command: "lifeboat verify --archives --for 2h",
      meaning: "begin with the longest unverified, and nothing new after 2 h",
    },
    { command: "lifeboat verify --guest web", meaning: "the archives of one guest" },
    { command: "lifeboat verify --state prod", meaning: "the states of one environment" },
    { command: "lifeboat verify --json", meaning: "for scripts" },
  ],
  arguments: [{ name: "environment", description: "prod for Pulumi.prod.yaml; all by default", required: false }],
  options: [
    { flags: "--archives", description: "check archives alone" },
    { flags: "--state", description: "check Pulumi's states alone" },
    { flags: "--guest <guests...>", description: "archives of these alone: id, name, or environment/name" },
    { flags: "--for <duration>", description: "begin no further archive after so long, such as 10m or 2h" },
    {
      flags: "--print-node-command",
      description: "print the program for a node to which a key can be limited that does nothing but read archives",
    },
  ],
  input: inputSchema,
  aim: ({ environment, state, archives, guest }) => {
    const what = state === archives ? "archives and states" : state ? "the states" : "the archives";
    return `verify ${guest.length > 0 ? `the archives of ${guest.join(", ")}` : `${what} of ${environment ?? "all environments"}`}`;
  },
  interrupt: "clean",
  prints: { report: verifyShape, "print-node-command": nodeCommandShape },
  run: async ({ environment, archives, state, guest, for: within, printNodeCommand }, context) => {
    if (printNodeCommand) {
      context.output.result({ program: nodeProgram }, (lines) => lines.text(nodeProgram.trimEnd()));
      return exitCodes.done;
    }
    const onlyArchives = archives || guest.length > 0 || within !== undefined;
    return verify(
      {
        environment,
        archives: onlyArchives || !state,
        states: state || !onlyArchives,
        guests: guest,
        seconds: within?.seconds,
      },
      context,
    );
  },
});
