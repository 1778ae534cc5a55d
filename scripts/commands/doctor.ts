import * as z from "zod";
import { examine } from "../inspect/doctor/examine";
import { inspectSetups } from "../inspect/doctor/inspect-setups";
import { examinationShape, setupsShape } from "../inspect/doctor/shape";
import { show } from "../inspect/inspection";
import { defineCommand } from "./frame/command";

const input = z
  .object({
    environment: z.string().optional(),
    printSetup: z.boolean().default(false),
    readOnly: z.boolean().default(false),
  })
  .refine(({ printSetup, readOnly }) => printSetup || !readOnly, { message: "--read-only goes with --print-setup" });

export const command = defineCommand({
  description:
    "Checks what Lifeboat needs: the settings, each node's address, certificate and clock, the API token, every privilege and storage, and the programs of this machine. Changes nothing.",
  examples: [
    { command: "lifeboat doctor", meaning: "check every environment" },
    { command: "lifeboat doctor prod --json", meaning: "one environment, for scripts" },
    { command: "lifeboat doctor --print-setup", meaning: "the lines that make roles, user and token on a node" },
  ],
  arguments: [{ name: "environment", description: "only this one (prod for Pulumi.prod.yaml)", required: false }],
  options: [
    {
      flags: "--print-setup",
      description: "print pveum lines for a token with least privileges, and connect to nothing",
    },
    {
      flags: "--read-only",
      description: "with --print-setup: for a token that can only read, for previews of pull requests",
    },
  ],
  input,
  aim: ({ printSetup }) => (printSetup ? "print the set-up" : "examine the site"),
  prints: { report: examinationShape, "--print-setup": setupsShape },
  run: async ({ environment, printSetup, readOnly }, context) => {
    const site = await context.site();
    if (printSetup) return show(context, inspectSetups(site, { environment, readOnly }));
    return show(context, await examine(site, environment, context));
  },
});
