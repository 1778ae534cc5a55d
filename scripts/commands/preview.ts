import * as z from "zod";
import { operations, type StackPreview, writePreview, failed } from "../pull-requests/preview-file";
import { takePreview } from "../pull-requests/take-preview";
import { rememberVariables } from "../project/secret-variables";
import type { Site } from "../project/site";
import { defineCommand } from "./frame/command";
import { usageError } from "../terminal/command-error";
import { type ExitCode, exitCodes } from "../terminal/exit-codes";
import { failureOf } from "../clients/failure";
import type { Lines } from "../terminal/talk";
import { bold, green, red, type Styled, yellow } from "../terminal/text";
import type { CommandContext } from "../project/context";

const input = z
  .object({
    environments: z.array(z.string()).default([]),
    list: z.boolean().default(false),
    out: z.string().min(1).optional(),
    refresh: z.boolean().default(false),
  })
  .refine(
    ({ list, out, refresh, environments }) => !list || (out === undefined && !refresh && environments.length === 0),
    {
      message: "--list goes with nothing else",
    },
  );

type Input = z.output<typeof input>;

export const command = defineCommand({
  description:
    "Shows what pulumi up would do to each environment, replacements and deletions first. Changes nothing, and read-only credentials are enough: this is what pull requests run (docs/guides/pull-requests.md). Ends with 3 when an environment cannot be previewed.",
  examples: [
    { command: "lifeboat preview", meaning: "every environment" },
    { command: "lifeboat preview prod --refresh", meaning: "one, with what was changed by hand" },
    { command: "lifeboat preview prod --out results", meaning: "write results/prod.json, for a comment" },
    { command: "lifeboat preview --list --json", meaning: "names of the environments, for scripts" },
  ],
  arguments: [
    { name: "environments", description: "only these (prod for Pulumi.prod.yaml)", required: false, variadic: true },
  ],
  options: [
    { flags: "--list", description: "only list the environments" },
    { flags: "--out <folder>", description: "also write what was found to <folder>/<environment>.json" },
    { flags: "--refresh", description: "look at the real world first" },
  ],
  input,
  aim: ({ list }) => (list ? "list the environments" : "preview"),
  run: async (wanted, context) => {
    const site = await context.site();
    return wanted.list ? listEnvironments(site, context) : preview(site, wanted, context);
  },
});

function listEnvironments({ environmentNames: environments }: Site, { output }: CommandContext): ExitCode {
  output.result({ environments }, (lines) => environments.forEach((name) => lines.line(name)));
  return exitCodes.done;
}

async function preview(site: Site, { environments, out, refresh }: Input, context: CommandContext): Promise<ExitCode> {
  const unknown = environments.filter((name) => !site.environmentNames.includes(name));
  if (unknown.length > 0) {
    throw usageError(
      `there is no environment '${unknown.join("', '")}'`,
      `there are: ${site.environmentNames.join(", ")}`,
    );
  }
  const { io, redactor, progress } = context;
  rememberVariables(redactor, io.environment);
  const previews: StackPreview[] = [];
  for (const name of environments.length > 0 ? environments : site.environmentNames) {
    const found = await progress.step(`preview ${name}`, () => previewOne(site, name, refresh, context));
    if (out !== undefined) writePreview(out, found, (text) => redactor.redact(text));
    previews.push(found);
  }
  const exitCode = previews.some(({ outcome }) => outcome === "failed") ? exitCodes.partly : exitCodes.done;
  context.output.result({ ok: exitCode === exitCodes.done, exitCode, previews }, (lines) => {
    for (const found of previews) print(found, lines);
  });
  return exitCode;
}

/** What is wrong with one environment stops no other (A6). */
async function previewOne(
  site: Site,
  name: string,
  refresh: boolean,
  { io, signal }: CommandContext,
): Promise<StackPreview> {
  try {
    return await takePreview(site.environment(name), { variables: io.environment, refresh, signal });
  } catch (error) {
    signal.throwIfAborted();
    const { message, hint } = failureOf(error, `preview ${name}`);
    return failed(name, hint === undefined ? message : `${message}\nHINT: ${hint}`);
  }
}

function print(preview: StackPreview, lines: Lines): void {
  if (preview.outcome === "failed") {
    lines.line([bold(preview.stack), ": ", red("cannot be previewed")]);
    lines.text(preview.reason, "  ");
  } else {
    const { counts, changes } = preview;
    const told = operations
      .filter((operation) => counts[operation] > 0)
      .map((operation) => `${String(counts[operation])} ${operation}`);
    lines.line([
      bold(preview.stack),
      `: ${told.length === 0 ? "no changes" : told.join(", ")} (${String(counts.same)} stay)`,
    ]);
    for (const { operation, resource, type, properties } of changes) {
      const named = properties.length === 0 ? "" : `: ${properties.join(", ")}`;
      lines.line(["  ", styles[operation](operation.padEnd(8)), `${resource}  ${type}${named}`]);
    }
  }
  for (const warning of preview.warnings) lines.hanging([yellow("  ! ")], warning);
  lines.line();
}

const styles: Readonly<Record<(typeof operations)[number], (text: string) => Styled>> = {
  replace: red,
  delete: red,
  update: yellow,
  import: green,
  create: green,
};
