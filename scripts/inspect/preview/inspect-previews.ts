import { endOfLooks } from "../../terminal/progress";
import { failureOf } from "../../clients/failure";
import type { CommandContext } from "../../project/context";
import { rememberVariables } from "../../project/secret-variables";
import type { Site } from "../../project/site";
import { usageError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { ValueOf } from "../../terminal/shapes";
import type { Inspection } from "../inspection";
import { failed, type StackPreview, writePreview } from "./preview-file";
import { printPreview } from "./preview-page";
import type { environmentsShape, previewsShape } from "./shape";
import { takePreview } from "./take-preview";

/** Names of the site's environments; their settings are not read. */
export function listEnvironments({
  environmentNames: environments,
}: Site): Inspection<ValueOf<typeof environmentsShape>> {
  return {
    value: { environments },
    print: (lines) => environments.forEach((name) => lines.line(name)),
    exitCode: exitCodes.done,
  };
}

export interface PreviewRequest {
  /** All of them when empty. */
  readonly environments: readonly string[];
  /** Folder that gets a file for each environment. */
  readonly out?: string | undefined;
  /** Asks Proxmox first, so that what was changed by hand is a change too. */
  readonly refresh: boolean;
}

/** What `pulumi up` would do to environments. @throws CommandError (2) for a name that there is not */
export async function inspectPreviews(
  site: Site,
  { environments, out, refresh }: PreviewRequest,
  context: CommandContext,
): Promise<Inspection<ValueOf<typeof previewsShape>>> {
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
    const found = await progress.step(
      `preview ${name}`,
      () => previewOne(site, name, refresh, context),
      (preview) => endOfLooks([preview], ({ outcome }) => outcome === "failed"),
    );
    if (out !== undefined) writePreview(out, found, (text) => redactor.redact(text));
    previews.push(found);
  }
  const exitCode = previews.some(({ outcome }) => outcome === "failed") ? exitCodes.partly : exitCodes.done;
  return {
    value: { ok: exitCode === exitCodes.done, exitCode, previews },
    print: (lines) => {
      for (const found of previews) printPreview(found, lines);
    },
    exitCode,
  };
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
