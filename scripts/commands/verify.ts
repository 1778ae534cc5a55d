import * as z from "zod";
import { show } from "../inspect/inspection";
import { inspectStates } from "../inspect/verify/inspect-states";
import { statesShape } from "../inspect/verify/shape";
import { defineCommand } from "./frame/command";

export const command = defineCommand({
  description:
    "Reads every version of every state and checks it: that it can be unpacked and parsed, belongs to the environment and refers to nothing that is missing, and that the passphrase opens every secret in it. So are the copies in the places of the settings: that they are whole, and what a run leaves that came to its end. Ends with 3 when one is bad.",
  examples: [
    { command: "lifeboat verify --state", meaning: "the states of all environments" },
    { command: "lifeboat verify --state prod", meaning: "of one" },
    { command: "lifeboat verify --state --json", meaning: "for scripts" },
  ],
  arguments: [{ name: "environment", description: "prod for Pulumi.prod.yaml; all by default", required: false }],
  options: [{ flags: "--state", description: "check Pulumi's states" }],
  input: z
    .object({ environment: z.string().optional(), state: z.boolean().default(false) })
    .refine(({ state }) => state, { error: "say what to check: --state" }),
  aim: ({ environment }) => `verify the states of ${environment ?? "all environments"}`,
  prints: { report: statesShape },
  run: async ({ environment }, context) => show(context, await inspectStates(context, environment)),
});
