import * as z from "zod";
import { shellQuote } from "../../machine/shell-quote";
import type { KnownOption } from "../../terminal/known-command";
import type { GivenAnswers } from "../../recovery/engine/consent";
import { defaultCheckSeconds } from "../../recovery/steps/guest/open-world";

/** Flags that every command has which overwrites a guest. */
export const restoreFlags: readonly KnownOption[] = [
  { flags: "--dry-run", description: "show the plan; send nothing that changes anything" },
  { flags: "--force", description: "answer the plan's question with yes; implies none of the following" },
  { flags: "--stop", description: "stop the guest if it runs" },
  {
    flags: "--accept-loss",
    description: "lose what the archive does not hold: excluded disks, snapshots, unused disks",
  },
  {
    flags: "--without-save-point [name]",
    description: "make no save point first; without a terminal the guest's name must be given",
  },
  {
    flags: "--check-timeout <seconds>",
    description: `how long each check is repeated (default ${defaultCheckSeconds})`,
  },
];

/** Their input. */
export const restoreFlagsSchema = z.object({
  dryRun: z.boolean().default(false),
  force: z.boolean().default(false),
  stop: z.boolean().default(false),
  acceptLoss: z.boolean().default(false),
  withoutSavePoint: z.union([z.string(), z.boolean()]).optional(),
  checkTimeout: z.coerce.number().min(0).max(86_400).default(defaultCheckSeconds),
});

export type RestoreFlags = z.output<typeof restoreFlagsSchema>;

/** The flags as answers to the plan's demands. */
export function answersOf({ force, stop, acceptLoss, withoutSavePoint }: RestoreFlags): GivenAnswers {
  return { "--force": force, "--stop": stop, "--accept-loss": acceptLoss, "--without-save-point": withoutSavePoint };
}

/** A command line that does the same again: in hints, and in the journal. */
export function commandLine(words: readonly string[], flags: RestoreFlags): string {
  const { withoutSavePoint } = flags;
  const answers = [
    ...(flags.stop ? ["--stop"] : []),
    ...(flags.acceptLoss ? ["--accept-loss"] : []),
    ...(typeof withoutSavePoint === "string" ? [`--without-save-point=${withoutSavePoint}`] : []),
    ...(withoutSavePoint === true ? ["--without-save-point"] : []),
    ...(flags.force ? ["--force"] : []),
  ];
  return [...words, ...answers].map(shellQuote).join(" ");
}
