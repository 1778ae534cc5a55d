import { runProgram } from "../../../../scripts/commands/program";
import { checkResult } from "./check-shapes";
import { resultsOf } from "./results";
import { type FileWrite, VirtualProcess } from "./virtual-process";

export interface RunHereOptions {
  readonly cwd: string;
  /** The whole environment of the run; what is undefined is not set. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Called once when it begins. */
  readonly onStart?: ((run: RunningCommand) => void) | undefined;
  /** Told what is on stderr so far, whenever something has come. */
  readonly onError?: ((text: string, run: RunningCommand) => void) | undefined;
  /** Called just before and just after each journal is put in its place; `run.signal("SIGKILL")` in it kills just there. */
  readonly onWrite?: ((write: FileWrite, run: RunningCommand) => void) | undefined;
  /** Somebody sits at a terminal, and says yes to what is asked (`person.ts`). Default: nobody does. */
  readonly isAsked?: boolean | undefined;
}

/** A command that runs, whether here or as a process of its own. */
export interface RunningCommand {
  readonly pid: number;
  signal(name: "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGKILL"): void;
}

export interface RunResult {
  /** Null when it was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line within this process as a {@link VirtualProcess}. */
export function runHere(argv: readonly string[], options: RunHereOptions): Promise<RunResult> {
  const { isAsked = false } = options;
  return new Promise((done, fail) => {
    let stdout = "";
    let stderr = "";
    let interrupt: (() => void) | undefined;
    const given = Object.entries(options.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const virtual = new VirtualProcess({
      environment: Object.fromEntries(given),
      workingDirectory: options.cwd,
      onKill: () => done({ code: null, stdout, stderr }),
      onWrite: (write) => options.onWrite?.(write, running),
    });
    const running: RunningCommand = {
      pid: virtual.pid,
      signal: (name) => (name === "SIGKILL" ? virtual.kill() : interrupt?.()),
    };
    const io = {
      writeOutput: (text: string) => void (stdout += text),
      writeError: (text: string) => {
        stderr += text;
        options.onError?.(stderr, running);
      },
      environment: virtual.environment,
      workingDirectory: options.cwd,
      program: "dist/lifeboat.cjs",
      isTerminal: { input: isAsked, output: false, error: isAsked },
      columns: () => 80,
      onInterrupt: (callback: () => void) => {
        interrupt = callback;
        return () => (interrupt = undefined);
      },
    };
    options.onStart?.(running);
    virtual
      .run(() => resultsOf(() => runProgram(argv, io)))
      .then(async ({ code, results }) => {
        if (virtual.killed) return;
        for (const value of results) await checkResult(argv, value);
        virtual.end();
        done({ code, stdout, stderr });
      })
      .catch((error: unknown) => {
        if (!virtual.killed) fail(error);
      });
  });
}
