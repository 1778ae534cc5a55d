import { readdirSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { localBackend, localStates } from "../../../project/backend";
import type { LoadedEnvironment } from "../../../project/environment";
import { makePrivateFolder } from "../../../machine/durable-file";

/**
 * Renames the state of a stack in the backend on this machine, so that it lives there no more. Its history stays. Harmless
 * where an earlier attempt of the same operation has done so.
 *
 * @param time of the operation, ISO 8601: part of the new name.
 * @returns where the state is now.
 */
export function archiveLocal(
  { project, name }: Pick<LoadedEnvironment, "project" | "name">,
  variables: Readonly<Record<string, string | undefined>>,
  time: string,
): string {
  const folder = join(localBackend(project, variables).folder, "archive");
  makePrivateFolder(folder);
  const stamp = time.replace(/[-:.]/gu, "");
  const done = readdirSync(folder).find((file) => file.startsWith(`${name}-${stamp}.`));
  let archived = done === undefined ? "" : join(folder, done);
  for (const path of localStates(project, name, variables)) {
    archived = join(folder, `${name}-${stamp}${basename(path).slice(name.length)}`);
    renameSync(path, archived);
    // go-cloud's own notes about the file.
    rmSync(`${path}.attrs`, { force: true });
  }
  return archived;
}
