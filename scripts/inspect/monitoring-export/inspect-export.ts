import { existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { FileRefused, writeDurably } from "../../machine/durable-file";
import { messageOf } from "../../machine/error-code";
import type { CommandContext } from "../../project/context";
import { CommandError, usageError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { ValueOf } from "../../terminal/shapes";
import type { Inspection } from "../inspection";
import { exportFiles, type ExportSettings } from "./files";
import { type ExportPlan, listName, listOf, planExport } from "./own-files";
import type { exportShape } from "./shape";

export interface ExportRequest extends Omit<ExportSettings, "program"> {
  readonly folder: string;
  /** Write over files that no export wrote, or that somebody has changed since. */
  readonly force: boolean;
}

/**
 * Rules, dashboards and a unit for a Prometheus and Grafana of the site's own, as files. It needs neither a project nor a node.
 *
 * @throws CommandError (2), (13) where a file is in the way: none is written then
 */
export function inspectExport(
  { folder: name, force, ...settings }: ExportRequest,
  { io }: Pick<CommandContext, "io">,
): Inspection<ValueOf<typeof exportShape>> {
  const folder = resolve(io.workingDirectory, name);
  const program = [process.execPath, resolve(io.workingDirectory, io.program)];
  const files = exportFiles({ ...settings, program });
  const { strangers, ...plan } = planExport(folder, files);
  if (strangers.length > 0 && !force) throw inTheWay(folder, strangers);
  const written = [...plan.written, ...strangers];
  write(folder, files, { ...plan, written });
  const value = { folder, ...plan, written };
  return {
    value,
    print: (lines) => {
      for (const file of written) lines.line(`written    ${join(folder, file)}`);
      for (const file of plan.unchanged) lines.line(`unchanged  ${join(folder, file)}`);
      for (const file of plan.removed) lines.line(`removed    ${join(folder, file)}`);
    },
    exitCode: exitCodes.done,
    remark: (talk) => {
      for (const file of plan.left) {
        talk.warning(`${join(folder, file)} is of an earlier export, and was changed since: it stays`);
      }
      talk.hint(`${join(folder, "README.md")} says where each belongs`);
    },
  };
}

function write(
  folder: string,
  files: Readonly<Record<string, string>>,
  { written, removed }: Pick<ExportPlan, "written" | "removed">,
): void {
  for (const name of written) writeOne(join(folder, name), files[name] ?? "");
  for (const name of removed) rmSync(join(folder, name));
  writeOne(join(folder, listName), listOf(files));
}

/** Prometheus and Grafana read them as users of their own. */
function writeOne(file: string, text: string): void {
  try {
    makeFolder(dirname(file));
  } catch (error) {
    throw usageError(`${dirname(file)} cannot be made: ${messageOf(error)}`);
  }
  try {
    writeDurably(file, text, 0o644);
  } catch (error) {
    if (!(error instanceof FileRefused)) throw error;
    const hint = "make room there or allow it, or name another folder; then the same command again";
    throw new CommandError(error.message, { exitCode: exitCodes.failed, hint });
  }
}

/** One after the other: Node's own way tries for ever where nobody can make a folder, as below `/proc`. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
}

function inTheWay(folder: string, strangers: readonly string[]): CommandError {
  const names = strangers.map((name) => join(folder, name)).join(", ");
  return new CommandError(`no export wrote these, or somebody has changed them since: ${names}`, {
    exitCode: exitCodes.refused,
    hint: "--force replaces them; or name another folder",
    details: { files: strangers },
  });
}
