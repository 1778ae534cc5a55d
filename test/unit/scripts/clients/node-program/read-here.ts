import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nodeProgram } from "../../../../../scripts/clients/node-program/node-program";
import {
  type ArchiveReading,
  readCommand,
  readingFrom,
} from "../../../../../scripts/clients/node-program/archive-reader";
import { runProgramFile, type ProgramResult } from "../../../../../scripts/clients/run-program";

/** Reads an archive on this machine as it is read on a node: `sh` stands for the node's. */
export async function readHere(path: string, environment?: Readonly<Record<string, string>>): Promise<ArchiveReading> {
  const options = { timeout: 60_000, input: nodeProgram, ...(environment === undefined ? {} : { environment }) };
  return readingFrom(await runProgramFile("/bin/sh", ["-c", readCommand(path)], options), "sh");
}

/** Puts the program into a folder as a file, as the forced command of a key has it. */
export function installed(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "lifeboat-archive");
  writeFileSync(file, nodeProgram);
  chmodSync(file, 0o755);
  return file;
}

/** What a key gets that is limited to the program in `file`, with the folders that it is limited to, as `sshd` runs it. */
export function askForced(file: string, folders: readonly string[], asked: string): Promise<ProgramResult> {
  return runProgramFile("/bin/sh", ["-c", [file, ...folders].join(" ")], {
    timeout: 60_000,
    input: nodeProgram,
    environment: { PATH: process.env["PATH"], SSH_ORIGINAL_COMMAND: asked },
  });
}
