import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { join, resolve } from "node:path";

/** The checkout that this file belongs to. */
export const projectFolder = resolve(__dirname, "../../..");

/** What a command left behind. */
export interface CommandResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  environment?: Readonly<Record<string, string>>;
  /** Receives each line as it comes, of both streams. */
  onLine?: (line: string) => void;
}

/** Runs a program in the project's folder without a shell and without standard input. */
export function runCommand(
  program: string,
  words: readonly string[],
  { environment = {}, onLine = () => undefined }: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(program, words, {
    cwd: projectFolder,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stdout: string[] = [];
  const stderr: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => onLine((stdout.push(line), line)));
  createInterface({ input: child.stderr }).on("line", (line) => onLine((stderr.push(line), line)));
  return new Promise((done, reject) => {
    child.on("error", reject);
    child.on("close", (code) => done({ exitCode: code ?? 1, stdout: stdout.join("\n"), stderr: stderr.join("\n") }));
  });
}

/** The words with which Node runs a TypeScript file of the project. */
export function typeScript(file: string): string[] {
  return [join(projectFolder, "scripts/run.cjs"), join(projectFolder, file)];
}
