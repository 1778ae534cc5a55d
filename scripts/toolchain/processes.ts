import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants, setPriority } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { isSameProcess, processIdentity } from "../machine/processes";

export interface RunOptions {
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Each line that the process writes to its standard output or its standard error. */
  readonly onLine?: (line: string) => void;
  /** Folder in which it is noted what runs, so that a later run can end it when this one is killed. */
  readonly noteIn: string;
  /** Ends the process, and all that it started, when it takes longer. */
  readonly patienceMilliseconds?: number;
}

/** A program that could not be started or did not end with 0. */
export class ProcessError extends Error {
  /** @param exitCode undefined when it did not end by itself. */
  constructor(
    message: string,
    readonly exitCode?: number,
  ) {
    super(message);
  }
}

const noteSuffix = ".process";
const linesInMessage = 30;

/**
 * Runs a program to its end, at low priority and in a process group of its own.
 *
 * @throws ProcessError with the last lines of its output.
 */
export async function runProcess(program: string, options: readonly string[], run: RunOptions): Promise<void> {
  const child = spawn(program, [...options], {
    cwd: run.folder,
    env: run.environment,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const { pid } = child;
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      lines.splice(0, lines.length - linesInMessage);
      run.onLine?.(line);
    });
  }
  const note = pid === undefined ? undefined : path.join(run.noteIn, `${pid}${noteSuffix}`);
  if (pid !== undefined && note !== undefined) {
    writeFileSync(note, processIdentity(pid) ?? "");
    lowerPriority(pid);
  }
  const endGroup = () => pid !== undefined && signalGroup(pid);
  process.once("exit", endGroup);
  const timer = run.patienceMilliseconds === undefined ? undefined : setTimeout(endGroup, run.patienceMilliseconds);
  try {
    const [code, signal] = await ending(child);
    if (code !== 0) {
      const how = code === null ? `was ended by ${signal}` : `ended with ${code}`;
      throw new ProcessError(`${program} ${options.join(" ")} ${how}:\n${lines.join("\n")}`, code ?? undefined);
    }
  } finally {
    clearTimeout(timer);
    process.off("exit", endGroup);
    if (note !== undefined) {
      rmSync(note, { force: true });
    }
  }
}

/** Ends what a killed run had noted in its work folder, one of those in this folder, and left running. */
export function endNotedProcesses(workRoot: string): void {
  if (!existsSync(workRoot)) {
    return;
  }
  const notes = readdirSync(workRoot)
    .map((name) => path.join(workRoot, name))
    .flatMap((folder) => readdirSync(folder).map((name) => path.join(folder, name)))
    .filter((file) => file.endsWith(noteSuffix));
  for (const note of notes) {
    const group = Number.parseInt(path.basename(note), 10);
    const identity = readFileSync(note, "utf8");
    if (identity !== "" && isSameProcess(group, identity)) {
      signalGroup(group);
    }
  }
}

function ending(child: ReturnType<typeof spawn>): Promise<[number | null, NodeJS.Signals | null]> {
  return new Promise((resolve, reject) => {
    child.once("error", (error) => reject(new ProcessError(`${child.spawnfile}: ${error.message}`)));
    child.once("close", (code, signal) => resolve([code, signal]));
  });
}

function lowerPriority(id: number): void {
  try {
    setPriority(id, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has already ended, or the system does not allow it: both do no harm.
  }
}

function signalGroup(group: number): void {
  try {
    process.kill(-group, "SIGKILL");
  } catch {
    // The group has ended by itself.
  }
}
