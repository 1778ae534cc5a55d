import * as z from "zod";
import type { LoadedEnvironment, Site } from "../project/site";
import { type CopyPlace, copyPlace } from "../recovery/steps/state/copies/copy-places";
import { allCopied, copyStates, type EnvironmentCopy } from "../recovery/steps/state/copies/copy-states";
import { defineCommand } from "./frame/command";
import { CommandError } from "../terminal/command-error";
import { formatBytes } from "../terminal/durations";
import { type ExitCode, exitCodes } from "../terminal/exit-codes";
import type { Lines } from "../terminal/talk";
import { dim, green, red, type Styled } from "../terminal/text";

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
  run: async (input, context) => {
    const site = await context.site();
    const { io, signal } = context;
    const { environment: variables, workingDirectory } = io;
    const to = await copyPlace(input.to, { site, variables, workingDirectory, reach: { signal } });
    const { chosen, unusable } = choose(site, input);
    const copies = await copyStates(chosen, to, context, input.dryRun);
    const exitCode = exitCodeOf(copies, input, unusable);
    const value = { exitCode, to: to.name, dryRun: input.dryRun, copies: copies.map(asJson), unusable };
    context.output.result(value, (lines) => print(copies, to, input.dryRun, lines));
    for (const name of unusable) context.talk.warning(`${name} was left out: its settings are wrong (lifeboat doctor)`);
    return exitCode;
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

/** What failed decides only when nothing was copied. */
function exitCodeOf(
  copies: readonly EnvironmentCopy[],
  { environments }: Input,
  unusable: readonly string[],
): ExitCode {
  const failed = copies.flatMap(({ result }) => (result.kind === "failed" ? [result.failure] : []));
  const [first] = failed;
  if (first !== undefined && failed.length === copies.length) return first.exitCode;
  if (environments.length > 0 && copies.every(({ result }) => result.kind === "empty")) {
    throw new CommandError("there is no state yet", {
      exitCode: exitCodes.nothing,
      hint: `the first deployment makes it: lifeboat up ${environments.join(" ")}`,
    });
  }
  return allCopied(copies) && unusable.length === 0 ? exitCodes.done : exitCodes.partly;
}

function asJson({ environment, from, result }: EnvironmentCopy): Record<string, unknown> {
  const base = { environment, from: from ?? null, outcome: result.kind };
  switch (result.kind) {
    case "copied":
      return { ...base, objects: result.objects, copy: result.marker };
    case "planned":
      return { ...base, objects: result.objects, state: result.state };
    case "kept":
      return { ...base, why: result.why };
    case "failed":
      return { ...base, why: result.failure.message, hint: result.failure.hint ?? null };
    case "empty":
      return base;
  }
}

function print(copies: readonly EnvironmentCopy[], to: CopyPlace, dryRun: boolean, lines: Lines): void {
  lines.heading(`${dryRun ? "Would copy" : "Copies"} to ${to.name}`);
  for (const { environment, result } of copies) {
    const [mark, text, hint] = describe(result);
    lines.hanging(["  ", mark, ` ${environment}: `], text);
    if (hint !== undefined) lines.hanging(["      ", dim("→ ")], hint, dim);
  }
}

function describe(result: EnvironmentCopy["result"]): [mark: Styled, text: string, hint?: string | undefined] {
  switch (result.kind) {
    case "copied": {
      const { checkpoint, update, duringUpdate } = result.marker;
      const last = update === undefined ? "" : `, after ${update.kind} (${update.result})`;
      const during = duringUpdate ? "; AN UPDATE WAS AT WORK: it may be from its middle" : "";
      const size = formatBytes(checkpoint.size);
      return [green("✓"), `${size}${last}, ${String(result.objects)} new objects of its history${during}`];
    }
    case "planned":
      return [dim("-"), `${result.state ? "the state, " : ""}${String(result.objects)} new objects of its history`];
    case "kept":
      return [red("✗"), result.why, result.hint];
    case "failed":
      return [red("✗"), result.failure.message, result.failure.hint];
    case "empty":
      return [dim("-"), "has no state yet"];
  }
}
