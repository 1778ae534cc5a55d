import { join } from "node:path";

/** The words with which Node runs a TypeScript file of the project. */
export function typeScript(projectFolder: string, file: string): string[] {
  return [process.execPath, join(projectFolder, "scripts/run.cjs"), join(projectFolder, file)];
}
