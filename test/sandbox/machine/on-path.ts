import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Folders with administrators' programs, which the PATH of a plain user lacks. */
const SYSTEM_FOLDERS = ["/usr/sbin", "/sbin"];

/** Whether a program is installed, by its name; any other file by its whole path. */
export function isOnPath(program: string): boolean {
  if (program.startsWith("/")) return existsSync(program);
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...SYSTEM_FOLDERS];
  return folders.some((folder) => folder !== "" && isExecutable(join(folder, program)));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
