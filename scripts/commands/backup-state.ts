import * as z from "zod";
import { show } from "../inspect/inspection";
import type { LoadedEnvironment, Site } from "../project/site";
import { copyReport } from "../recovery/backup-state/report";
import { copiesShape } from "../recovery/backup-state/shape";
import { copyPlace } from "../recovery/steps/state/copies/copy-places";
import { copyStates } from "../recovery/steps/state/copies/copy-states";
import { defineCommand } from "./frame/command";

const inputSchema = z.object({
  environments: z.array(z.string()).default([]),
  to: z.string().optional(),
  dryRun: z.boolean().default(false),
});

type Input = z.output<typeof inputSchema>;

export const command = defineCommand({
  description:
    "Copies the states of the stacks, their history and the states that lifeboat saved, from where they live to a folder on this machine, or to another place. Only what is new is sent, everything is read back, nothing is removed, and a copy is never replaced by an older state that knows nothing of it. `lifeboat state fallback` and `lifeboat rebuild state-store` live on these copies.",
  examples: [
    { command: "lifeboat backup state", meaning: "every environment, to the folder of the settings" },
    { command: "lifeboat backup state prod --to /mnt/usb/states", meaning: "one, to another folder" },
    { command: "lifeboat backup state --to offsite", meaning: "to the second S3 service of the settings" },
    { command: "lifeboat backup state --to 's3://copies/site?endpoint=https://s3.example.com'", meaning: "to any S3" },
  ],
  arguments: [
    {
      name: "environments",
      description: "of these environments; of all without a name",
      required: false,
      variadic: true,
    },
  ],
  options: [
    { flags: "--to <place>", description: "a folder, 'offsite', or s3://bucket/path?endpoint=…" },
    { flags: "--dry-run", description: "show what would be copied from where; write nothing" },
  ],
  input: inputSchema,
  aim: ({ environments }) =>
    environments.length === 0 ? "copy the states" : `copy the state of ${environments.join(", ")}`,
  interrupt: "clean",
  prints: { report: copiesShape },
  run: async (input, context) => {
    const site = await context.site();
    const { io, signal } = context;
    const { environment: variables, workingDirectory } = io;
    const to = await copyPlace(input.to, { site, variables, workingDirectory, reach: { signal } });
    const { chosen, unusable } = choose(site, input);
    const copies = await copyStates(chosen, to, context, input.dryRun);
    return show(context, copyReport(copies, to, { ...input, unusable }));
  },
});

interface ChosenEnvironments {
  readonly chosen: LoadedEnvironment[];
  /** Names of those whose settings are wrong. */
  readonly unusable: string[];
}

/** @throws CommandError (2) for an environment that is named and not there */
function choose(site: Site, { environments }: Input): ChosenEnvironments {
  if (environments.length > 0) return { chosen: environments.map((name) => site.environment(name)), unusable: [] };
  const { usable, unusable } = site.environments();
  return { chosen: usable, unusable: unusable.map(({ name }) => name) };
}
